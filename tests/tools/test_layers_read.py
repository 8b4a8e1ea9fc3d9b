"""Which rules are in force, as rows and the operator's file say: now, and as they would be after a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import people
from tools_app.governing import installation_policy, layers
from tools_app.models import PolicyRule

pytestmark = pytest.mark.django_db


def rule(pk: int | None, name: str, **fields: Any) -> PolicyRule:
    told = {"organization_id": people.toolroom().pk, "forbids": True, **fields}
    return PolicyRule(pk=pk, name=name, **told)


def named(found: Any) -> list[tuple[int, str]]:
    return [(each.layer.source.id, each.layer.source.name) for each in found]


def test_rules_of_another_organization_are_not_ours() -> None:
    here, there = people.toolroom().pk, people.elsewhere().pk
    rule(1, "Ours").save()
    rule(2, "Theirs", organization_id=there).save()
    rule(3, "Switched off", enabled=False).save()
    assert named(layers.rules_of(here)) == [(1, "Ours")]
    assert named(layers.rules_of(there)) == [(2, "Theirs")]


@pytest.mark.parametrize(
    ("pk", "fields", "then"),
    [
        (None, {}, [(1, "One"), (2, "Two"), (0, "New")]),
        (None, {"enabled": False}, [(1, "One"), (2, "Two")]),
        (2, {}, [(1, "One"), (2, "New")]),
        (1, {}, [(2, "Two"), (1, "New")]),
        (2, {"enabled": False}, [(1, "One")]),
    ],
)
def test_the_rules_as_they_would_be(pk: int | None, fields: dict[str, Any], then: list[Any]) -> None:
    rule(1, "One").save()
    rule(2, "Two").save()
    assert named(layers.supposing(rule(pk, "New", **fields))) == then


def test_rules_nobody_can_read_are_reported_and_shown_as_none(
    tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Pages go on; the gate itself refuses every use."""
    settings.POLICY_FILE, settings.POLICY_FILE_IS_NAMED = str(tmp_path / "gone.toml"), True
    here = people.toolroom().pk
    with pytest.raises(installation_policy.PolicyUnreadable):
        layers.rules_of(here)
    assert layers.readable_rules(here) == ()
    assert f"the rules of the organization {here} cannot be read" in caplog.text
