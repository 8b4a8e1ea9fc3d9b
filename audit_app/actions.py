"""The registered action names with their sentence for humans; an unregistered name is refused when recorded."""

from __future__ import annotations

from collections.abc import Mapping

from audit_app.exceptions import UnknownAction

_SENTENCES: dict[str, str] = {
    "session.opened": "signed in",
    "session.refused": "failed to sign in",
    "session.closed": "signed out",
    "token.issued": "issued an API token",
    "token.revoked": "revoked an API token",
    "member.added": "added a member",
    "member.changed": "changed a member",
    "member.removed": "removed a member",
    "row.added": "added a row in the admin",
    "row.changed": "changed a row in the admin",
    "row.removed": "removed a row in the admin",
    "seed.applied": "applied the seed",
    "record.read": "read the record",
}


def register(sentences: Mapping[str, str]) -> None:
    _SENTENCES.update(sentences)


def sentence(action: str) -> str:
    try:
        return _SENTENCES[action]
    except KeyError:
        raise UnknownAction(details={"action": action}) from None


def choices() -> list[tuple[str, str]]:
    return sorted(_SENTENCES.items())
