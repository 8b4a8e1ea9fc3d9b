"""web_search asks the engine that is configured, reads its real format with care, and says clearly what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.tools.builtin_tools.pages import searching
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app import arguments, builtin_tools, executors
from tools_app.builtin_tools import search_engines
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import Credential, ToolResult, Work

PAINT = ("All about <b>paint</b>", "https://example.org/paint?a=1&b=ü", "<b>Paint</b> dries &amp; peels.")
HTML = "Content-Type: text/html; charset=UTF-8"
JSON = "Content-Type: application/json"


@pytest.fixture
def site(settings: Settings) -> Iterator[FakeSite]:
    with fake_site() as found:
        settings.EGRESS_EXCEPTIONS = [found.endpoint]
        yield found


def search(configuration: dict[str, Any], query: str = "paint", key: str = "", **more: Any) -> ToolResult:
    definition = builtin_tools.named("web_search").definition
    given = {"query": query, **more}
    assert arguments.problems(definition.input_schema, given) == []
    held = {"brave-key": Credential(key, ("api.search.brave.com",))} if key else {}
    work = Work("web_search", "builtin", definition.as_json(), configuration, credentials=held)
    return executors.of("builtin").execute(work, given, ToolContext(tool_name="web_search"))


def asked(site: FakeSite) -> str:
    return site.requests[-1][0]


def test_duckduckgo_needs_no_configuration(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    body = searching.duckduckgo(PAINT, ("Second", "http://example.com/", ""), PAINT)
    monkeypatch.setattr(search_engines.DuckDuckGo, "address", site.says("/html/", body, HTML))
    found = search({}, "paint & ü", since="week")
    assert found.text == (
        "[1] All about paint\nhttps://example.org/paint?a=1&b=ü\nPaint dries & peels.\n\n"
        "[2] Second\nhttp://example.com/"
    )
    assert found.data["engine"] == "DuckDuckGo"
    assert [each["url"] for each in found.data["results"]] == [PAINT[1], "http://example.com/"]
    assert asked(site) == "GET /html/?q=paint%20%26%20%C3%BC&kp=-1&df=w HTTP/1.1"


def test_results_can_be_cited(site: FakeSite) -> None:
    found = search(
        {"url": site.says("/html/", searching.duckduckgo(PAINT, ("Bare", "https://b.example/", "")), HTML)}
    )
    assert found.blocks[0] == {
        "type": "search_result",
        "source": PAINT[1],
        "title": "All about paint",
        "content": [{"type": "text", "text": "Paint dries & peels."}],
        "citations": {"enabled": True},
    }
    assert found.blocks[1]["content"] == [{"type": "text", "text": "Bare"}]


def test_as_many_as_wanted(site: FakeSite) -> None:
    many = [(f"Page {number}", f"https://example.org/{number}", "") for number in range(30)]
    url = site.says("/html/", searching.duckduckgo(*many), HTML)
    assert len(search({"url": url}).data["results"]) == 8
    assert len(search({"url": url, "results": 3}).data["results"]) == 3
    assert len(search({"url": url, "results": 3}, max_results=20).data["results"]) == 20


def test_nothing_found_is_said(site: FakeSite) -> None:
    found = search({"url": site.says("/html/", searching.NOTHING, HTML)}, "zzzz")
    assert found.text == "DuckDuckGo found nothing for 'zzzz'. Try other or fewer words."
    assert not found.blocks


@pytest.mark.parametrize("status", ["202 Accepted", "200 OK"])
def test_being_taken_for_a_robot_is_said(site: FakeSite, status: str) -> None:
    url = site.says("/html/", searching.ROBOT, HTML, status=status)
    with pytest.raises(ToolFailed, match="administrator can choose SearXNG or Brave") as told:
        search({"url": url})
    assert (told.value.code, told.value.retryable) == ("search_unavailable", True)


def test_searxng_answers_in_json(site: FakeSite) -> None:
    site.says("/search", searching.SEARXNG, JSON)
    found = search(
        {"engine": "searxng", "url": site.url("/"), "safe_search": "strict", "language": "en"}, since="day"
    )
    assert found.text == (
        "[1] All about paint\nhttps://example.org/paint\nDate: 2026-03-01\nPaint is a liquid that dries.\n\n"
        "[2] Example\nhttps://example.com/"
    )
    assert asked(site) == ("GET /search?q=paint&format=json&safesearch=2&time_range=day&language=en HTTP/1.1")


def test_searxng_without_json_says_what_to_do(site: FakeSite) -> None:
    site.says("/search", b"<h1>Forbidden</h1>", HTML, status="403 Forbidden")
    with pytest.raises(ToolFailed, match=r"add json to search\.formats"):
        search({"engine": "searxng", "url": site.url("/")})


def test_brave_gets_its_key_in_a_header(site: FakeSite) -> None:
    url = site.says("/res/v1/web/search", searching.BRAVE, JSON)
    found = search({"engine": "brave", "secret": "brave-key", "url": url}, key="BSA-123", max_results=5)
    assert found.text == (
        "[1] All about paint\nhttps://example.org/paint\nDate: 2026-03-01\nPaint is a liquid 'that' dries."
    )
    assert asked(site) == "GET /res/v1/web/search?q=paint&count=5&safesearch=moderate HTTP/1.1"
    assert site.requests[-1][1]["x-subscription-token"] == "BSA-123"
    assert "BSA-123" not in json.dumps([found.text, found.data, list(found.blocks)])


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "422 Unprocessable Entity"])
def test_a_key_that_is_refused_is_the_administrators_business(site: FakeSite, status: str) -> None:
    url = site.says("/res", b'{"type": "ErrorResponse"}', JSON, status=status)
    with pytest.raises(ToolFailed, match="does not accept the key"):
        search({"engine": "brave", "secret": "brave-key", "url": url}, key="x")


def test_a_missing_secret_is_said(site: FakeSite) -> None:
    with pytest.raises(ToolFailed, match="its secret is missing") as told:
        search({"engine": "brave", "secret": "brave-key", "url": site.url("/")})
    assert told.value.code == "not_configured"
    assert site.requests == []


@pytest.mark.parametrize("engine", ["duckduckgo", "searxng", "brave"])
@pytest.mark.parametrize(
    ("status", "body", "retryable"),
    [
        ("429 Too Many Requests", b"{}", True),
        ("503 Away", b"<html>", True),
        ("200 OK", b"[" * 100_000, False),
        ("200 OK", b'{"results": "no", "web": 7}', False),
        ("200 OK", b"\x00\xff\xfe", False),
        ("200 OK", b"", False),
        ("200 OK", b"<div>" * 100_000, False),
        ("200 OK", b'<a class="result__a" href="https://e.example/">' * 20_000, False),
        (
            "200 OK",
            b'{"results": [1, {"url": 5}, {"url": "https://["}, {"url": "javascript:1"}], "web": {"results": [null]}}',
            False,
        ),
        ("200 OK", b"x" * 1_500_000, False),
    ],
    ids=["busy", "broken", "deep", "odd", "binary", "empty", "nested", "unclosed", "addresses", "long"],
)
def test_whatever_it_answers_is_an_answer(
    site: FakeSite, engine: str, status: str, body: bytes, retryable: bool
) -> None:
    url = site.says("/search" if engine == "searxng" else "/", body, status=status)
    settings = {"engine": engine, "url": site.url("/") if engine == "searxng" else url}
    settings |= {"secret": "brave-key"} if engine == "brave" else {}
    said = told_of(settings, key="k" if engine == "brave" else "")
    if isinstance(said, ToolFailed):
        assert said.code in ("search_unavailable", "not_text")
        assert said.retryable is retryable
    else:
        assert "found nothing" in said.text


def told_of(settings: dict[str, Any], key: str) -> ToolResult | ToolFailed:
    try:
        return search(settings, key=key)
    except ToolFailed as failed:
        return failed


def test_no_way_to_the_net_is_said(settings: Settings) -> None:
    settings.EGRESS_EXCEPTIONS = ["127.0.0.1:9"]
    with pytest.raises(ToolFailed, match="cannot be reached from this installation") as told:
        search({"url": "http://127.0.0.1:9/"})
    assert "another search engine" in told.value.message


def test_private_addresses_stay_closed() -> None:
    with pytest.raises(ToolFailed) as told:
        search({"engine": "searxng", "url": "https://10.0.0.1/"})
    assert told.value.code == "egress_refused"


SCHEMA = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"engine": "google"}, "/engine"),
        ({"engine": "searxng"}, "/url"),
        ({"engine": "brave"}, "/secret"),
        ({"secret": "brave-key"}, "/secret"),
        ({"engine": "searxng", "url": "https://10.0.0.1/"}, "/url"),
        ({"engine": "searxng", "url": "ftp://searx.example/"}, "/url"),
        ({"results": 0}, "/results"),
        ({"results": 21}, "/results"),
        ({"language": "english"}, "/language"),
        ({"safe_search": True}, "/safe_search"),
        ({"key": "BSA-123"}, "key"),
    ],
)
def test_a_wrong_configuration_is_refused_when_it_is_saved(settings: dict[str, Any], told: str) -> None:
    assert told in executors.problems("builtin", settings, SCHEMA, "web_search")[0]
    assert executors.problems("builtin", {}, SCHEMA, "web_search") == []
    assert executors.readiness("builtin", "web_search", {}) == (True, "")


def test_where_it_goes_and_with_which_secret_is_known_beforehand() -> None:
    """So that the secret's own list of hosts holds, and a person who is asked sees it."""
    settings = {"engine": "brave", "secret": "brave-key"}
    assert executors.secrets("builtin", settings, "web_search") == ("brave-key",)
    goal = executors.reach("builtin", settings, {"query": "x"}, "web_search")
    assert goal is not None
    assert (goal.url.host, goal.shown) == (
        "api.search.brave.com",
        "Brave Search: GET https://api.search.brave.com/res/v1/web/search",
    )
    assert executors.secrets("builtin", {}, "calculate") == ()
    ready, why = executors.readiness("builtin", "web_search", {"engine": "brave"})
    assert (ready, "secret" in why) == (False, True)
