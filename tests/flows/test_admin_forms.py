"""The forms of tools in the admin: what they are given, what they keep, and what they say about what was typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents_app import personas
from tests import people
from tests.flows.admin_world import address, filled, staff
from tools_app import catalog, executors, vault
from tools_app.cataloging import settings_forms
from tools_app.cataloging.written import WRONG_NAME
from tools_app.executors.http import shape
from tools_app.models import Tool, ToolVersion

pytestmark = pytest.mark.django_db

# Written by somebody who knows more than the form does: every part must come back as it was.
SETTINGS: dict[str, Any] = {
    "url": "https://api.example/v1/{city}",
    "method": "POST",
    "parameters": {"days": {"in": "json", "at": "/filter/days"}, "lang": "query"},
    "fixed": {"json": {"filter": {"exact": True, "limit": 1.5}}},
    "auth": [
        {"type": "bearer", "secret": "weather-key"},
        {"type": "header", "name": "X-Extra", "secret": "weather-key"},
    ],
    "errors": {"404": "There is no such city.", "5xx": "Try later."},
    "response": {"pick": "/now", "next": {"parameter": "lang", "header": "Link"}},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["city"],
    "properties": {
        "city": {"type": "string", "description": "Name of the city.", "maxLength": 80},
        "days": {"type": ["integer", "null"], "minimum": 1},
        "lang": {"anyOf": [{"const": "en"}, {"const": "no"}]},
    },
    "$comment": "kept",
}

MISTAKES = [
    ('{"method": "GET",}', "Line 1, column 18"),
    ('{"method": "GET"\n "url": 1}', "Line 2, column 2"),
    ('{"method": "GET", "method": "PUT"}', "used twice"),
    ('{"timeout_seconds": NaN}', "NaN is no number"),
    ("[" * 20_000, "nested too deeply"),
    ('{"a":' * 70 + "1" + "}" * 70, "nested too deeply"),
    ('{"a": "x\\u0000"}', "cannot be stored"),
    ('{"\\ud800": 1}', "cannot be stored"),
    ('{"url": ' + "9" * 5_000 + "}", "limit"),
    ('{"method": "GET", "url": "https://10.0.0.1/"}', "/url: "),
    ('{"method": "GET", "url": "https://api.example/", "newer": 1}', "newer"),
    ('"\\u0000"', "cannot be stored"),
]


EMPTY: dict[str, Any] = {
    "category": "web",
    "executor": "http",
    "input_schema": {"type": "object", "properties": {}},
}


@pytest.fixture
def client() -> Client:
    return staff(people.carol())


@pytest.fixture
def tool() -> Tool:
    by = people.carol().identity
    vault.keep("weather-key", "a-value-to-hide", hosts=["api.example"], by=by)
    about = {"name": "weather", "description": "Tells the weather.", "category": "web", "executor": "http"}
    return catalog.register({**about, "input_schema": SCHEMA, "configuration": SETTINGS}, by=by)


def test_what_the_form_shows_is_what_is_stored(client: Client, tool: Tool) -> None:
    path = address(Tool, "change", tool.pk)
    sent = filled(client, path)
    assert json.loads(sent["configuration"]) == SETTINGS
    assert json.loads(sent["input_schema"]) == SCHEMA
    assert client.post(path, sent).status_code == 302
    tool.refresh_from_db()
    assert (tool.configuration, tool.input_schema) == (SETTINGS, SCHEMA)
    assert ToolVersion.objects.filter(tool=tool).count() == 1, "nothing was changed"


def test_the_form_is_given_its_fields_and_names_of_secrets_only(client: Client, tool: Tool) -> None:
    vault.keep("theirs", "x", hosts=[], by=people.mallory().identity)
    page = client.get(address(Tool, "change", tool.pk)).content.decode()
    assert "<settings-form" in page
    assert "<schema-table>" in page
    assert "weather-key" in page
    assert "a-value-to-hide" not in page
    assert "theirs" not in page
    assert f'<tool-try id="try" class="panel" data-tool="{tool.pk}"' in page
    assert 'type="module"' in page


def test_who_may_only_look_gets_neither_form_nor_panel(tool: Tool) -> None:
    page = staff(people.bob()).get(address(Tool, "change", tool.pk)).content.decode()
    assert "weather-key" not in page
    assert "<settings-form" not in page
    assert "<tool-try" not in page


def test_nothing_typed_is_lost_by_an_error(client: Client, tool: Tool) -> None:
    path = address(Tool, "change", tool.pk)
    sent = filled(client, path, description="Changed too.")
    for typed, words in MISTAKES:
        refused = client.post(path, {**sent, "configuration": typed})
        assert refused.status_code == 200
        form = refused.context["adminform"].form
        assert words in str(form.errors.get("configuration") or form.errors), typed[:60]
        assert form["configuration"].value() == typed
        assert form["description"].value() == "Changed too."
    tool.refresh_from_db()
    assert tool.configuration == SETTINGS


def test_a_name_that_cannot_be_is_told_at_the_name_whatever_else_is_wrong(client: Client) -> None:
    path = address(Tool, "add")
    page = client.post(path, filled(client, path, name="Bad name!", description="Tells.", category=""))
    errors = page.context["adminform"].form.errors
    assert errors["name"] == [WRONG_NAME]
    assert set(errors) == {"name", "category"}


def test_what_is_written_elsewhere_is_not_written_here(client: Client) -> None:
    about = {"name": "calculate", "description": "Adds.", "category": "math", "tool_type": "builtin"}
    tool = catalog.register(about, by=people.carol().identity)
    path = address(Tool, "change", tool.pk)
    page = client.get(path)
    form = page.context["adminform"].form
    assert form.fields["input_schema"].disabled
    assert form.fields["configuration"].help_text == settings_forms.WRITTEN_ELSEWHERE["builtin"]
    assert client.post(path, filled(client, path, configuration='{"x": 1}')).status_code == 302
    tool.refresh_from_db()
    assert tool.configuration == {}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("web_search", {"/engine": "choice", "/url": "text", "/secret": "secret", "/results": "number"}),
        ("send_email", {"/allowed_domains": "lines", "/max_recipients": "number", "/footer": "text"}),
        ("bash", {"/network": "lines"}),
    ],
)
def test_what_a_built_in_tool_lets_choose_has_a_form(
    name: str, kinds: dict[str, str], client: Client
) -> None:
    about = {"name": name, "description": "Does it.", "category": "web", "tool_type": "builtin"}
    tool = catalog.register(about, by=people.carol().identity)
    form = settings_forms.of("builtin", name)
    assert form is not None
    found = {field["at"]: field["kind"] for group in form["groups"] for field in group["fields"]}
    assert kinds.items() <= found.items()
    path = address(Tool, "change", tool.pk)
    fields = client.get(path).context["adminform"].form.fields
    assert (fields["configuration"].disabled, fields["input_schema"].disabled) == (False, True)
    if name != "bash":
        assert "works as it comes" in fields["configuration"].help_text


def test_what_a_built_in_tool_was_told_is_stored(client: Client) -> None:
    about = {"name": "web_search", "description": "Searches.", "category": "web", "tool_type": "builtin"}
    tool = catalog.register(about, by=people.carol().identity)
    path = address(Tool, "change", tool.pk)
    sent = filled(client, path, configuration='{"results": 5}')
    assert client.post(path, sent).status_code == 302
    tool.refresh_from_db()
    assert tool.configuration == {"results": 5}


def places(fields: list[dict[str, Any]]) -> set[str]:
    return {field["at"].split("/")[1] for field in fields}


def test_the_form_of_http_tools_knows_what_they_know() -> None:
    """A new setting of the executor belongs into the form, or into this list with a reason."""
    only_json = {"fixed"}  # Any JSON at all, at any depth: a form would be JSON again.
    fields = [field for group in settings_forms.FORMS["http"]["groups"] for field in group["fields"]]
    assert places(fields) == set(shape.SCHEMA["properties"]) - only_json
    columns = next(field for field in fields if field["kind"] == "placements")["columns"]
    known = set(shape.SCHEMA["properties"]["parameters"]["additionalProperties"]["properties"])
    assert {column["key"] for column in columns} == known - {"explode"}
    signing = next(field for field in fields if field["kind"] == "several")["columns"]
    assert {column["key"] for column in signing} == set(
        shape.SCHEMA["properties"]["auth"]["items"]["properties"]
    )


def test_every_form_belongs_to_an_executor() -> None:
    assert set(settings_forms.FORMS) <= set(executors.registered()) | set(Tool.Executor.values)
    assert not set(settings_forms.FORMS) & set(settings_forms.WRITTEN_ELSEWHERE)


def test_as_whom_a_tool_can_be_tried_is_told_of_ours_alone(tool: Tool) -> None:

    by = people.carol().identity
    agent = personas.register({"name": "clerk", "model": "m", "system_prompt": "x"}, by=by)
    personas.register({"name": "theirs", "model": "m", "system_prompt": "x"}, by=people.mallory().identity)
    people.bob()
    client = people.carol().api()
    told = client.get(f"/api/tools/{tool.pk}/try").json()
    assert told["personas"] == [{"id": agent.pk, "name": "Clerk", "granted": False, "enabled": True}]
    assert [each["name"] for each in told["people"]] == ["Bob"]
    personas.grant(agent, tool, {}, by=by)
    assert client.get(f"/api/tools/{tool.pk}/try").json()["personas"][0]["granted"] is True


def test_the_catalog_is_linted_on_a_page(client: Client, tool: Tool) -> None:
    path = reverse("admin:tools_app_tool_lint")
    page = client.get(path).content.decode()
    assert "Nobody says what days means." in page
    assert f'href="{address(Tool, "change", tool.pk)}"' in page
    fine = {**EMPTY, "name": "hammer", "description": "Drives one nail into one wall. Use it for pictures."}
    catalog.register(fine, by=people.carol().identity)
    page = client.get(path).content.decode()
    assert (
        page.index("Nobody says what days means.")
        < page.index("Nothing to remark about")
        < page.index(">hammer<")
    )
    assert "No tool is called that." in client.get(path + "?q=nothing\x00&page=99").content.decode()
    assert path in client.get("/admin/").content.decode()
    assert staff(people.bob()).get(path).status_code == 403
    assert "weather" not in people.mallory().browser().get(path).content.decode()


def test_the_lists_of_five_hundred_tools_ask_no_question_per_tool(
    client: Client, tool: Tool, django_assert_max_num_queries: Any
) -> None:
    about = {"category": "web", "tool_type": "custom", "executor": "http", "description": "Tells."}
    rows = [
        Tool(name=f"many_{i}", organization=people.toolroom(), definition=tool.definition, **about)
        for i in range(500)
    ]
    Tool.objects.bulk_create(rows)
    for page in (reverse("admin:tools_app_tool_lint"), address(Tool, "change", tool.pk)):
        with django_assert_max_num_queries(20):
            assert client.get(page).status_code == 200


def test_an_archived_tool_is_offered_to_nobody(client: Client, tool: Tool) -> None:
    asked = {"app_label": "agents_app", "model_name": "agenttoolconfig", "field_name": "tool", "term": "wea"}
    where = reverse("admin:autocomplete")
    assert [each["text"] for each in client.get(where, asked).json()["results"]] == ["weather"]
    Tool.objects.filter(pk=tool.pk).update(archived_at="2026-01-01T00:00:00Z")
    assert client.get(where, asked).json()["results"] == []
    assert people.mallory().browser().get(where, asked).json()["results"] == []
