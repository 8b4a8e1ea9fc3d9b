"""Who signs in with a name and a password; the account of a session is read again with every request."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend

from project.accounts.prepared import Given, Prepared

_ACCOUNT = Prepared(lambda: get_user_model()._default_manager.filter(pk=Given("pk")))


class Accounts(ModelBackend):
    def get_user(self, user_id: Any) -> Any:
        found = _ACCOUNT.first(pk=user_id)
        return found if found is not None and self.user_can_authenticate(found) else None
