"""Signing in and out is remembered; the ground floor may not import this room, so this room listens."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from audit_app import records
from project.accounts import identity
from project.accounts.identity import Identity, NoMembership


@receiver(user_logged_in)
def opened(request: HttpRequest | None, user: Any, **_: Any) -> None:
    _record("session.opened", request, user)


@receiver(user_logged_out)
def closed(request: HttpRequest | None, user: Any, **_: Any) -> None:
    _record("session.closed", request, user)


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Only for names that exist: an attacker must not be able to fill the record with invented ones."""
    name = str(credentials.get("username") or "")[:150]
    _record("session.refused", request, get_user_model().objects.filter(username=name).first())


def _record(action: str, request: HttpRequest | None, user: Any) -> None:
    if user is None:
        return
    try:
        membership = identity.membership_of(user.pk)
    except NoMembership:
        return
    who = Identity(
        user_id=str(user.pk),
        organization_id=membership.organization_id,
        display_name=user.get_full_name() or user.get_username(),
        ip_address=request.META.get("REMOTE_ADDR") if request else None,
        request_id=getattr(request, "request_id", "") if request else "",
    )
    records.record(
        action, by=who, subject=records.Subject("user", str(user.pk), user.get_username()), facts={}
    )
