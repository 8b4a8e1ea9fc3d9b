"""Lint: what works and still goes badly with models, as tables of cases; and which names are taken for another."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import people
from tools_app import catalog, functions, vault
from tools_app.cataloging import alike, lint, linting
from tools_app.cataloging.lint import Subject
from tools_app.cataloging.versions import Cause
from tools_app.models import Tool

GOOD = "Tells the weather of a city for the next days."
TEXT = {"type": "string", "description": "Name of the city."}


def schema(required: list[str] | None = None, /, **properties: Any) -> dict[str, Any]:
    needed = sorted(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": needed}


def subject(**about: Any) -> Subject:
    given = {"name": "weather", "description": GOOD, "input_schema": schema(city=TEXT), "executor": "builtin"}
    return Subject(**{**given, **about})


def codes(found: Subject) -> dict[str, tuple[str, str]]:
    return {hint.code: (hint.field, hint.pointer) for hint in lint.hints(found)}


def test_a_good_tool_is_left_in_peace() -> None:
    assert lint.hints(subject()) == ()


@pytest.mark.parametrize(
    ("about", "code", "place"),
    [
        ({"description": " "}, "description_missing", ("description", "")),
        ({"description": "Weather."}, "description_empty", ("description", "")),
        ({"description": "TODO"}, "description_empty", ("description", "")),
        ({"description": "Tells the weather."}, "description_short", ("description", "")),
        ({"description": GOOD * 60}, "description_long", ("description", "")),
        ({"name": "w" * 65}, "name_unfit", ("name", "")),
        ({"look_alikes": ["weathr"]}, "look_alike", ("name", "")),
        ({"remarks": ["not described: city"]}, "docstring", ("description", "")),
        ({"name": "delete_city"}, "harm_unmarked", ("is_dangerous", "")),
        ({"description": "Sends a message to all customers at once."}, "harm_unmarked", ("is_dangerous", "")),
        (
            {"executor": "http", "configuration": {"method": "DELETE"}},
            "delete_unmarked",
            ("is_dangerous", ""),
        ),
        (
            {"executor": "http", "configuration": {"method": "POST"}},
            "writes_unasked",
            ("requires_approval", ""),
        ),
        ({"executor": "http", "configuration": {"method": "GET"}}, "not_open_world", ("is_open_world", "")),
    ],
)
def test_what_is_said_of_the_tool(about: dict[str, Any], code: str, place: tuple[str, str]) -> None:
    assert codes(subject(**about)).get(code) == place


@pytest.mark.parametrize(
    ("properties", "code", "pointer"),
    [
        ({"a": {"type": "string"}}, "parameter_undescribed", "/properties/a"),
        ({"city": {"type": "string", "description": "City"}}, "parameter_undescribed", "/properties/city"),
        ({"a": {"description": "Which one it is."}}, "parameter_untyped", "/properties/a"),
        ({"a": {**TEXT, "descripton": "x"}}, "keyword_unknown", "/properties/a/descripton"),
        ({"a": {**TEXT, "not": {"const": "x"}}}, "keyword_unsupported", "/properties/a/not"),
        ({"a": {**TEXT, "enum": ["x", 5]}}, "enum_unfit", "/properties/a/enum"),
        ({"a": {**TEXT, "enum": ["x"]}}, "enum_single", "/properties/a/enum"),
        ({"a": {**TEXT, "enum": ["x", "y"], "default": "z"}}, "default_unfit", "/properties/a/default"),
        ({"a": {**TEXT, "type": "integer", "default": "3"}}, "default_unfit", "/properties/a/default"),
        (
            {"a": {**TEXT, "type": "integer", "minimum": 5, "maximum": 1}},
            "range_empty",
            "/properties/a/minimum",
        ),
        ({"user_name": TEXT, "username": TEXT}, "parameters_alike", "/properties/user_name"),
    ],
)
def test_what_is_said_of_parameters(properties: dict[str, Any], code: str, pointer: str) -> None:
    found = codes(subject(input_schema=schema(**properties)))
    assert found.get(code) == ("input_schema", pointer)


def test_what_is_weighed_and_required() -> None:
    heavy = schema(**{f"p{number}": {**TEXT, "description": "word " * 40} for number in range(100)})
    assert codes(subject(input_schema=heavy))["heavy"] == ("input_schema", "")
    assert "nothing_required" in codes(subject(input_schema=schema([], city=TEXT)))
    assert "nothing_required" not in codes(subject(input_schema=schema([], city={**TEXT, "default": "Oslo"})))
    assert "nothing_required" not in codes(subject(input_schema=schema()))


def test_flags_answer_what_was_asked() -> None:
    deleting = {"executor": "http", "configuration": {"method": "DELETE"}, "name": "delete_city"}
    assert set(codes(subject(**deleting, is_dangerous=True, is_open_world=True))) == set()
    posting = {"executor": "http", "configuration": {"method": "POST"}, "is_open_world": True}
    assert set(codes(subject(**posting, requires_approval=True))) == set()


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "object", "properties": {"a": {"$ref": "https://evil.example/x"}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+\\1"}}},
        {"type": "object", "properties": "x"},
        {},
        {"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}},
    ],
)
def test_a_schema_that_cannot_be_used_breaks_nothing(broken: dict[str, Any]) -> None:
    lint.hints(subject(input_schema=broken))


def test_much_is_looked_at_in_little_time() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(12):
        deep = {"type": "object", "properties": {"a": deep}}
    assert len(lint.hints(subject(input_schema=schema(**{f"p{i}": {"enum": [1]} for i in range(500)})))) <= 60
    assert lint.hints(subject(input_schema=schema(a=deep)))


@pytest.mark.parametrize(
    ("names", "alike_ones"),
    [
        (["read_file", "read-file"], True),
        (["readfile", "ReadFile"], True),
        (["read_file", "raed_file"], True),
        (["read_file", "read_files"], True),
        (["l1st_all", "list_all"], True),
        (["pаyment", "payment"], True),
        (["modern", "modem"], True),
        (["step_1", "step_2"], False),
        (["get", "set"], False),
        (["get_issue", "set_issue"], True),
        (["create_order", "create_invoice"], False),
    ],
)
def test_names_taken_for_one_another(names: list[str], alike_ones: bool) -> None:
    one, other = names
    assert alike.pairs(names) == ({one: [other], other: [one]} if alike_ones else {})
    assert alike.like(one, names) == ([other] if alike_ones else [])


def test_five_thousand_names_are_compared() -> None:
    names = [
        f"{verb}_{thing}_{i}"
        for verb in ("get", "list")
        for thing in ("issue", "order")
        for i in range(1_250)
    ]
    assert alike.pairs([*names, "get_isue_77"])["get_isue_77"] == ["get_issue_77"]


@pytest.mark.django_db
def test_the_catalog_is_linted_by_command() -> None:
    by = people.carol().identity
    for name in ("weather", "weathr"):
        fields = {"name": name, "description": GOOD, "category": "web", "input_schema": schema(city=TEXT)}
        catalog.register(fields, by=by)
    assert linting.all_look_alikes(by.organization_id) == {"weather": ["weathr"], "weathr": ["weather"]}
    out = io.StringIO()
    call_command("lint_tools", organization="toolroom", stdout=out)
    assert "toolroom/weather: problem: name: A model, or a person, may take it for: weathr." in out.getvalue()
    with pytest.raises(CommandError, match="2 problems"):
        call_command("lint_tools", "--strict", "--problems", stdout=io.StringIO())
    with pytest.raises(CommandError, match="no organization"):
        call_command("lint_tools", organization="nowhere")


@pytest.mark.django_db
def test_a_secret_that_nobody_has_made_is_told() -> None:
    by = people.carol().identity
    auth = [{"type": "bearer", "secret": "weather-key"}]
    about = {"name": "weather", "description": GOOD, "category": "web", "executor": "http"}
    settings = {"method": "GET", "url": "https://api.example/v1/{city}", "auth": auth}
    cause = Cause("tool.added", by, "", awaited=frozenset({"weather-key"}))
    tool = catalog.add({**about, "input_schema": schema(city=TEXT), "configuration": settings}, cause)
    told = {hint.code: hint for hint in linting.of(tool)}["secret_missing"]
    assert (told.level, told.field) == ("problem", "configuration")
    assert "'weather-key'" in told.message
    assert linting.of(tool) == next(linting.of_rows([tool], {})).hints
    vault.keep("weather-key", "a-value", hosts=["api.example"], by=people.mallory().identity)
    assert "secret_missing" in {hint.code for hint in linting.of(tool)}
    vault.keep("weather-key", "a-value", hosts=["api.example"], by=by)
    assert "secret_missing" not in {hint.code for hint in linting.of(tool)}


@pytest.mark.parametrize(
    "settings", [{"auth": 7}, {"auth": [7, {"secret": []}]}, {"auth": {"secret": {}}}, []]
)
@pytest.mark.django_db
def test_settings_that_are_no_settings_name_no_secret(settings: Any) -> None:
    tool = Tool(organization=people.toolroom(), name="weather", executor="http")
    tool.definition, tool.configuration = {"input_schema": {}}, settings
    assert "secret_missing" not in {hint.code for hint in linting.of(tool)}


@pytest.mark.django_db
def test_what_the_code_remarked_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def bare(city: str) -> str:
        return city

    with pytest.warns(functions.PoorDocstring):
        made = functions.Tool(bare)
    monkeypatch.setattr(functions, "names", lambda: ["bare"])
    monkeypatch.setattr(functions, "named", lambda _: made)
    row = Tool(name="bare", executor="python", definition={"input_schema": schema(city=TEXT)})
    row.organization_id = people.toolroom().pk
    told = [hint.message for hint in linting.of(row) if hint.code == "docstring"]
    assert told == [
        "The docstring of its function: no docstring says when to use it.",
        "The docstring of its function: not described: city.",
    ]
