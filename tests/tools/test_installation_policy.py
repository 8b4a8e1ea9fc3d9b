"""The operator's file of rules: read again when it changes, and whatever is wrong with it refuses every call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from project import checks
from tests import gate, people
from tools_app import policy
from tools_app.explain import trying
from tools_app.governing import installation_policy
from tools_app.governing.installation_policy import PolicyUnreadable

GOOD = """
[[rules]]
name = "No mail to strangers"
for_tools = ["ledger*"]
message = "Ask the office."
denied_parameters = { line = ["stranger"], "kind:email" = ["example.net"] }

[[rules]]
name = "Look at what is dangerous"
for_flags = ["dangerous"]
requires_approval = true
enabled = false
"""


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    path = tmp_path / "policy.toml"
    settings.POLICY_FILE, settings.POLICY_FILE_IS_NAMED = str(path), True
    return path


def test_rules_are_read_in_their_order(file: Path) -> None:
    file.write_text(GOOD)
    (only,) = installation_policy.rules()
    assert str(only.layer.source) == "installation:1"
    assert only.layer.message == "Ask the office."
    assert str(only.selector) == "ledger*"


def test_a_changed_file_is_read_again(file: Path) -> None:
    file.write_text(GOOD)
    assert len(installation_policy.rules()) == 1
    file.write_text(GOOD.replace("enabled = false", "enabled = true"))
    os.utime(file, (1, 1))
    assert len(installation_policy.rules()) == 2


@pytest.mark.parametrize(
    "text",
    [
        "rules = 3",
        "[[rules]]\nforbids = true",
        '[[rules]]\nname = "x"',
        '[[rules]]\nname = "x"\nforbids = "yes"',
        '[[rules]]\nname = "x"\nforbids = true\nforbid = true',
        '[[rules]]\nname = "x"\nforbids = true\nfor_flags = ["danger"]',
        '[[rules]]\nname = "x"\ndenied_parameters = { x = [{ like = "y" }] }',
        '[[rules]]\nname = "x"\ndenied_parameters = { x = [1979-05-27] }',
        '[[rules]]\nname = "x"\ndenied_parameters = { x = [nan] }',
        '[[rules]]\nname = "x"\nforbids = true\nenabled = 0',
        "[other]\nx = 1",
        "not toml",
        "\udcff",
    ],
)
def test_what_is_wrong_anywhere_makes_all_of_it_unreadable(file: Path, text: str) -> None:
    file.write_bytes(
        (GOOD + text).encode("utf-8", "surrogateescape") if "rules = 3" not in text else text.encode()
    )
    with pytest.raises(PolicyUnreadable) as told:
        installation_policy.rules()
    assert str(file) in told.value.message


@pytest.mark.parametrize("text", [GOOD, "", "not toml"])
def test_a_file_that_was_there_once_must_stay(file: Path, settings: Any, text: str) -> None:
    settings.POLICY_FILE_IS_NAMED = False
    assert installation_policy.rules() == ()
    file.write_text(text)
    try:
        found = installation_policy.rules()
    except PolicyUnreadable:
        found = ()
    file.unlink()
    for _ in range(2):
        with pytest.raises(PolicyUnreadable, match="was there and is gone"):
            installation_policy.rules()
    file.write_text(text or GOOD)
    os.utime(file, (2, 2))
    if text != "not toml":
        assert len(installation_policy.rules()) == 1
    assert len(found) == (text == GOOD)


def test_where_no_note_can_be_left_the_rules_hold_all_the_same(
    file: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.POLICY_FILE_IS_NAMED = False
    file.write_text(GOOD)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refused)
    assert len(installation_policy.rules()) == 1
    assert "name it in POLICY_FILE" in caplog.text


def test_a_file_that_is_named_must_be_there(file: Path, settings: Any) -> None:
    with pytest.raises(PolicyUnreadable, match="no file"):
        installation_policy.rules()
    settings.POLICY_FILE_IS_NAMED = False
    assert installation_policy.rules() == ()


@pytest.mark.django_db
def test_the_gate_obeys_it_and_refuses_everything_when_it_breaks(file: Path) -> None:
    file.write_text(GOOD)
    door = gate.opened()
    assert said(door, "friend").word == "allow"
    refused = said(door, "Stranger")
    assert isinstance(refused.decision, policy.Refuse)
    assert refused.decision.code == "denied_parameter"
    assert refused.decision.message.endswith("Ask the office.")
    file.write_text("[[rules]]\nbroken")
    os.utime(file, (2, 2))
    assert said(door, "friend").decision == policy.UNREADABLE


def said(door: gate.Gate, line: str) -> Any:
    who = trying.asked(people.carol().identity, agent_type_id=door.agent.pk)
    return trying.decide(door.tool, f'{{"line": "{line}"}}', who)


@pytest.mark.parametrize(
    ("said", "warned"),
    [
        ('for_tools = ["bash"]\ndenied_parameters = { command = ["sudo"] }', True),
        ('for_tools = ["ba*"]\ndenied_parameters = { "/command" = ["sudo"] }', True),
        (
            'for_categories = ["code"]\nfor_flags = ["dangerous"]\ndenied_parameters = { command = ["sudo"] }',
            True,
        ),
        ('denied_parameters = { command = ["sudo"] }', True),
        ('denied_parameters = { "kind:command" = ["sudo"] }', True),
        ('denied_parameters = { "*" = ["sudo"] }', True),
        ('for_tools = ["bash"]\nrequires_approval = true\ndenied_parameters = { command = ["sudo"] }', False),
        ('for_tools = ["bash"]\ndenied_parameters = { command = [] }', False),
        ('for_tools = ["web_fetch"]\ndenied_parameters = { command = ["sudo"] }', False),
        ('for_tools = ["web_fetch"]\ndenied_parameters = { url = ["evil.example"] }', False),
        ('for_executors = ["http"]\ndenied_parameters = { command = ["sudo"] }', False),
    ],
)
def test_the_operator_is_warned_of_texts_that_only_advise(file: Path, said: str, warned: bool) -> None:
    file.write_text(f'[[rules]]\nname = "No root"\n{said}\n')
    (rule,) = installation_policy.rules()
    assert installation_policy.only_advises(rule) is warned
    assert [each.id for each in checks.rules_can_be_read()] == (["toolroom.W005"] if warned else [])
