"""Posts to a webhook, signed as Standard Webhooks has it, through the same guard as everything tools reach."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from tools_app.executors import network
from tools_app.executors.network import EgressRefused, FetchFailed, Limits, Request
from tools_app.models import Delivery, Webhook
from tools_app.models.secret import SecretUnreadable
from tools_app.notices.results import AGAIN, SENT, Result, dropped, failed

_PREFIX: Final = "whsec_"
_LEAST_KEY: Final = 24
_LIMITS: Final = Limits(seconds=15.0, body_bytes=16_384, redirects=0)
GONE: Final = 410


class WeakKey(Exception):
    """The secret is too short to sign with, or no base64 behind "whsec_"."""


def send(row: Delivery) -> Result:
    """One try. Raises nothing that the other side or the network can cause."""
    hook = row.webhook
    if hook is None or not hook.enabled:
        return dropped("The webhook was removed or switched off.")
    try:
        request = _request(row, hook)
        answer = network.fetch(request)
    except EgressRefused as refused:
        return failed(refused.message)
    except FetchFailed as broken:
        is_redirect = broken.code == "too_many_redirects"
        return Result(AGAIN, "It redirects, which is not followed." if is_redirect else broken.message)
    except WeakKey:
        return failed(f"The secret must have {_LEAST_KEY} bytes or more, or be base64 behind {_PREFIX!r}.")
    except SecretUnreadable as unreadable:
        return failed(unreadable.message)
    if 200 <= answer.status < 300:
        return Result(SENT.outcome, code=answer.status)
    if answer.status == GONE:
        return failed("It says that it is gone, so the webhook was switched off.", answer.status)
    return Result(AGAIN, f"It answered {answer.status}.", answer.status)


def _request(row: Delivery, hook: Webhook) -> Request:
    # Asked again at each try: the list of hosts may have become shorter since the webhook was saved.
    if not network.vet(hook.url).is_listed(hook.secret.hosts):
        raise EgressRefused("The secret's list of hosts does not name this address.")
    body = json.dumps(row.body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = signed(str(row.public_id), int(time.time()), body, hook.secret.reveal())
    headers["Content-Type"] = "application/json"
    return Request(hook.url, "POST", headers, body, limits=_LIMITS)


def signed(message_id: str, at: int, body: bytes, secret: str) -> dict[str, str]:
    """The three headers by which a receiver knows that it is from us, whole and new. Raises WeakKey."""
    said = f"{message_id}.{at}.".encode() + body
    signature = base64.b64encode(hmac.new(_key(secret), said, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
    }


def _key(secret: str) -> bytes:
    written = secret.strip()
    try:
        key = (
            base64.b64decode(written.removeprefix(_PREFIX), validate=True)
            if written.startswith(_PREFIX)
            else written.encode()
        )
    except binascii.Error:
        raise WeakKey from None
    if len(key) < _LEAST_KEY:
        raise WeakKey
    return key


def test_payload(hook: Webhook, *, at: str) -> Mapping[str, Any]:
    return {"type": "test", "timestamp": at, "data": {"webhook": hook.name}}
