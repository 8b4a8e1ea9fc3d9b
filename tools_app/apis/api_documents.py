"""Descriptions of APIs as they come in: by file, text or address; kept while they are looked at, read when needed."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from audit_app import records
from project.accounts.identity import Identity
from tools_app import catalog
from tools_app.exceptions import ToolFailed
from tools_app.executors import network
from tools_app.governing import halts
from tools_app.models import ApiDocument, ApiSource
from tools_app.openapi import document, operations
from tools_app.openapi.description import Description
from tools_app.openapi.problems import InvalidDocument

_ACCEPT = {"Accept": "application/json, application/yaml, text/yaml, */*;q=0.5"}
_SECONDS = 60.0
# Reading the largest takes seconds; the pages of one import ask for it again and again.
_REMEMBERED = 2
_read: OrderedDict[tuple[str, str], Description] = OrderedDict()
_lock = threading.Lock()


def keep(
    octets: bytes, *, origin: str, location: str, by: Identity, replaces: ApiSource | None = None
) -> ApiDocument:
    """Store an edition that can be read, to be looked at. Raises InvalidDocument."""
    organization_id = catalog.require_right(by)
    if replaces is not None and replaces.organization_id != organization_id:
        raise InvalidDocument("There is no such API.", code="not_found")
    made = ApiDocument(
        organization_id=organization_id,
        replaces=replaces,
        origin=origin,
        location=location[:2_000],
        digest=hashlib.sha256(octets).hexdigest(),
        created_by=by.display_name[:255],
    )
    _remember(made, operations.read(octets, location=_base(made)))
    made.pack(octets)
    with transaction.atomic():
        _forget_old(organization_id)
        made.save()
    return made


def fetched(url: str, *, by: Identity, replaces: ApiSource | None = None) -> ApiDocument:
    """The same from an address, under the rules for everything tools reach, and on record. Raises InvalidDocument."""
    catalog.require_right(by)
    if (halt := halts.halting(by.organization_id)) is not None:
        raise InvalidDocument(f"Nothing is fetched now. {halt.told}", code=halts.CODE)
    limits = network.Limits(seconds=_SECONDS, body_bytes=document.MAX_BYTES)
    try:
        _record(network.vet(url), by=by)
        answer = network.fetch(network.Request(url, headers=_ACCEPT, limits=limits))
    except ToolFailed as failed:
        raise InvalidDocument(f"The address cannot be fetched: {failed.message}", code=failed.code) from None
    if answer.status != 200:
        raise InvalidDocument(f"The address answered with status {answer.status}.", code="not_fetched")
    if answer.truncated:
        raise InvalidDocument(
            f"The document has more than {document.MAX_BYTES:,} bytes, and no more are read.",
            code="too_large",
        )
    # Relative servers are relative to where the document was found in the end.
    return keep(answer.body, origin=ApiDocument.Origin.URL, location=answer.url, by=by, replaces=replaces)


def _record(meant: network.Url, *, by: Identity) -> None:
    """Before anything leaves the house; without the query, which may hold a key."""
    facts = {"address": f"{meant.scheme}://{meant.endpoint}{meant.path.partition('?')[0]}"[:2_000]}
    with transaction.atomic():
        records.record("api.fetched", by=by, subject=records.Subject("api", "", meant.endpoint), facts=facts)


def description(kept: ApiDocument) -> Description:
    """What a stored edition says; read once and remembered by the process for a while."""
    key = kept.digest, _base(kept)
    with _lock:
        if key in _read:
            _read.move_to_end(key)
            return _read[key]
    found = operations.read(kept.octets(), location=_base(kept))
    _remember(kept, found)
    return found


def _base(kept: ApiDocument) -> str:
    return kept.location if kept.origin == ApiDocument.Origin.URL else ""


def _remember(kept: ApiDocument, found: Description) -> None:
    with _lock:
        _read[kept.digest, _base(kept)] = found
        while len(_read) > _REMEMBERED:
            _read.popitem(last=False)


def _forget_old(organization_id: int) -> None:
    """What somebody looked at days ago and did not import is in nobody's way, and need not be kept."""
    old = timezone.now() - timedelta(days=2)
    ApiDocument.objects.filter(
        organization_id=organization_id, source__isnull=True, created_at__lt=old
    ).delete()
