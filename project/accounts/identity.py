"""Identity: the frozen answer to "who is asking", built on the server from a session or a token, never from a body."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from project.accounts.exceptions import HouseError, NotAllowed
from project.accounts.models import ApiToken, Membership, Organization
from project.accounts.prepared import Given, Prepared
from project.accounts.receivers import SIGNED_IN_AT

_ID = re.compile(r"[0-9]{1,18}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LANGUAGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.[0-9]{1,3})?))?\s*")

_ACTIVE = Prepared(
    lambda: Membership.objects.select_related("organization", "user").filter(
        user_id=Given("user"), active=True, user__is_active=True, organization__enabled=True
    )
)


class NoMembership(NotAllowed):
    """Your account belongs to no active organization. Ask an administrator to add you to one."""

    code = "no_membership"


class ClaimsIncomplete(HouseError):
    """The token claims name no subject ("sub"), so nobody can be identified from them."""

    code = "claims_incomplete"
    status = 401


@dataclass(frozen=True, slots=True)
class Identity:
    user_id: str
    organization_id: int  # 0: of no organization, which owns nothing and may nothing
    role: str = ""
    permissions: frozenset[str] = frozenset()
    session_id: str = ""
    request_id: str = ""
    ip_address: str | None = None
    locale: str = "en-US"
    # How it was asked. Where nobody said so it is not known, and that is never a person who sits there.
    via: str = ""
    authenticated_at: datetime | None = None
    display_name: str = ""
    membership_version: int = 0
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def require(self, permission: str) -> None:
        if not self.may(permission):
            raise NotAllowed(details={"permission": permission})

    @property
    def is_fresh(self) -> bool:
        """True within FRESH_LOGIN_SECONDS of the login; a token's explicit scope stands for it (`house.md` 5)."""
        if self.via == "token":
            return True
        window = timedelta(seconds=settings.FRESH_LOGIN_SECONDS)
        return self.authenticated_at is not None and datetime.now(UTC) - self.authenticated_at < window


def system(organization: Organization | int | None) -> Identity:
    """The house itself: sweepers, seeds, commands. Never used to run a tool for a person."""
    pk = organization.pk if isinstance(organization, Organization) else organization or 0
    return Identity(
        user_id="system", organization_id=pk, role="system", via="system", display_name="Toolroom"
    )


def from_request(request: HttpRequest) -> Identity:
    """Who this signed-in request is; raises NoMembership for an account without an active organization."""
    token = getattr(request, "auth", None)
    if isinstance(token, ApiToken):
        return from_token(token, request=request)
    membership = membership_of(request.user.pk or 0, prefer=request.session.get("organization_id"))
    return _of(
        membership,
        via="session",
        session_id=_session_hash(request.session.session_key or ""),
        authenticated_at=_signed_in_at(request),
        **_wire(request),
    )


def _signed_in_at(request: HttpRequest) -> datetime | None:
    """When this very session signed in; the account's last login may have been somebody else's with its password."""
    moment = request.session.get(SIGNED_IN_AT)
    return datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else None


def from_token(token: ApiToken, *, request: HttpRequest) -> Identity:
    membership = membership_of(token.user.pk, only=token.organization_id)
    identity = _of(membership, via="token", session_id=f"token:{token.token_key}", **_wire(request))
    return _narrowed(identity, token.narrow(membership.permissions))


def from_scope(scope: Mapping[str, Any]) -> Identity:
    """The same for a websocket handshake; the socket only reads, so it carries no request id and no login age."""
    session = scope["session"]
    membership = membership_of(scope["user"].pk, prefer=session.get("organization_id"))
    client = scope.get("client") or (None,)
    return _of(
        membership, via="session", session_id=_session_hash(session.session_key or ""), ip_address=client[0]
    )


def from_user(user_id: str | int, organization_id: int) -> Identity:
    """Re-read a person from stored ids, hours later perhaps: raises NoMembership if the right is gone (S3.92)."""
    return _of(membership_of(user_id, only=organization_id), via="session")


def from_membership(membership: Membership) -> Identity:
    """The same for one that was read just now, with its user and organization, and is active."""
    return _of(membership, via="session")


def from_jwt(claims: Mapping[str, Any]) -> Identity:
    """Identity out of already verified token claims (S3.85-88): sub is the account, org the organization.

    What they may comes from the membership as it is now; the scope only narrows it, and the roles claim gives nothing.
    """
    if not claims.get("sub"):
        raise ClaimsIncomplete
    only = _id_in(claims["org"]) if claims.get("org") else None
    membership = membership_of(_id_in(claims["sub"]), only=only)
    identity = _of(membership, via="token", claims=dict(claims))
    return _narrowed(identity, membership.permissions & frozenset(str(claims.get("scope") or "").split()))


def _id_in(claim: Any) -> int:
    """The id a claim names; whatever names none, as another issuer's would, belongs to nobody here."""
    if not _ID.fullmatch(str(claim)):
        raise NoMembership
    return int(str(claim))


def membership_of(user_id: str | int, *, prefer: int | None = None, only: int | None = None) -> Membership:
    """The membership a person acts through; reads the live rows, so a suspended account stops everywhere at once."""
    if not _ID.fullmatch(str(user_id)):
        raise NoMembership
    rows = [row for row in _ACTIVE.all(user=int(user_id)) if only is None or row.organization_id == only]
    found = sorted(rows, key=lambda row: (row.organization_id != prefer, row.pk))
    if not found:
        raise NoMembership
    return found[0]


def parse_locale(header: str, default: str = "en-US") -> str:
    """The best language of an Accept-Language header, which is a weighted list and no locale (S3.97)."""
    best, weight = default, 0.0
    for part in header.split(",")[:20]:
        match = _LANGUAGE.fullmatch(part)
        if match and float(match[2] or 1) > weight:
            best, weight = match[1], float(match[2] or 1)
    return best


def request_id_of(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _of(membership: Membership, **rest: Any) -> Identity:
    user = membership.user
    return Identity(
        user_id=str(user.pk),
        organization_id=membership.organization_id,
        role=membership.role,
        permissions=membership.permissions,
        display_name=user.get_full_name() or user.get_username(),
        membership_version=membership.version,
        **rest,
    )


def _narrowed(identity: Identity, permissions: frozenset[str]) -> Identity:
    return replace(identity, permissions=permissions)


def _wire(request: HttpRequest) -> dict[str, Any]:
    return {
        "request_id": getattr(request, "request_id", "") or request_id_of(request),
        "ip_address": request.META.get("REMOTE_ADDR") or None,
        "locale": parse_locale(request.headers.get("Accept-Language", "")),
    }


def _session_hash(session_key: str) -> str:
    """A keyed hash: the login session's own key never leaves this module (`house.md` 5, session_id)."""
    if not session_key:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), session_key.encode(), hashlib.sha256).hexdigest()[:40]
