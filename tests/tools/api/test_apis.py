"""APIs are imported over HTTP: preview, import, next edition, list, forget; large files too."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from audit_app.models import AuditEntry
from tests import people
from tests.tools.openapi.documents import OK, document
from tools_app.models import ApiSource, Tool

pytestmark = pytest.mark.django_db

PATHS = {
    "/pets": {"get": {**OK, "operationId": "listPets", "tags": ["Pets"]}, "trace": OK},
    "/toys": {"get": OK},
}


def post(path: str, body: dict[str, Any], status: int = 200) -> Any:
    answer = people.carol().api().post(f"/api/openapi/{path}", body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def previewed(paths: dict[str, Any], **more: Any) -> Any:
    return post("preview", {"text": json.dumps(document(paths)), **more})


def test_a_preview_shows_everything_and_changes_nothing() -> None:
    found = previewed(PATHS, choices={"prefix": "shop"})
    assert {each["name"]: each["state"] for each in found["operations"]} == {
        "shop_list_pets": "available",
        "shop_get_toys": "available",
    }
    assert found["left_out"] == [{"key": "TRACE /pets", "why": "TRACE is no call a tool makes."}]
    assert not Tool.objects.filter(executor="http").exists()


def test_import_then_the_next_edition_as_a_difference() -> None:
    first = previewed(PATHS)
    done = post("import", {"document": first["document"], "name": "Shop", "add": ["GET /pets"]}, 201)
    assert (done["added"], done["api"]["tools"]) == (1, ["list_pets"])
    source = done["api"]["id"]
    changed = {"/pets": {"get": {**PATHS["/pets"]["get"], "summary": "All pets."}}, "/new": {"get": OK}}
    second = previewed(changed, api=source)
    states = {each["key"]: each["state"] for each in second["operations"]}
    assert states == {"GET /pets": "changed", "GET /new": "new"}
    [change] = second["operations"][0]["changes"]
    assert (change["field"], change["conflict"]) == ("description", False)
    assert "+All pets." in change["diff"]
    done = post("import", {"document": second["document"], "add": ["*"], "change": ["*"]}, 201)
    assert (done["added"], done["changed"]) == (1, 1)
    again = post("preview", {"api": source})
    assert {each["state"] for each in again["operations"]} == {"unchanged"}
    listed = people.carol().api().get("/api/openapi/sources").json()["results"]
    assert [(each["name"], each["tools"]) for each in listed] == [("Shop", ["get_new", "list_pets"])]
    assert people.carol().api().delete(f"/api/openapi/sources/{source}").status_code == 204
    assert not ApiSource.objects.exists()
    assert Tool.objects.filter(name="list_pets").exists()


def test_a_file_of_several_megabytes() -> None:
    padded = document(PATHS, **{"x-padding": "x" * 3_000_000})
    upload = BytesIO(json.dumps(padded).encode())
    upload.name = "shop.json"
    answer = people.carol().api().post("/api/openapi/preview", {"file": upload}, format="multipart")
    assert answer.status_code == 200, answer.content
    assert len(answer.json()["operations"]) == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "Give one of"),
        ({"text": "{}", "url": "https://a.example/"}, "Give one of"),
        ({"text": "{}"}, "no OpenAPI description"),
        ({"text": "a: [1"}, "not valid YAML"),
        ({"text": '{"swagger": "2.0"}'}, "Swagger 2.0"),
        ({"url": "https://10.0.0.1/openapi.json"}, "cannot be fetched"),
        ({"url": "ftp://a.example/"}, "cannot be fetched"),
        ({"text": "{}", "choices": {"magic": 1}}, "There is no such field"),
    ],
)
def test_what_is_wrong_is_said(body: dict[str, Any], told: str) -> None:
    assert told in json.dumps(post("preview", body, 400))


def test_an_address_is_on_record_before_it_is_asked(settings: Any) -> None:
    settings.EGRESS_EXCEPTIONS = ["127.0.0.1:1"]
    told = post("preview", {"url": "https://127.0.0.1:1/openapi.json?key=hidden"}, 400)
    assert "cannot be fetched" in json.dumps(told)
    entry = AuditEntry.objects.get(action="api.fetched")
    assert entry.facts["address"] == "https://127.0.0.1:1/openapi.json"


def test_wrong_choices_are_named() -> None:
    found = previewed(PATHS, choices={"prefix": "No!", "sign_in": {"type": "bearer", "secret": "gone"}})
    assert len(found["problems"]) == 2
    refused = post("import", {"document": found["document"], "name": "A", "add": ["GET /gone"]}, 400)
    assert "GET /gone" in refused["error"]["details"]["add"][0]
    assert post("preview", {"api": 999_999}, 404)["error"]["code"] == "not_found"
