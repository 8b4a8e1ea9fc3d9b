"""Two people who import at the same moment: each operation becomes one tool, and nobody finds half an import."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from audit_app.models import AuditEntry
from tests import gate, people
from tests.tools.openapi.documents import OK, document
from tests.tools.racing import chain_is_whole
from tools_app.apis import api_documents, api_imports
from tools_app.apis.api_imports import ImportRefused, Wanted
from tools_app.models import ApiDocument, ApiOperation, ApiSource, Tool
from tools_app.openapi.proposals import Choices

pytestmark = [pytest.mark.django_db(transaction=True)]
PATHS = {f"/things/{number}": {"get": {**OK, "operationId": f"thing{number}"}} for number in range(20)}


def importing(kept: ApiDocument, name: str) -> Callable[[], Any]:
    row = ApiDocument.objects.get(pk=kept.pk)
    by, wanted = people.carol().identity, Wanted(add=[f"GET {path}" for path in PATHS])
    return lambda: api_imports.carry_out(row, name, Choices(), wanted, by=by)


def test_one_edition_is_imported_once() -> None:
    by = people.carol().identity
    for number in range(3):
        octets = json.dumps(document(PATHS) | {"x-round": number}).encode()
        kept = api_documents.keep(octets, origin="text", location="", by=by)
        said = gate.at_once(*[importing(kept, f"Round {number}, {each}") for each in range(3)])
        refused = [each for each in said if isinstance(each, ImportRefused)]
        assert len(refused) == 2, said
        assert Tool.objects.filter(executor="http").count() == 20 * (number + 1)
    assert ApiSource.objects.count() == 3
    assert ApiOperation.objects.count() == 60
    assert AuditEntry.objects.filter(action="api.imported").count() == 3
    assert chain_is_whole()
