"""The page on which Carol takes the catalog along and brings one in: a look first, a choice for each conflict."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from agents_app import transfer
from tests import people
from tests.people import Person
from tools_app import catalog
from tools_app.models import Tool
from tools_app.openapi import document as reader

pytestmark = pytest.mark.django_db

SCHEMA = {"type": "object", "properties": {}}
WEATHER = {"name": "weather", "description": "Tells the weather.", "category": "web", "input_schema": SCHEMA}
FILE = """\
tools:
- name: weather
  description: "<b>Theirs</b>"
  category: web
  input_schema: {type: object, properties: {}}
- name: fresh
  description: New.
  category: web
  input_schema: {type: object, properties: {}}
"""


@pytest.fixture
def path() -> str:
    return reverse("admin:agents_app_catalog")


@pytest.fixture
def client() -> Client:
    return staff(people.carol())


def staff(who: Person) -> Client:
    who.user.is_staff = True
    who.user.save()
    return who.browser()


def looked(client: Client, path: str, text: str) -> str:
    return client.post(path, {"step": "look", "text": text}).content.decode()


def upload(octets: bytes) -> Any:
    return SimpleUploadedFile("catalog.yaml", octets)


def test_the_catalog_is_taken_as_a_file(client: Client, path: str) -> None:
    catalog.register(WEATHER, by=people.carol().identity)
    assert reverse("admin:agents_app_catalog_file") in client.get(path).content.decode()
    file = client.get(reverse("admin:agents_app_catalog_file"))
    assert file.headers["Content-Disposition"] == 'attachment; filename="catalog.yaml"'
    assert reader.value_of(file.content) == transfer.document_of(people.toolroom().pk)
    assert path in client.get("/admin/").content.decode()


def test_it_is_looked_at_before_anything_changes(client: Client, path: str) -> None:
    catalog.register(WEATHER, by=people.carol().identity)
    page = client.post(path, {"file": upload(FILE.encode())}).content.decode()
    assert "1 differs from what is here" in page
    assert 'name="choice:tool/weather"' in page
    assert "1 will be written" in page
    assert "What it is" in page
    assert "&lt;b&gt;Theirs&lt;/b&gt;" in page
    assert "<b>Theirs</b>" not in page
    assert [tool.description for tool in Tool.objects.all()] == ["Tells the weather."]


@pytest.mark.parametrize(
    ("choice", "names", "description"),
    [
        ("keep", ["fresh", "weather"], "Tells the weather."),
        ("replace", ["fresh", "weather"], "<b>Theirs</b>"),
        ("rename", ["fresh", "weather", "weather-2"], "Tells the weather."),
    ],
)
def test_what_is_chosen_is_done(
    client: Client, path: str, choice: str, names: list[str], description: str
) -> None:
    catalog.register(WEATHER, by=people.carol().identity)
    sent = {"step": "import", "text": FILE, "choice:tool/weather": choice, "reason": "As agreed"}
    done = client.post(path, sent, follow=True).content.decode()
    assert "items written" in done
    assert sorted(Tool.objects.values_list("name", flat=True)) == names
    tool = Tool.objects.get(name="weather")
    assert tool.description == description
    newest = Tool.objects.get(name="fresh").versions.get()
    assert newest.reason == "As agreed"


def test_without_a_choice_nothing_is_imported(client: Client, path: str) -> None:
    catalog.register(WEATHER, by=people.carol().identity)
    page = client.post(path, {"step": "import", "text": FILE}).content.decode()
    assert "1 differs from what is here" in page
    assert Tool.objects.count() == 1


def test_the_same_catalog_has_nothing_to_change(client: Client, path: str) -> None:
    catalog.register(WEATHER, by=people.carol().identity)
    text = transfer.written(transfer.document_of(people.toolroom().pk))
    assert "Nothing to change." in looked(client, path, text)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"text": "tools: ["}, "not valid YAML"),
        ({"text": ""}, "Choose a file"),
        ({"text": "tools:\n- name: Bad\n  description: x\n"}, "catalog:2 /tools/0"),
        ({"file": b"\xff\xfe"}, "not UTF-8"),
        ({"file": b"a\x00b"}, "binary"),
        ({"file": b"#" * 1_000_000}, "manage.py import_catalog"),
    ],
    ids=["broken", "empty", "wrong", "bytes", "binary", "long"],
)
def test_what_cannot_be_read_is_told(client: Client, path: str, sent: dict[str, Any], told: str) -> None:
    posted = {name: upload(value) if name == "file" else value for name, value in sent.items()}
    assert told in client.post(path, posted).content.decode()
    assert not Tool.objects.exists()


def test_it_is_for_keepers_of_the_catalog(path: str) -> None:
    bob = staff(people.bob())
    for address in (path, reverse("admin:agents_app_catalog_file")):
        assert bob.get(address).status_code == 403
    assert bob.post(path, {"step": "import", "text": FILE}).status_code == 403
    catalog.register(WEATHER, by=people.carol().identity)
    mallory = people.mallory().browser()
    assert "weather" not in mallory.get(reverse("admin:agents_app_catalog_file")).content.decode()
    mallory.post(path, {"step": "import", "text": FILE, "choice:tool/weather": "replace"})
    assert (
        Tool.objects.get(name="weather", organization=people.toolroom()).description == "Tells the weather."
    )
    assert Tool.objects.filter(organization=people.elsewhere()).count() == 2
