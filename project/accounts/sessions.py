"""Login sessions in the database, as Django keeps them, found by a prepared query: every request begins with one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.models import Session
from django.utils import timezone

from project.accounts.prepared import Given, Prepared

_LIVE = Prepared(
    lambda: Session.objects.filter(
        session_key=Given("key"),
        expire_date__gt=Given("now", Session._meta.get_field("expire_date")),
    )
)


class SessionStore(DatabaseSessions):
    def _get_session_from_db(self) -> Any:
        found = _LIVE.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found


def signed_in(key: str | None) -> tuple[SessionStore, Any]:
    """The session of this key and whose it is, both as a request that came now would find them.

    Nobody's (an AnonymousUser) once it has ended, its account is closed or its password is another one.
    """
    asking: Any = SimpleNamespace(session=SessionStore(session_key=key))
    return asking.session, get_user(asking)
