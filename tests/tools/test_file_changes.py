"""Changing files through the gate: the difference is on the card, and only the file it was made of is changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from agents_app.showing import cards
from tests import gate, people
from tests.gate import Gate
from tests.tools.asking import run_it, yes
from tools_app import approvals, builtin_tools
from tools_app.approving import instead
from tools_app.exceptions import DigestMismatch, InvalidEdit
from tools_app.models import Tool, ToolCall

pytestmark = pytest.mark.django_db

EDIT = {"path": "plan.txt", "old_text": "Monday", "new_text": "Tuesday"}
Change = Callable[[Path], Any]


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    settings.FILE_ROOTS = settings.WRITABLE_FILE_ROOTS = [tmp_path]
    (tmp_path / "plan.txt").write_text("Meet on Monday.\n")
    return tmp_path


def granted(name: str, grant: dict[str, Any] | None = None) -> Gate:
    tool = builtin_tools.named(name)
    flags = {"is_dangerous": tool.is_dangerous, "requires_approval": tool.requires_approval}
    schema = dict(tool.definition.input_schema)
    kind = {"tool_type": "builtin", "executor": "builtin", "category": "filesystem", "input_schema": schema}
    return gate.opened(grant, name=name, description=tool.definition.description, **kind, **flags)


def test_card_shows_the_difference_and_the_yes_makes_it(root: Path) -> None:
    call = granted("edit_file").ask(EDIT)
    shown = {row["name"]: row["value"] for row in cards.approval(gate.question(call), call)["card"]}
    assert shown[cards.PREVIEW] == (
        "--- plan.txt\n+++ plan.txt\n@@ -1,1 +1,1 @@\n-Meet on Monday.\n+Meet on Tuesday."
    )
    assert (root / "plan.txt").read_text() == "Meet on Monday.\n"
    yes(call)
    call = run_it(call)
    assert (call.status, call.result_text.split("\n")[0]) == ("succeeded", "Replaced 1 place in plan.txt.")
    assert (root / "plan.txt").read_text() == "Meet on Tuesday.\n"


def test_what_could_not_be_done_is_said_on_the_card_and_to_the_model(root: Path) -> None:
    call = granted("edit_file").ask({**EDIT, "old_text": "Friday"})
    card = cards.approval(gate.question(call), call)["card"]
    assert card[-1]["value"].startswith("Nothing would change: The old text does not occur")
    yes(call)
    call = run_it(call)
    assert (call.status, call.reason) == ("failed", "cannot_edit")


def written(root: Path) -> None:
    (root / "plan.txt").write_text("Meet on Monday. Bring money.\n")


def written_in_place(root: Path) -> None:
    """The same file, of the same length: only its content tells."""
    with (root / "plan.txt").open("r+") as file:
        file.write("Flee")


def exchanged(root: Path) -> None:
    (root / "other.txt").write_text("Meet on Monday.\n")
    (root / "other.txt").replace(root / "plan.txt")


def gone(root: Path) -> None:
    (root / "plan.txt").unlink()


CHANGES = (written, written_in_place, exchanged, gone)


@pytest.mark.parametrize("change", CHANGES)
def test_file_that_changed_after_the_yes_is_left_alone(root: Path, change: Change) -> None:
    call = granted("edit_file").ask(EDIT)
    approval = yes(call)
    change(root)
    was = {path.name: path.read_bytes() for path in root.iterdir()}
    call = run_it(call)
    approval.refresh_from_db()
    assert (approval.status, call.status, call.reason) == ("superseded", "blocked", "definition_changed")
    assert {path.name: path.read_bytes() for path in root.iterdir()} == was


@pytest.mark.parametrize("change", CHANGES)
def test_file_that_changed_while_it_was_asked_about_voids_the_question(root: Path, change: Change) -> None:
    call = granted("edit_file").ask(EDIT)
    question = gate.question(call)
    change(root)
    with pytest.raises(DigestMismatch):
        approvals.approve(question, digest=question.digest, by=gate.fresh(people.bob().identity))
    assert ToolCall.objects.get(pk=call.pk).reason == "definition_changed"


def test_new_file_that_somebody_else_made_meanwhile_voids_the_yes(root: Path) -> None:
    call = granted("write_file").ask({"path": "new.txt", "content": "mine"})
    yes(call)
    (root / "new.txt").write_text("theirs")
    assert run_it(call).reason == "definition_changed"
    assert (root / "new.txt").read_text() == "theirs"


def test_whoever_approves_reads_no_other_file_by_naming_it(root: Path) -> None:
    """The card of a changed use shows what its file holds: so only who asked says which file that is."""
    (root / "salaries.txt").write_text("Ana 100000")
    question = gate.question(granted("write_file").ask({"path": "new.txt", "content": "x"}))
    sent: dict[str, Any] = {"digest": question.digest, "by": people.bob().identity}
    with pytest.raises(InvalidEdit) as refused:
        instead.edit(question, arguments={"path": "salaries.txt", "content": "-"}, **sent)
    assert refused.value.code == "other_file"
    made = instead.edit(question, arguments={"path": "new.txt", "content": "y"}, **sent)
    assert made.call.arguments["content"] == "y"


def test_of_two_edits_of_one_file_the_second_is_asked_anew(root: Path) -> None:
    at = granted("edit_file")
    first, second = at.ask(EDIT), at.ask({**EDIT, "old_text": "Meet", "new_text": "Eat"})
    yes(first)
    yes(second)
    assert [run_it(call).status for call in (first, second)] == ["succeeded", "blocked"]
    assert (root / "plan.txt").read_text() == "Meet on Tuesday.\n"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("../plan.txt", "climb"),
        ("/etc/motd", "outside"),
        ("link", "leads out"),
        ("hard", "more than one name"),
        (".", "folder"),
    ],
)
def test_what_may_never_be_changed_is_not_asked_about(root: Path, path: str, words: str) -> None:
    (root / "link").symlink_to("/etc/motd")
    (root / "hard").hardlink_to(root / "plan.txt")
    call = granted("edit_file").ask({**EDIT, "path": path})
    assert (call.status, call.reason) == ("blocked", "hard_limit")
    assert words in call.reason_text


@pytest.mark.parametrize(
    ("name", "arguments"), [("edit_file", EDIT), ("write_file", {"path": "new.txt", "content": ""})]
)
def test_folder_that_is_only_read_is_not_changed(
    root: Path, settings: Settings, name: str, arguments: dict[str, Any]
) -> None:
    settings.WRITABLE_FILE_ROOTS = []
    call = granted(name).ask(arguments)
    assert (call.status, call.reason) == ("blocked", "hard_limit")
    assert "WRITABLE_FILE_ROOTS" in call.reason_text


def test_older_row_without_the_note_binds_the_content_all_the_same(root: Path) -> None:
    at = granted("edit_file")
    texts = {name: {"type": "string"} for name in EDIT}
    old = {"type": "object", "properties": {**texts, "path": {"type": "string", "x-kind": "path"}}}
    Tool.objects.filter(pk=at.tool.pk).update(definition={"input_schema": old})
    call = at.ask(EDIT)
    yes(call)
    written_in_place(root)
    assert run_it(call).reason == "definition_changed"


def test_what_is_denied_in_a_folder_denies_looking_through_it(root: Path) -> None:
    (root / "secrets").mkdir()
    (root / "public").mkdir()
    (root / "alias").symlink_to("secrets")
    at = granted("list_files", {"denied_parameters": {"path": ["secrets"]}})
    assert at.ask({"path": "public"}).status == "queued"
    for path in (".", "secrets", f"{root}", f"{root}/secrets"):
        call = at.ask({"path": path})
        assert (call.status, call.reason) == ("blocked", "denied_parameter"), path
    # Where the kernel does not help no link is followed at all.
    assert at.ask({"path": "alias"}).reason in ("denied_parameter", "hard_limit")


def _rows(call: ToolCall, who: people.Person | None) -> dict[str, str]:
    card = cards.approval(gate.question(call), call, who.identity if who else None)["card"]
    return {row["name"]: row["value"] for row in card}


def test_who_may_not_decide_reads_no_file_by_asking_to_write_it(root: Path) -> None:
    """Else a question that is withdrawn again would be a way to read."""
    at = granted("write_file")
    Tool.objects.filter(pk=at.tool.pk).update(approver=Tool.Approver.OTHER)
    call = at.ask({"path": "plan.txt", "content": "x"})
    for reader in (None, people.alice()):
        assert _rows(call, reader)[cards.PREVIEW] == "Shown to those who decide about it."
    assert "-Meet on Monday." in _rows(call, people.bob())[cards.PREVIEW]
    assert "-Meet on Monday." in _rows(call, people.olga())[cards.PREVIEW]
    told = people.alice().api().get(f"/api/approvals/{gate.question(call).pk}").content.decode()
    assert "Monday" not in told


def test_the_file_behind_a_link_is_named(root: Path) -> None:
    (root / "secret").mkdir()
    (root / "secret/plan.txt").write_text("the plan")
    (root / "welcome.txt").symlink_to("secret/plan.txt")
    at = gate.opened(requires_approval=True)
    assert _rows(at.ask({"path": "welcome.txt"}), None)["path means"] == "secret/plan.txt"
    for plain in ("plan.txt", "./plan.txt", str(root / "plan.txt")):
        assert "path means" not in _rows(at.ask({"path": plain}), None)
