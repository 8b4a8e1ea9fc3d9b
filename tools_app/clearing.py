"""Clearing what factories built, in every process: a number in the database rises, and every key carries it.

A process that hears of it late loses nothing but memory: its old entries are found by nobody (S0.42-44, S0.49).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from audit_app import records
from project.accounts import identity as identities
from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.exceptions import FactoryFailed, InvalidCacheKey
from tools_app.models import CacheGeneration


@dataclass(frozen=True, slots=True)
class Meant:
    """What to clear. Nothing named means everything; a person and a key are cleared each by itself."""

    tenant: int | None = None
    agent: int | None = None
    user_id: str | None = None
    key: Any = None

    @property
    def scope(self) -> str:
        if self.agent is not None:
            return f"a:{self.agent}"
        return "*" if self.tenant is None else f"o:{self.tenant}"


def clear_callable_cache(
    key: Any = None, user_id: str | int | None = None, tenant: Organization | int | None = None
) -> None:
    """Forget what was kept under a key, for a person, for a tenant, or everything: tools and knowledge (S0.42-44).

    For the code of the installation. Without a tenant it is meant in all of them.
    """
    organization = tenant.pk if isinstance(tenant, Organization) else tenant
    user = None if user_id is None else str(user_id)
    clear(Meant(organization, user_id=user, key=key), by=identities.system(organization))


def clear(meant: Meant, *, by: Identity, name: str = "") -> None:
    """Raises InvalidCacheKey for a key that no key function could have returned."""
    names = _names(meant)
    with transaction.atomic():
        for each in names:
            CacheGeneration.objects.raise_(each)
        for organization in _told(by):
            _record(organization, meant, by=by, name=name)
        transaction.on_commit(lambda: _dropped_here(names))


def _names(meant: Meant) -> list[str]:
    # Imported here: heavy, and most installations have no factory.
    from tools_app.factories import keys

    try:
        own = keys.written(meant.key)
    except FactoryFailed as unfit:
        raise InvalidCacheKey from unfit
    found = []
    if meant.user_id is not None:
        found.append(keys.generation_name(scope=meant.scope, user_id=meant.user_id))
    if own is not None:
        found.append(keys.generation_name(scope=meant.scope, own=own))
    return found or [meant.scope]


def _dropped_here(names: list[str]) -> None:
    """In this process at once; the others see it when they look, or make their next key."""
    from tools_app.factories import caching

    meant = set(names)
    caching.shared().drop(lambda held: any(name in meant for name, _ in held))


def _told(by: Identity) -> list[int]:
    """In whose record it belongs: that of the organization, or of each where all of them are meant."""
    if by.organization_id:
        return [by.organization_id]
    return list(Organization.objects.order_by("pk").values_list("pk", flat=True))


def _record(organization_id: int, meant: Meant, *, by: Identity, name: str) -> None:
    """Which person is said; a key is somebody's text and is only said to have been one."""
    person = {"person": meant.user_id} if meant.user_id is not None else {}
    facts = {**person, "by_key": meant.key is not None}
    subject = records.Subject("persona" if meant.agent else "callables", str(meant.agent or ""), name)
    stream = (organization_id, records.administration(organization_id))
    records.record("callables.cleared", by=by, subject=subject, facts=facts, stream=stream)
