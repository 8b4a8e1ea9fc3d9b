"""What an organization may say about send_email: to which domains, to how many at once, and what is always added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import jsonschema_rs
from django.conf import settings as installation
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from tools_app.exceptions import ToolFailed
from tools_app.executors.base import Reach

_DOMAIN: Final = r"^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}$"
DEFAULT_RECIPIENTS: Final = 10
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "allowed_domains": {
            "type": "array",
            "maxItems": 200,
            "items": {"type": "string", "pattern": _DOMAIN, "maxLength": 253},
            "description": "Where mail may go: example.org, or *.example.org for all below it. Left out: anywhere.",
        },
        "max_recipients": {
            "type": "integer",
            "minimum": 1,
            "maximum": 40,
            "description": f"How many people one message may go to. Default: {DEFAULT_RECIPIENTS}.",
        },
        "subject_prefix": {"type": "string", "pattern": r"^[^\x00-\x1f\x7f]*$", "maxLength": 50},
        "footer": {"type": "string", "maxLength": 1_000, "description": "Stands below every message."},
    },
}
_is_address: Final = EmailValidator()
_CLEAN: Final = re.compile(r"[!-~]{3,254}\Z")


class RecipientRefused(ToolFailed):
    """Mail may not be sent to this address."""

    code = "recipient_refused"
    status = 403


class MailSettings:
    """The configuration of a row of send_email; the installation's EMAIL_DOMAINS hold beside it."""

    schema = SCHEMA

    def unready(self, settings: Mapping[str, Any]) -> str:
        return "; ".join(self.problems(settings, {}))

    def problems(self, settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
        found = islice(_validator().iter_errors(dict(settings)), 5)
        return [f"/{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in found]

    def secrets(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        return ()

    def reach(self, settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> Reach | None:
        """No address of the net; but whoever may not be written to is refused before a person is asked."""
        recipients(settings, arguments)
        return None

    def lasting_reach(self, settings: Mapping[str, Any]) -> Reach | None:
        return None


def recipients(settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """To and cc, each mailbox once. Raises RecipientRefused for what may not be, with what may."""
    to, cc = _once(arguments.get("to") or []), _once(arguments.get("cc") or [])
    cc = [each for each in cc if each.lower() not in {other.lower() for other in to}]
    most = int(settings.get("max_recipients") or DEFAULT_RECIPIENTS)
    if len(to) + len(cc) > most:
        raise RecipientRefused(f"A message may go to {most} people at most, not to {len(to) + len(cc)}.")
    for address in (*to, *cc):
        _require_allowed(address, settings)
    return to, cc


def _once(addresses: Iterable[Any]) -> list[str]:
    return list({str(each).strip().lower(): str(each).strip() for each in addresses}.values())


def _require_allowed(address: str, settings: Mapping[str, Any]) -> None:
    try:
        # Plain ASCII, one mailbox: what two mail servers could read differently is no address here.
        if not _CLEAN.match(address) or address.count("@") != 1 or not {'"', "[", "("}.isdisjoint(address):
            raise ValidationError("")
        _is_address(address)
    except ValidationError:
        raise RecipientRefused(f"This is not a plain e-mail address: {address[:100]!r}.") from None
    domain = address.rpartition("@")[2].lower()
    limits = installation.EMAIL_DOMAINS
    if limits and not any(domain == each.lower() or domain.endswith(f".{each.lower()}") for each in limits):
        raise RecipientRefused(f"This installation sends no mail to {domain}.")
    allowed = settings.get("allowed_domains")
    if allowed is not None and not any(_is_of(domain, each.lower()) for each in allowed):
        told = ", ".join(allowed) or "nobody"
        raise RecipientRefused(f"Mail may not go to {domain}. It may go to: {told}.")


def _is_of(domain: str, allowed: str) -> bool:
    return domain.endswith(allowed[1:]) if allowed.startswith("*.") else domain == allowed


@lru_cache(maxsize=1)
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(SCHEMA)
