"""The OpenAPI description: complete without a warning, and each operation says what it does, takes and answers."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from project.api import ROUTES
from tests import people
from tests.test_queries import LISTS

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema() -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


def test_each_route_is_described_once(schema: dict[str, dict[str, dict[str, object]]]) -> None:
    assert len(schema["paths"]) == len(ROUTES)
    assert not [path for path in schema["paths"] if path.endswith("/")]


def test_each_operation_says_what_it_does_and_how_it_refuses(
    schema: dict[str, dict[str, dict[str, object]]],
) -> None:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert isinstance(operation, dict), where
            assert operation["summary"], where
            assert operation["security"] == [{"session": []}, {"token": []}], where
            answers = operation["responses"]
            refusal = answers["401"]["content"]["application/json"]["schema"]["$ref"]
            assert refusal.endswith("ErrorBody"), where
            assert any(status.startswith("2") for status in answers), where
            if method in ("post", "put", "patch"):
                assert "requestBody" in operation or path.endswith(("cancellation", "retry")), where


def test_bodies_say_that_they_refuse_unknown_fields(schema: dict[str, dict[str, Any]]) -> None:
    """That they do is shown for every operation by `test_unknown_fields_and_broken_bodies_are_named`."""
    sent = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for operations in schema["paths"].values()
        for operation in operations.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    shapes = schema["components"]["schemas"]
    assert {"MessagePostRequest", "ToolWriteRequest", "PatchedToolWriteRequest", "DecisionRequest"} <= sent
    assert {name for name in sent if shapes[name].get("additionalProperties") is not False} == set()
    assert "additionalProperties" not in shapes["Message"]


def test_lists_say_that_a_query_can_be_wrong_and_a_page_missing(
    schema: dict[str, dict[str, dict[str, Any]]],
) -> None:
    reading = [operations["get"] for operations in schema["paths"].values() if "get" in operations]
    lists = [each for each in reading if "page" in {said["name"] for said in each.get("parameters", ())}]
    assert len(lists) == len(LISTS)
    for operation in lists:
        assert {"200", "400", "401", "403", "404"} == set(operation["responses"]), operation["summary"]


@pytest.mark.django_db
def test_the_pages_of_the_description_are_for_signed_in_people() -> None:
    browser = people.alice().browser()
    for path in ("/api/schema/", "/api/docs/"):
        assert browser.get(path).status_code == 200
        browser.logout()
        assert browser.get(path).status_code == 401
        browser = people.alice().browser()
