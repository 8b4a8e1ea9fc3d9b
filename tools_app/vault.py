"""The verbs of secrets: keep a value, change it or where it may be sent, drop it. A value is never recorded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from audit_app import records
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app import credentials
from tools_app.exceptions import InvalidSecret, SecretInUse, SecretNameTaken
from tools_app.executors.network import EgressRefused, parse_host
from tools_app.models import Secret

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}\Z")


def keep(name: str, value: str, *, hosts: Sequence[str], by: Identity) -> Secret:
    """Store a new secret. Raises InvalidSecret or SecretNameTaken."""
    _require_right(by)
    hosts = _sound(name, hosts)
    if not value:
        raise InvalidSecret(details={"value": ["A secret needs a value."]})
    secret = Secret(organization_id=by.organization_id, name=name, hosts=hosts)
    secret.seal(value)
    try:
        with transaction.atomic():
            secret.save()
            _record("secret.set", secret, by=by, changed=["value", "hosts"])
    except IntegrityError:
        raise SecretNameTaken from None
    return secret


def change(secret: Secret, *, value: str, hosts: Sequence[str], by: Identity) -> Secret:
    """Write another value, unless it is empty, and where it may be sent. Either change voids open approvals.

    A host is added only together with the value: who may write where the value goes, and does not know it, could have
    it sent to a host of theirs. To leave hosts out is free. Raises InvalidSecret.
    """
    _require_right(by, secret)
    hosts = _sound(secret.name, hosts)
    with transaction.atomic():
        current = Secret.objects.select_for_update().get(pk=secret.pk)
        changed = [
            name for name, is_new in (("value", bool(value)), ("hosts", current.hosts != hosts)) if is_new
        ]
        if not value:
            _require_known_hosts(current, hosts)
        if value:
            current.seal(value)
        elif changed:
            current.version += 1
        current.hosts = hosts
        if changed:
            current.save()
            _record("secret.set", current, by=by, changed=changed)
    return current


def drop(secret: Secret, *, by: Identity) -> None:
    """Delete a secret that nothing uses. Raises SecretInUse."""
    _require_right(by, secret)
    if credentials.users(secret):
        raise SecretInUse
    try:
        with transaction.atomic():
            _record("secret.removed", secret, by=by, changed=[])
            secret.delete()
    except ProtectedError:
        raise SecretInUse from None


def _require_right(by: Identity, secret: Secret | None = None) -> None:
    if secret is not None and secret.organization_id != by.organization_id:
        raise NotFound
    if by.via != "system":
        by.require(CATALOG_CHANGE)


def _require_known_hosts(current: Secret, hosts: Sequence[str]) -> None:
    added = [host for host in hosts if host not in current.hosts]
    if added:
        told = f"Give the value again to have it sent to another host: {', '.join(added)}."
        raise InvalidSecret(details={"hosts": [told], "value": ["Needed, because a host is new."]})


def _sound(name: str, hosts: Sequence[str]) -> list[str]:
    """The hosts as they are compared with an address: in lower case and ASCII, each once."""
    if not _NAME.match(name):
        raise InvalidSecret(details={"name": ["Use letters, digits, _ . or -."]})
    written, wrong = list[str](), list[str]()
    for host in hosts:
        try:
            written.append(parse_host(str(host)))
        except EgressRefused:
            wrong.append(str(host))
    if wrong:
        raise InvalidSecret(
            details={"hosts": [f"Write bare host names, or host:port, not: {', '.join(wrong)}."]}
        )
    return list(dict.fromkeys(written))


def _record(action: str, secret: Secret, *, by: Identity, changed: list[str]) -> None:
    subject = records.Subject("secret", str(secret.pk), secret.name)
    facts = {"changed": changed, "version": secret.version, "hosts": secret.hosts}
    records.record(action, by=by, subject=subject, facts=facts)
