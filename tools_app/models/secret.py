"""Secret: a named value, encrypted at rest, that definitions refer to by name and workers alone reveal."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from project.accounts.exceptions import Misconfigured
from project.accounts.identity import Identity
from project.accounts.models import Organization


class SecretUnreadable(Misconfigured):
    """A stored secret cannot be decrypted with the keys in SECRETS_KEY. Restore the key it was written with."""

    code = "secret_unreadable"


class SecretQuerySet(models.QuerySet["Secret"]):
    def visible_to(self, identity: Identity) -> SecretQuerySet:
        return self.filter(organization_id=identity.organization_id)


class Secret(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(
        max_length=100, help_text="What definitions call it. The value is never shown again."
    )
    sealed = models.TextField(editable=False)
    hosts = models.JSONField(
        default=list,
        blank=True,
        help_text="Hosts this value may be sent to. Empty: it is sent nowhere by tools.",
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SecretQuerySet.as_manager()

    class Meta:
        db_table = "secrets"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="secret_name_once")]

    def __str__(self) -> str:
        return self.name

    def seal(self, value: str) -> None:
        """Replace the value; a new version, so that approvals given under the old one no longer fit."""
        if self.sealed:
            self.version += 1
        self.sealed = _box(settings.SECRETS_KEY).encrypt(value.encode()).decode()

    def reveal(self) -> str:
        try:
            return _box(settings.SECRETS_KEY).decrypt(self.sealed.encode()).decode()
        except InvalidToken:
            raise SecretUnreadable(details={"secret": self.name}) from None


def _box(keys: Any) -> MultiFernet:
    listed = keys.split(",") if isinstance(keys, str) else keys
    return _box_of(tuple(key.strip() for key in listed if key.strip()))


@lru_cache(maxsize=4)
def _box_of(keys: tuple[str, ...]) -> MultiFernet:
    """The first key writes, all of them read: that is how a key is rotated."""
    return MultiFernet([Fernet(key) for key in keys])
