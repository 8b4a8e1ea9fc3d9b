"""The pages of an import: give a description, choose, import, compare the next edition."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from tests import people
from tests.tools.openapi.documents import OK, document
from tools_app import vault
from tools_app.models import ApiDocument, ApiSource, Tool

pytestmark = pytest.mark.django_db

ADD = "/admin/tools_app/apisource/add/"
SECURE = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
PATHS: dict[str, Any] = {
    "/pets": {"get": {**OK, "operationId": "listPets", "summary": "<b>List</b> pets.", "tags": ["Pets"]}},
    "/toys": {"delete": {**OK, "operationId": "dropToy", "security": [{"key": []}]}, "trace": OK},
}


@pytest.fixture
def carol() -> Client:
    return people.person("carla", "admin", staff=True).browser()


def text(paths: dict[str, Any], **more: Any) -> str:
    return json.dumps(document(paths, components=SECURE, **more))


def given(browser: Client, where: str = ADD, **body: Any) -> str:
    """The address of the page on which a description is looked at."""
    answer = browser.post(where, body)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def shown(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_from_a_text_to_tools(carol: Client) -> None:
    by = people.carol().identity
    vault.keep("pets-key", "s3cret-value", hosts=["api.example"], by=by)
    where = given(carol, text=text(PATHS))
    page = shown(carol.get(where))
    assert "list_pets" in page
    assert "&lt;b&gt;List&lt;/b&gt; pets." in page
    assert "TRACE is no call a tool makes." in page
    assert "s3cret" not in page
    choices = {"server": "https://api.example/v1", "beginning": "pet", "scheme_0": "pets-key", "name": "Pets"}
    page = shown(carol.post(where, {**choices, "look": "1", "add": "GET /pets"}))
    assert "pet_list_pets" in page
    assert 'value="GET /pets" id="box-add-1-1" checked' in page
    packed = json.dumps({"add": ["GET /pets", "DELETE /toys"]})
    answer = carol.post(where, {**choices, "import": "1", "packed": packed})
    source = ApiSource.objects.get()
    assert answer["Location"] == f"/admin/tools_app/apisource/{source.pk}/change/"
    assert "pet_drop_toy" in shown(carol.get(answer["Location"]))
    tool = Tool.objects.get(name="pet_drop_toy")
    assert (tool.is_dangerous, tool.configuration["auth"][0]["secret"]) == (True, "pets-key")


def test_the_next_edition_is_compared(carol: Client) -> None:
    where = given(carol, text=text(PATHS))
    carol.post(where, {"server": "https://api.example/v1", "name": "Pets", "import": "1", "add": "GET /pets"})
    source = ApiSource.objects.get()
    newer = {"/pets": {"get": {**PATHS["/pets"]["get"], "summary": "All pets."}}, "/new": {"get": OK}}
    upload = BytesIO(text(newer).encode())
    upload.name = "pets.json"
    where = given(carol, f"/admin/tools_app/apisource/{source.pk}/change/", file=upload)
    page = shown(carol.get(where))
    assert "+All pets." in page
    assert 'name="update" value="GET /pets" id="box-update-1-1" checked' in page
    carol.post(where, {"server": "https://api.example/v1", "import": "1", "update": "GET /pets"})
    assert Tool.objects.get(name="list_pets").description == "All pets."
    assert ApiDocument.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "Give one of the three"),
        ({"text": "a", "url": "https://a.example/"}, "Give one of the three"),
        ({"text": "{"}, "not valid JSON"),
        ({"url": "https://127.0.0.1/"}, "cannot be fetched"),
        ({"text": '{"swagger": "2.0"}'}, "Swagger 2.0"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(carol: Client, body: dict[str, Any], told: str) -> None:
    assert told in shown(carol.post(ADD, body))
    assert not ApiDocument.objects.exists()


def test_a_file_that_is_no_text_is_said(carol: Client) -> None:
    upload = BytesIO(b"\x89PNG\r\n\x1a\n\x00\x00")
    upload.name = "x.png"
    assert "binary" in shown(carol.post(ADD, {"file": upload}))


def test_what_an_import_refuses_is_said_and_the_ticks_stay(carol: Client) -> None:
    where = given(carol, text=text(PATHS))
    choices = {"server": "http://plain.example", "name": "Pets", "import": "1", "add": "GET /pets"}
    page = shown(carol.post(where, choices))
    assert "https://" in page
    page = shown(carol.post(where, {**choices, "server": "https://api.example", "name": ""}))
    assert 'value="GET /pets" id="box-add-1-1" checked' in page
    page = shown(carol.post(where, {**choices, "beginning": "No!", "packed": "[1"}))
    assert "Use lower-case letters" in page
    assert not Tool.objects.filter(executor="http").exists()


def test_strangers_and_those_without_the_right_see_nothing(carol: Client) -> None:
    where = given(carol, text=text(PATHS))
    carol.post(where, {"server": "https://api.example/v1", "name": "Pets", "import": "1", "add": "GET /pets"})
    source = ApiSource.objects.get()
    pages = (where, ADD, f"/admin/tools_app/apisource/{source.pk}/change/")
    mallory = people.person("mia", "admin", organization=people.elsewhere(), staff=True).browser()
    assert [mallory.get(page).status_code for page in (pages[0], pages[2])] == [404, 302]
    assert [mallory.post(page, {"text": text(PATHS)}).status_code for page in (pages[0], pages[2])] == [
        404,
        302,
    ]
    auditor = people.person("olaf", "auditor", staff=True).browser()
    assert {auditor.get(page).status_code for page in pages} == {403}
    assert "Pets" not in mallory.get("/admin/tools_app/apisource/").content.decode()
