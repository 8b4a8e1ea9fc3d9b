"""How many wrong passwords are borne: of a name at an address, of a name anywhere, of an address for any name."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username, get_failure_limit
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

# How long an address counts as one this person signs in from.
FAMILIAR = timedelta(days=30)
# What one household or server is given of IPv6: single addresses cost an attacker nothing.
HOUSEHOLD = 64


class ThreeLimits(AxesDatabaseHandler):
    """The pair's limit is that of axes; this adds the two wide ones, which a known name counts for like any other.

    The wide limits close the door to everybody but those who signed in from there before. Without that exception
    whoever knows a name could lock its owner out for as long as they liked; with it they spend guesses of their own.
    """

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        failures: int = super().get_failures(request, credentials)
        limit: int = get_failure_limit(request, credentials)
        return limit if failures < limit and _is_beyond(request, credentials) else failures


def address_of(request: HttpRequest) -> str | None:
    """The address that is counted: that of the connection, the network of it in IPv6."""
    try:
        address = ip_address(request.META.get("REMOTE_ADDR") or "")
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> HOUSEHOLD << HOUSEHOLD))


def _is_beyond(request: Any, credentials: dict[str, Any] | None) -> bool:
    name, address = get_client_username(request, credentials), request.axes_ip_address
    recent = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))
    beyond = (
        _failures(recent.filter(username=name)) >= settings.LOGIN_ACCOUNT_LIMIT
        or _failures(recent.filter(ip_address=address)) >= settings.LOGIN_ADDRESS_LIMIT
    )
    return beyond and not _is_familiar(name, address)


def _failures(attempts: QuerySet[Any]) -> int:
    return attempts.aggregate(all=Sum("failures_since_start"))["all"] or 0


def _is_familiar(name: str | None, address: str | None) -> bool:
    since = timezone.now() - FAMILIAR
    signed_in = AccessLog.objects.filter(username=name, ip_address=address, attempt_time__gte=since)
    return bool(signed_in.exists())
