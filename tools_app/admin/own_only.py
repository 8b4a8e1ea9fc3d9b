"""Lists of which most roles see their own rows alone: an empty one says so, instead of that there is nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest

from audit_app.audited_admin import may
from project.accounts.roles import AUDIT_VIEW, DECIDE


class OwnOnly:
    # Said in an empty list to whoever neither decides nor audits.
    about_own: ClassVar[str]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list is drawn from this alone: what the page says in it is put there."""
        listed = super().get_changelist_instance(request)  # type: ignore[misc]
        listed.toolroom_own = "" if may(request, (DECIDE, AUDIT_VIEW)) else self.about_own
        return listed
