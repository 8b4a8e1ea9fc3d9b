"""The part of a form in which a layer says who decides: the groups of approvers there are, to be ticked."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from audit_app.admin_fields import TickedField
from audit_app.audited_admin import VerbForm
from tools_app.approving import groups
from tools_app.models.demanding import Counting


class DemandForm(VerbForm):
    approver_groups = TickedField(help_text=Counting._meta.get_field("approver_groups").help_text)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "approver_groups" in self.fields:
            there = groups.names(self.identity.organization_id)
            self.fields["approver_groups"].offer(there, self.instance.approver_groups or [])  # type: ignore[attr-defined]
            if not there:
                self.fields["approver_groups"].help_text = _no_groups()


def _no_groups() -> str:
    address = reverse("admin:tools_app_approvergroup_changelist")
    told = 'There are none yet. They are made under <a class="underline" href="{}">Approver groups</a>.'
    return format_html(told, address)
