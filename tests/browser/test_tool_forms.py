"""The admin's tool form in the browser: an HTTP API becomes a tool without JSON, and is tried dry and really."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.live import Live
from tests.people import PASSWORD, Person, adam
from tests.tools.executors.fake_site import FakeSite
from tools_app.models import Tool, ToolCall

PATIENCE = 20_000
READ = """async (text) => {
  const { read, lineOf, placeOf, write } = await import("/static/js/lib/json-text.js");
  const found = read(text);
  const { problem } = found;
  const place = problem ? lineOf(text, problem.at) : lineOf(text, placeOf(found.places, "/b/1/c"));
  return [problem?.message ?? null, place.line, place.column, problem ? null : write(found.value), found.exact];
}"""
CHANGE = """async ([value, pointer, wanted]) => {
  const { set } = await import("/static/js/lib/json-path.js");
  set(value, pointer, wanted ?? undefined);
  return value;
}"""

PLACES: list[tuple[str, list[Any]]] = [
    ('{"a": 1, "b": [0, {"c": 2}]}', [None, 1, 20]),
    ('{"a": 1,\n "b": [0,\n  {"c": 2}]}', [None, 3, 4]),
    ('{"a": 1, "a": 2}', ["“a” is used twice.", 1, 10]),
    ('{"a": 1,}', ["There is a comma too many.", 1, 8]),
    ('{"a": 01}', ["“01” is neither a text in quotes, a number, true, false nor null.", 1, 7]),
    ("{'a': 1}", ["A name in double quotes belongs here.", 1, 2]),
    ('{"a": "x\ny"}', ["This text does not end on its line, or has a sign that must be escaped.", 1, 7]),
    ('{"a": NaN}', ["“NaN” is neither a text in quotes, a number, true, false nor null.", 1, 7]),
    ('{"a": 1} x', ["There is more after the end.", 1, 10]),
    ('{"a" 1}', ["A colon belongs after the name.", 1, 6]),
    ('{"a": [1 2]}', ["A comma or ] belongs here.", 1, 10]),
    ('{"a": ', ["Something is missing at the end.", 1, 7]),
    ("[" * 10_000, ["Nested too deeply.", 1, 66]),
    ('{"a": "\\ud800"}', [None, 1, 1]),
]
CHANGES: list[tuple[Any, str, Any, Any]] = [
    ({}, "/response/next/pick", "/x", {"response": {"next": {"pick": "/x"}}}),
    ({"response": {"next": {"pick": "/x"}}}, "/response/next/pick", None, {}),
    (
        {"response": {"next": {"pick": "/x"}, "new": 1}},
        "/response/next/pick",
        None,
        {"response": {"new": 1}},
    ),
    ({}, "/response/pick", None, {}),
    ({"a": {}}, "/a/b~1c", 1, {"a": {"b/c": 1}}),
]


def in_the_admin(page: Page, person: Person, path: str) -> None:
    page.goto(f"/accounts/login/?next={path}")
    page.get_by_label("Username").fill(person.user.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{path}")
    expect(page.locator("json-editor:defined").first).to_be_attached(timeout=PATIENCE)


def test_an_api_becomes_a_tool_and_is_tried(page: Page, live_app: Live, live_site: FakeSite) -> None:
    live_site.says(
        "/v1/Oslo", json.dumps({"now": {"sky": "sunny"}}).encode(), "Content-Type: application/json"
    )
    in_the_admin(page, adam(), "/admin/tools_app/tool/add/")
    filled_in(page, live_site)
    page.get_by_role("button", name="Save and continue editing").click()
    page.wait_for_url("**/change/", timeout=PATIENCE)
    tool = Tool.objects.get(name="weather")
    assert tool.configuration == {
        "method": "GET",
        "url": live_site.url("/v1/{city}"),
        "parameters": {"days": "query"},
        "response": {"pick": "/now"},
    }
    assert tool.input_schema["required"] == ["city"]
    assert tool.input_schema["properties"]["days"] == {
        "type": "integer",
        "description": "How many.",
        "default": 3,
    }
    tried(page)
    assert live_site.requests[-1][0] == "GET /v1/Oslo?days=2 HTTP/1.1"
    assert ToolCall.objects.get(tool=tool).session_id.startswith("try:")


def filled_in(page: Page, site: FakeSite) -> None:
    page.locator("#id_name").fill("weather")
    page.locator("#id_description").fill("Tells the weather of a city for the next days.")
    page.locator("#id_category").fill("web")
    for number, (name, meaning) in enumerate((("city", "Name of the city."), ("days", "How many."))):
        page.get_by_role("button", name="Add a parameter").click()
        row = page.locator(".made-parameter").nth(number)
        row.get_by_label("Name", exact=True).fill(name)
        row.get_by_label("What it means").fill(meaning)
    days = page.locator(".made-parameter").nth(1)
    days.get_by_label("Type").select_option("integer")
    days.get_by_label("If left out").fill("3")
    days.get_by_label("Required").uncheck()
    page.get_by_label("Method").select_option("GET")
    page.get_by_label("Address").fill(site.url("/v1/{town}"))
    page.get_by_label("Part to show (JSON Pointer)").fill("/now")
    problems = page.locator(".bench__problems")
    expect(problems).to_contain_text("/parameters/town", timeout=PATIENCE)
    page.get_by_label("Address").fill(site.url("/v1/{city}"))
    page.get_by_label("Place of days").select_option("query")
    expect(problems).to_be_empty(timeout=PATIENCE)
    expect(page.locator(".bench__seen").first).to_contain_text('"Name of the city."')
    expect(page.locator(".bench__weight")).to_contain_text("tokens")


def tried(page: Page) -> None:
    panel = page.locator("tool-try")
    panel.get_by_role("button", name="What would happen?").click()
    expect(panel.locator(".try__verdict")).to_have_text("It would be refused.", timeout=PATIENCE)
    panel.get_by_role("button", name="Give it to this persona").click()
    expect(panel.locator(".try__verdict")).to_have_text("It would run at once.", timeout=PATIENCE)
    page.locator("#id_requires_approval").check()
    expect(panel.get_by_role("button", name="Really use it")).to_be_disabled()
    expect(panel.get_by_text("Save first: only what is saved")).to_be_visible()
    panel.get_by_role("button", name="What would happen?").click()
    expect(panel.locator(".try__verdict")).to_have_text("It would ask a person first.", timeout=PATIENCE)
    page.locator("#id_requires_approval").uncheck()
    panel.get_by_label("Arguments").fill('{"city": "Oslo", "days": 2}')
    panel.get_by_role("button", name="Really use it").click()
    expect(panel.locator(".try__state")).to_contain_text("Done", timeout=PATIENCE)
    expect(panel.get_by_label("Result")).to_contain_text("sunny")


def test_the_form_and_the_json_are_one_text(page: Page, live_app: Live) -> None:
    in_the_admin(page, adam(), "/admin/tools_app/tool/add/")
    settings = page.locator(".json-field").nth(1)
    box, note = settings.locator("textarea"), settings.locator(".view__note")
    settings.get_by_role("button", name="JSON").click()
    written = {
        "method": "PUT",
        "url": "https://api.example/",
        "newer": [1, {"deep": True}],
        "errors": {"404": "No."},
    }
    box.fill(json.dumps(written))
    settings.get_by_role("button", name="Form", exact=True).click()
    expect(settings.get_by_label("Method")).to_have_value("PUT")
    expect(settings.get_by_text("kept as it is: newer")).to_be_visible()
    settings.get_by_label("Seconds for the whole request").fill("7.5")
    settings.get_by_label("Sentence").fill("Nothing there.")
    changed = {**written, "errors": {"404": "Nothing there."}, "timeout_seconds": 7.5}
    assert json.loads(box.input_value()) == changed
    settings.get_by_role("button", name="JSON").click()
    box.fill('{"method": "GET",\n  "timeout_seconds": 99999999999999999999}')
    expect(note).to_contain_text("a number that a form would change")
    box.fill('{"method": "GET",\n  "url" }')
    expect(settings.locator(".code__problems")).to_contain_text(
        "Line 2, column 9 A colon belongs after the name."
    )
    expect(settings.get_by_role("button", name="Form", exact=True)).to_be_disabled()
    box.press("Tab")
    expect(box).not_to_be_focused()


def test_json_is_read_with_its_places_and_written_as_it_was(page: Page) -> None:
    """One page for all cases: each would else begin with the whole installation."""
    page.goto("/accounts/login/")
    for text, found in PLACES:
        assert page.evaluate(READ, text)[:3] == found, text[:80]
    odd = {"__proto__": {"x": 1}, "constructor": None, "": [], "a/b~c": "\u2028 é 🔍", "n": [1.5, -2e-7, 0]}
    _, _, _, again, exact = page.evaluate(READ, json.dumps(odd))
    assert (json.loads(again), exact) == (odd, True)
    assert page.evaluate(READ, '{"n": 9007199254740993}')[4] is False
    large = json.dumps({f"p{number}": {"type": "string"} for number in range(20_000)})
    assert page.evaluate(READ, large)[0] is None
    for value, pointer, wanted, then in CHANGES:
        assert page.evaluate(CHANGE, [value, pointer, wanted]) == then
