"""How an API request says who it is: a login session with CSRF, or a bearer token; both end in `request.identity`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from project.accounts import identity
from project.accounts.models import ApiToken


class SessionAuthentication(authentication.SessionAuthentication):
    """Cookies are ignored when an Authorization header is present: one request, one credential (`security.md` 5)."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        if request.headers.get("Authorization"):
            return None
        found = super().authenticate(request)
        if found is not None:
            request._request.identity = identity.from_request(request._request)  # type: ignore[attr-defined]
        return found

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenAuthentication(KnoxTokenAuthentication):
    """A token resolves to the live person and membership on every request, so revoking either stops it at once."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found: tuple[Any, ApiToken] | None = super().authenticate(request)
        if found is None:
            return None
        user, token = found
        request._request.identity = identity.from_token(token, request=request._request)  # type: ignore[attr-defined]
        _note_use(token)
        return user, token

    def authenticate_credentials(self, token: bytes) -> tuple[Any, ApiToken]:
        """Find the token by its digest. An expired one stays in the table, so that its owner sees why it fails."""
        text = token.decode("utf-8", errors="replace")
        digest = hash_token(text) if text.isascii() else ""
        found = ApiToken.objects.select_related("user").filter(digest=digest).first()
        if found is None:
            raise AuthenticationFailed(
                "This API token is not known. It may have been revoked.", "invalid_token"
            )
        if found.expiry is not None and found.expiry < timezone.now():
            raise AuthenticationFailed("This API token has expired. Issue a new one.", "token_expired")
        if not found.user.is_active:
            raise AuthenticationFailed("The account of this API token is switched off.", "account_inactive")
        return found.user, found


def _note_use(token: ApiToken) -> None:
    """Once a minute is enough to see whether a token is still in use, and spares a write per request."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
