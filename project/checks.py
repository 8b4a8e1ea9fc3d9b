"""System checks of the installation itself, beside Django's own."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks

from project.accounts.exceptions import Misconfigured


@checks.register(checks.Tags.security, deploy=True)
def production_is_configured(**_: Any) -> Sequence[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if not settings.SECRETS_KEY:
        found.append(checks.Error("SECRETS_KEY is not set: secrets cannot be encrypted.", id="toolroom.E001"))
    if settings.SECRETS_KEY and not _is_usable(settings.SECRETS_KEY):
        found.append(checks.Error("SECRETS_KEY holds no Fernet keys.", id="toolroom.E004"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(checks.Warning("ALLOWED_HOSTS lets any host name in.", id="toolroom.W003"))
    if settings.SECRETS_KEY == settings.SECRET_KEY:
        found.append(checks.Error("SECRETS_KEY must not be the SECRET_KEY.", id="toolroom.E002"))
    if settings.TESTING:
        found.append(checks.Error("TESTING is on: sign-in is hardly protected.", id="toolroom.E003"))
    if not settings.HTTPS:
        found.append(checks.Warning("ALLOWED_ORIGINS names no https origin.", id="toolroom.W001"))
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        found.append(checks.Warning("SQLite serves one machine; set DATABASE_URL.", id="toolroom.W002"))
    return found


@checks.register(checks.Tags.security)
def rules_can_be_read(**_: Any) -> Sequence[checks.CheckMessage]:
    """The operator's rules: while they cannot be read, every use of a tool is refused."""
    from tools_app.governing import installation_policy

    try:
        found = installation_policy.rules()
    except Misconfigured as unreadable:
        return [checks.Error(f"POLICY_FILE: {unreadable.message}", id="toolroom.E005")]
    advised = [rule.layer.source.name for rule in found if installation_policy.only_advises(rule)]
    told = "it forbids texts in commands, which can be written otherwise. Let it ask, too."
    return [checks.Warning(f"POLICY_FILE, the rule {name!r}: {told}", id="toolroom.W005") for name in advised]


def _is_usable(keys: str) -> bool:
    try:
        return all(Fernet(key.strip()) for key in keys.split(","))
    except ValueError:
        return False
