"""System checks of the installation itself, beside Django's own."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks


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


def _is_usable(keys: str) -> bool:
    try:
        return all(Fernet(key.strip()) for key in keys.split(","))
    except ValueError:
        return False
