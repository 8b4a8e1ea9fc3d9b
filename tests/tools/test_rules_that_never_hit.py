"""Texts that look like a limit and would never be met: refused on saving, an error of policy where they are stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.test_rules import denied, not_allowed
from tools_app import rules

NEVER = [
    ("path", "*.key"),
    ("path", "**/.env"),
    ("path", "secret/*/x"),
    ("path", "a/*/b/*"),
    ("path", "se?ret"),
    ("path", "[ab]/x"),
    ("path", "~/secret"),
    ("path", "$HOME/secret"),
    ("path", "../secret"),
    ("path", "file:/etc"),
    ("email", "evil.*"),
    ("email", "*"),
    ("email", "ann*@evil.com"),
    ("email", "nobody"),
    ("email", "Ann <ann@evil.com>"),
    ("url", "*"),
    ("url", "evil.*"),
    ("url", "*evil.com"),
    ("url", "ev il.com"),
    ("host", "10.0.*.*"),
    ("host", "10.0.0.0/99"),
    ("host", "/etc"),
]


@pytest.mark.parametrize(("kind", "text"), NEVER)
def test_a_denial_that_never_hits_is_no_rule(kind: str, text: str) -> None:
    kinds = {"x": kind}
    for rule in (
        {"x": [text]},
        {f"kind:{kind}": ["good.org", text]},
        {"/x/*": [text]},
        {"x": [{"each": [text]}]},
    ):
        with pytest.raises(rules.UnknownRule, match="would ever be denied"):
            rules.check(rule, kinds=kinds)
        with pytest.raises(rules.UnknownRule):
            denied(rule, {"y": 1}, kinds)
        # Who does not know the tool leaves it to who does.
        rules.check(rule, lenient=True)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("path", "secret/*", "secret/a.key"),
        ("path", "secret/**", "secret/deep/a.key"),
        ("path", "/*", "/etc"),
        ("path", "file:///etc", "/etc/passwd"),
        ("email", "*@evil.com", "a@evil.com"),
        ("email", "*.ru", "a@x.ru"),
        ("email", "@intranet", "a@intranet"),
        ("url", "93.184.0.0/16", "https://93.184.216.34/"),
        ("url", "https://*.evil.com/", "https://a.evil.com/"),
        ("url", "evil.com/*", "https://evil.com/x"),
        ("url", "evil.com:*", "https://evil.com/x"),
        ("host", "", ""),
    ],
)
def test_what_people_write_means_what_they_mean(kind: str, text: str, value: Any) -> None:
    if value is not None:
        assert denied({"x": [text]}, {"x": value}, {"x": kind}) == ["x"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("path", "reports/*"),
        ("path", "~/x"),
        ("path", "file:///srv"),
        ("path", "../x"),
        ("url", "10.0.0.0/8"),
        ("url", "x.*"),
        ("host", "*"),
        ("email", "x.*"),
        ("email", "nobody"),
        ("path", ""),
    ],
)
def test_an_allowance_that_nothing_meets_is_no_rule(kind: str, text: str) -> None:
    with pytest.raises(rules.UnknownRule, match="nothing would be allowed"):
        rules.check({"x": [text]}, allowing=True, kinds={"x": kind})
    with pytest.raises(rules.UnknownRule):
        not_allowed({"x": [text]}, {"x": "https://x.org/"}, {"x": kind})


@pytest.mark.parametrize("explicit", [{"path_under": "*.key"}, {"path_under": "~"}, {"host": "10.0.0.0/33"}])
def test_the_same_where_the_operator_is_named(explicit: Any) -> None:
    assert not rules.is_sound({"x": [explicit]})


def test_a_text_for_any_parameter_is_what_it_is_to_each() -> None:
    kinds = {"x": "url", "y": "text"}
    rules.check({"*": ["rm -rf"], "/**": ["*.key"]}, kinds=kinds)
    assert denied({"*": ["rm -rf"]}, {"x": "https://x.org/", "y": "rm -rf /"}, kinds) == ["y"]
