"""manage.py import_openapi imports a file, and says beforehand what it would do."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import people
from tests.tools.openapi.documents import OK, document
from tools_app.models import Tool

pytestmark = pytest.mark.django_db

PATHS: dict[str, Any] = {
    "/pets": {"get": {**OK, "operationId": "listPets", "tags": ["Pets"]}, "options": OK},
    "/toys": {"get": {**OK, "operationId": "listToys"}},
}


def run(path: Path, *arguments: str, paths: dict[str, Any] | None = None) -> str:
    people.toolroom()
    path.write_text(json.dumps(document(paths or PATHS)))
    out = StringIO()
    call_command("import_openapi", str(path), "--name", "Shop", *arguments, stdout=out)
    return out.getvalue()


def names() -> list[str]:
    return list(Tool.objects.filter(executor="http").order_by("name").values_list("name", flat=True))


def test_a_dry_run_tells_and_does_nothing(tmp_path: Path) -> None:
    told = run(tmp_path / "a.json", "--dry-run")
    assert "+ GET /pets -> list_pets" in told
    assert "OPTIONS /pets: OPTIONS is no call a tool makes." in told
    assert names() == []


def test_everything_then_a_new_edition(tmp_path: Path) -> None:
    assert "Added 2" in run(tmp_path / "a.json", "--prefix", "shop")
    assert names() == ["shop_list_pets", "shop_list_toys"]
    newer = {"/pets": {"get": {**PATHS["/pets"]["get"], "summary": "All."}}}
    assert "~ GET /pets -> shop_list_pets (description)" in run(tmp_path / "a.json", "--dry-run", paths=newer)
    assert "changed 1, removed 1" in run(tmp_path / "a.json", "--remove", paths=newer)
    assert names() == ["shop_list_pets"]


def test_only_what_is_named(tmp_path: Path) -> None:
    run(tmp_path / "a.json", "--only", "Pets")
    assert names() == ["list_pets"]


@pytest.mark.parametrize(
    "arguments",
    [["--secret", "key"], ["--organization", "gone"], ["--secret", "key=gone"], ["--prefix", "No!"]],
)
def test_what_is_wrong_is_said(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(tmp_path / "a.json", *arguments)
    with pytest.raises(CommandError, match="no file"):
        call_command("import_openapi", str(tmp_path / "gone"), "--name", "Shop")
    assert names() == []
