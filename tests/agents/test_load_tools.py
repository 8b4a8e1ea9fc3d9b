"""Files of tools (S2.3), loaded by a command and while seeding: made once, renewed until somebody edits or deletes
them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from project.accounts import identity as identities
from project.launch import fingerprint
from tests import people
from tools_app import catalog
from tools_app.models import Tool

pytestmark = pytest.mark.django_db

FILE = """\
tools:
- name: weather
  description: Tells the weather.
  category: web
  parameters:
    city: {type: string}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    people.carol()
    found = tmp_path / "tools.yaml"
    found.write_text(FILE)
    return found


def run(command: str, *arguments: Any, **options: Any) -> str:
    said = io.StringIO()
    call_command(command, *map(str, arguments), stdout=said, **options)
    return said.getvalue()


def test_a_file_is_loaded_and_renewed_until_somebody_edits(file: Path) -> None:
    assert "+ tool weather: added" in run("load_tools", file)
    tool = Tool.objects.get(name="weather")
    assert (tool.executor, tool.input_schema["required"], tool.created_by) == ("http", ["city"], "Toolroom")
    assert "Nothing to change" in run("load_tools", file)
    file.write_text(FILE.replace("Tells", "Says"))
    assert "~ tool weather: changed" in run("load_tools", file)
    tool.refresh_from_db()
    catalog.update(tool, {"description": "Mine."}, by=people.carol().identity)
    file.write_text(FILE.replace("Tells", "Shouts"))
    assert "= tool weather: kept" in run("load_tools", file)
    assert Tool.objects.get(name="weather").description == "Mine."
    run("load_tools", file, on_conflict="replace")
    assert Tool.objects.get(name="weather").description == "Shouts the weather."


def test_a_dry_run_prints_the_difference(file: Path) -> None:
    assert "would be written" in run("load_tools", file, dry_run=True)
    assert not Tool.objects.exists()
    run("load_tools", file)
    file.write_text(FILE.replace("category: web", "category: sky"))
    assert "category: web -> sky" in run("load_tools", file, dry_run=True)
    assert Tool.objects.get().category == "web"


def test_a_deleted_one_stays_deleted(file: Path) -> None:
    run("load_tools", file)
    Tool.objects.all().delete()
    assert "somebody has deleted it" in run("load_tools", file)
    assert not Tool.objects.exists()
    run("load_tools", file, on_conflict="replace")
    assert Tool.objects.exists()


def test_seeding_loads_the_files_of_the_setting(file: Path, settings: Settings) -> None:
    settings.TOOL_FILES = [file.parent]
    assert "from files: tool/weather" in run("seed")
    assert "from files" not in run("seed")
    catalog.archive(Tool.objects.get(name="weather"), by=identities.system(people.toolroom()))
    assert "from files" not in run("seed")
    assert not Tool.objects.filter(name="weather").exists()
    file.write_text(FILE + "  colour: red\n")
    with pytest.raises(CommandError, match=r"tools\.yaml:7 /tools/0/colour"):
        run("seed")


def test_a_file_may_be_meant_for_one_organization(file: Path) -> None:
    people.mallory()
    file.write_text("organizations: [elsewhere]\n" + FILE)
    run("load_tools", file)
    assert [row.organization.slug for row in Tool.objects.all()] == ["elsewhere"]
    with pytest.raises(CommandError, match="there are: elsewhere, toolroom"):
        run("load_tools", file, organization="nowhere")


@pytest.mark.parametrize("broken", ["tools: [", "name: a\x00", "- name: a\n- name: a\n", "[" * 10_000])
def test_a_broken_file_changes_nothing(file: Path, broken: str) -> None:
    (file.parent / "other.yaml").write_text(broken)
    with pytest.raises(CommandError, match=r"other\.yaml"):
        run("load_tools", file.parent)
    assert not Tool.objects.exists()


def test_one_bad_tool_stops_all_of_them(file: Path) -> None:
    file.write_text(FILE + "- name: Bad\n  description: x\n  category: x\n  parameters: {}\n")
    said = io.StringIO()
    with pytest.raises(CommandError, match="Not everything"):
        call_command("load_tools", str(file), stdout=said)
    assert f"{file}:7 /tools/1/name" in said.getvalue()
    assert not Tool.objects.exists()


def test_a_catalog_goes_from_command_to_command(file: Path, tmp_path: Path) -> None:
    people.mallory()
    run("load_tools", file, organization="toolroom")
    for name in ("catalog.yaml", "catalog.json"):
        out = tmp_path / name
        assert "1 tools and 0 personas" in run("export_catalog", organization="toolroom", output=out)
        said = run("import_catalog", out, organization="elsewhere", dry_run=True)
        assert "+ tool weather: added" in said
    assert run("export_catalog", organization="toolroom") == (tmp_path / "catalog.yaml").read_text()
    run("import_catalog", tmp_path / "catalog.json", organization="elsewhere")
    Tool.objects.filter(organization__slug="elsewhere").update(description="Mine.")
    with pytest.raises(CommandError, match="Nothing was imported"):
        run("import_catalog", tmp_path / "catalog.yaml", organization="elsewhere")
    run(
        "import_catalog", tmp_path / "catalog.yaml", organization="elsewhere", choose=["tool/weather=replace"]
    )
    assert Tool.objects.get(organization__slug="elsewhere").description == "Tells the weather."
    with pytest.raises(CommandError, match="KIND/NAME=CHOICE"):
        run("import_catalog", tmp_path / "catalog.yaml", choose=["weather"])


def test_the_watcher_sees_when_a_file_changes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).resolve().parents[2]
    monkeypatch.delenv("TOOL_FILES", raising=False)
    marks = {fingerprint.of_code(root)}
    monkeypatch.setenv("TOOL_FILES", f"{file.parent}, /no/such/file.yaml")
    marks.add(fingerprint.of_code(root))
    file.write_text(FILE.replace("Tells", "Says"))
    marks.add(fingerprint.of_code(root))
    assert len(marks) == 3
