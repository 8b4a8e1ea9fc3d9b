"""The SDK's and the connection's errors as ours: one table of what each means and whether asking again
helps."""

import email.utils
import math
import time
from collections.abc import Mapping
from typing import Any

import anthropic
import httpx2

from agents_app.providers.errors import (
    ProviderError,
    ProviderMisconfigured,
    ProviderQuota,
    ProviderRejected,
    ProviderUnavailable,
)
from agents_app.providers.network import AddressRefused
from agents_app.providers.patience import Failure
from agents_app.providers.sse import StreamBroken

# Everything an attempt may end with that is not a mistake of ours.
ATTEMPT_ERRORS = (anthropic.AnthropicError, httpx2.HTTPError, httpx2.StreamError, StreamBroken)

SPEND_CODES = frozenset(
    {
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_spend_limit_reached",
    }
)
BY_TYPE: Mapping[str, type[ProviderError]] = {
    "authentication_error": ProviderMisconfigured,
    "permission_error": ProviderMisconfigured,
    "not_found_error": ProviderMisconfigured,
    "billing_error": ProviderQuota,
    "invalid_request_error": ProviderRejected,
    "request_too_large": ProviderRejected,
}
BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: ProviderMisconfigured,
    402: ProviderQuota,
    403: ProviderMisconfigured,
    404: ProviderMisconfigured,
    408: ProviderUnavailable,
    409: ProviderUnavailable,
    429: ProviderUnavailable,
    499: ProviderUnavailable,
}


def failure_of(error: Exception) -> Failure:
    if isinstance(error, anthropic.APIStatusError):
        return _of_status(error)
    if isinstance(error, StreamBroken):
        kind = BY_TYPE.get(error.kind, ProviderUnavailable)
        return Failure(kind(detail=str(error)), error.kind, again=kind is ProviderUnavailable)
    refusal = _cause(error, AddressRefused)
    if refusal is not None:
        return Failure(ProviderMisconfigured(detail=str(refusal)), "address_refused", again=False)
    detail = f"{type(error).__name__}: {_deepest(error)}"
    return Failure(ProviderUnavailable(detail=detail), "unreachable", again=True)


def _of_status(error: anthropic.APIStatusError) -> Failure:
    told = seconds_told(error.response.headers)
    detail = (
        f"{error.status_code} {error.type or ''} {error.api_message or error.message} ({error.request_id})"
    )
    if error.status_code == 429 or error.type == "rate_limit_error":
        return _of_rate_limit(error, told, detail)
    kind = BY_STATUS.get(error.status_code) or BY_TYPE.get(str(error.type))
    if kind is None:
        kind = ProviderUnavailable if error.status_code >= 500 else ProviderRejected
    if 300 <= error.status_code < 400:
        kind = ProviderMisconfigured
    again = kind is ProviderUnavailable and _may_repeat(error)
    return Failure(kind(detail=detail), str(error.type or error.status_code), again=again, told_seconds=told)


def _of_rate_limit(error: anthropic.APIStatusError, told: float | None, detail: str) -> Failure:
    """A limit that says when it ends is waited for; a spent account is not, only a person can change that."""
    if told is None and error.error_code in SPEND_CODES:
        return Failure(ProviderQuota(detail=detail), "quota", again=False)
    message = "The model is asked too often at the moment. Nothing is lost; try again in a few minutes."
    busy = ProviderUnavailable(message, detail=detail, code="provider_rate_limited")
    return Failure(busy, "rate_limited", again=_may_repeat(error), told_seconds=told)


def _may_repeat(error: anthropic.APIStatusError) -> bool:
    return bool(error.response.headers.get("x-should-retry") != "false")


def seconds_told(headers: Mapping[str, Any]) -> float | None:
    """The wait a response asks for: milliseconds, seconds or a date, as the SDK reads them."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * scale
        except (KeyError, ValueError):
            continue
        return seconds if math.isfinite(seconds) else None
    date = email.utils.parsedate_tz(str(headers.get("retry-after", "")))
    return email.utils.mktime_tz(date) - time.time() if date else None


def _cause(error: BaseException | None, kind: type[Exception]) -> BaseException | None:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error


def _deepest(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
