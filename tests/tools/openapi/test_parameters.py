"""Every kind of parameter goes where the description says, under a name that is legal here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.openapi.documents import OK, left_out, one, placed, read, said

TEXT = {"type": "string"}
LIST = {"type": "array", "items": TEXT}


def parameter(name: str, where: str, schema: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "schema": schema or TEXT, **more}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (parameter("q", "query"), "query"),
        (parameter("q", "query", LIST), {"in": "query", "style": "form"}),
        (parameter("q", "query", LIST, explode=False), {"in": "query", "style": "form", "explode": False}),
        (
            parameter("q", "query", LIST, style="pipeDelimited"),
            {"in": "query", "style": "pipeDelimited"},
        ),
        (
            parameter("q", "query", {"type": "object"}, style="deepObject", explode=True),
            {"in": "query", "style": "deepObject"},
        ),
        (parameter("q", "query", TEXT, style="matrix"), "query"),
        (parameter("filter[a]", "query"), {"in": "query", "name": "filter[a]"}),
        (parameter("X-Trace", "header"), "header"),
        (parameter("X-T", "header", LIST), {"in": "header", "style": "simple"}),
        (parameter("c", "cookie", LIST), {"in": "cookie", "style": "form"}),
        (
            {"name": "q", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
            {"in": "query", "style": "json"},
        ),
    ],
)
def test_a_parameter_has_its_place_and_style(given: dict[str, Any], expected: Any) -> None:
    assert list(placed(one({"parameters": [given]})).values()) == [expected]


def test_names_that_are_not_legal_here_have_another_one_for_the_model() -> None:
    names = ["user_id", "filter[a]", "größe", "context"]
    found = one({"parameters": [parameter(name, "query") for name in names]})
    assert list(found.input_schema["properties"]) == ["user_id_", "filter_a", "gr_e", "context_"]
    assert [each["name"] for each in placed(found).values()] == names


def test_the_path_is_written_with_our_names() -> None:
    given = [
        parameter("user_id", "path", required=True),
        parameter("ids", "path", LIST, required=True),
        parameter("m", "path", TEXT, style="matrix", required=True),
    ]
    found = one({"parameters": given}, "/of/{user_id}/{ids}/{m}/{undescribed}", "get")
    assert found.path == "/of/{user_id_}/{ids}/{m}/{undescribed}"
    assert placed(found)["ids"] == {"in": "path", "style": "simple"}
    assert placed(found)["m"] == {"in": "path", "style": "matrix"}
    assert set(found.input_schema["required"]) == {"user_id_", "ids", "m", "undescribed"}
    assert "undescribed: it stands in the path and is not described" in said(found)


def test_what_an_operation_says_stands_for_what_its_path_says() -> None:
    found = read(
        {
            "/a": {
                "parameters": [parameter("q", "query", {"type": "integer"}), parameter("r", "query")],
                "get": {**OK, "parameters": [{"$ref": "#/components/parameters/Q"}]},
            }
        },
        components={"parameters": {"Q": parameter("q", "query", description="Words.", required=True)}},
    )
    schema = found.operations[0].input_schema
    assert schema["properties"] == {"q": {"type": "string", "description": "Words."}, "r": TEXT}
    assert schema["required"] == ["q"]


@pytest.mark.parametrize("name", ["Accept", "content-type", "Authorization", "Host", "Cookie", "a b"])
def test_headers_that_no_tool_sets_are_left_out_and_said(name: str) -> None:
    found = one({"parameters": [parameter(name, "header")]})
    assert placed(found) == {}
    assert name in said(found)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([parameter("Host", "header", required=True)], "'Host', which it needs"),
        ([parameter('a"b', "query", required=True)], "its name cannot be sent"),
        ([{"in": "query"}], "no name or no place"),
        (["q"], "omething else than an object"),
        ([{"$ref": "https://elsewhere.example/p.json"}], "none is fetched"),
        ([{"$ref": "#/components/parameters/Gone"}], "not in the document"),
        ([{"name": "q", "in": "query", "content": {"text/csv": {}}}], "not JSON"),
    ],
)
def test_without_what_it_needs_an_operation_is_left_out(given: list[Any], why: str) -> None:
    assert why in left_out({"parameters": given})


def test_a_path_that_names_one_thing_twice_is_left_out() -> None:
    assert "{id} more than once" in left_out({}, "/a/{id}/b/{id}")


def test_a_circle_of_references_is_said() -> None:
    circle = {"A": {"$ref": "#/components/parameters/B"}, "B": {"$ref": "#/components/parameters/A"}}
    told = left_out(
        {"parameters": [{"$ref": "#/components/parameters/A"}]}, components={"parameters": circle}
    )
    assert "circle" in told


def test_a_link_header_and_a_page_make_a_hint() -> None:
    answer = {"responses": {"200": {"description": "x", "headers": {"Link": {"schema": TEXT}}}}}
    found = one({"parameters": [parameter("page", "query", {"type": "integer"})], **answer}, method="get")
    assert found.configuration["response"] == {"next": {"parameter": "page", "header": "Link"}}


def test_names_of_tools_are_legal_and_each_stands_once() -> None:
    ids = ["listPets", "list-pets", "list pets!", "HTTPServerGet", "", "Ünïcödé", "x" * 90, "___"]
    paths = {f"/p{n}": {"get": {**OK, "operationId": name}} for n, name in enumerate(ids)}
    names = [each.name for each in read(paths).operations]
    assert names[:6] == ["list_pets", "list_pets", "list_pets", "http_server_get", "get_p4", "unicode"]
    assert (names[6], names[7]) == ("x" * 64, "get_p7")
