"""Where an address redirects to is judged by the rules of the grant, as if the model had named it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.tools.executors.fake_site import FakeSite
from tools_app import executors, policy
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import Work

WHOLE: dict[str, Any] = {"method": "GET", "url": "{to}", "redirects": "any"}


def further(parameter: str, **rules: Any) -> policy.Further:
    tool = policy.ToolFacts(1, "fetch", "hash", kinds={parameter: "url"})
    return policy.Further(tool, (policy.Layer(policy.Source("grant", 1, "Ana"), **rules),))


def used(url: str, judge: policy.Further | None, executor: str = "http") -> str:
    name, settings = ("web_fetch", {}) if executor == "builtin" else ("fetch", WHOLE)
    given = {"url" if executor == "builtin" else "to": url}
    work = Work(name, executor, {}, settings, judge=judge)
    return executors.of(executor).execute(work, given, ToolContext()).text


@pytest.mark.parametrize(("executor", "parameter"), [("http", "to"), ("builtin", "url")])
def test_a_redirect_to_a_denied_host_is_not_followed(
    site: FakeSite, other: FakeSite, executor: str, parameter: str
) -> None:
    site.redirects("/start", other.url("/end"))
    other.says("/end", b"reached", "Content-Type: text/plain")
    start = site.url("/start")
    assert "reached" in used(start, further(parameter), executor)
    for rules in ({"denied": {parameter: [other.url("/end")]}}, {"allowed": {parameter: [start]}}):
        with pytest.raises(ToolFailed) as refused:
            used(start, further(parameter, **rules), executor)
        assert refused.value.code == "denied_parameter"
    assert len(other.requests) == 1
    both = [start, other.url("/end")]
    assert "reached" in used(start, further(parameter, allowed={parameter: both}), executor)


@pytest.mark.parametrize(("executor", "parameter"), [("http", "to"), ("builtin", "url")])
def test_a_redirect_cannot_ask_a_person(
    site: FakeSite, other: FakeSite, executor: str, parameter: str
) -> None:
    site.redirects("/start", other.url("/end"))
    other.says("/end", b"reached", "Content-Type: text/plain")
    start, end = site.url("/start"), other.url("/end")
    said = {"same": {}, "match": {parameter: [{"url": site.url("/")}]}, "open": []}
    asking = further(parameter, ask_when={parameter: [end]})
    sparing = replace(further(parameter), spared_by=policy.Standing(1, said))
    for judge, why in ((asking, "has a person asked"), (sparing, "from now on")):
        with pytest.raises(ToolFailed, match=why) as refused:
            used(start, judge, executor)
        assert refused.value.code == "denied_parameter"
    assert not other.requests
    assert "reached" in used(end, asking, executor), "about the address itself somebody was asked"


def test_a_rule_that_cannot_be_read_refuses() -> None:
    assert further("to", denied={"to": {"regex": "x"}})("to", "https://a.example/")
    assert further("to", denied={"to": ["a.example"]})("to", "https://b.example/") == ""


@pytest.mark.parametrize(("executor", "parameter"), [("http", "to"), ("builtin", "url")])
def test_what_a_host_stands_for_is_judged_when_it_is_connected_to(
    site: FakeSite, settings: Any, executor: str, parameter: str
) -> None:
    site.says("/page", b"reached", "Content-Type: text/plain")
    page = site.url("/page").replace("127.0.0.1", "localhost")
    settings.EGRESS_EXCEPTIONS = [
        *settings.EGRESS_EXCEPTIONS,
        site.endpoint.replace("127.0.0.1", "localhost"),
    ]
    judge = further(parameter, denied={"kind:url": ["127.0.0.1"]})
    assert judge(parameter, page) == "", "by its name it is another host"
    with pytest.raises(ToolFailed) as refused:
        used(page, judge, executor)
    assert refused.value.code == "denied_parameter"
    assert not site.requests
    harmless = {"kind:url": ["192.0.2.1", {"regex": "127"}], "other": ["127.0.0.1"]}
    assert "reached" in used(page, further(parameter, denied=harmless), executor)
    assert further(parameter, denied={parameter: 5}).address(parameter, "192.0.2.1", page), (
        "unreadable refuses"
    )
