"""Two who change one tool at the same moment, with real transactions: one wins, and the other is told so by type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from project.accounts.exceptions import NotFound
from tests import gate, people
from tests.tools.racing import chain_is_whole
from tests.tools.test_catalog import registered
from tools_app import catalog
from tools_app.cataloging import cases, drafts
from tools_app.exceptions import DraftChanged, DraftOutdated, ToolChanged
from tools_app.models import Tool, ToolDraft, ToolVersion

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 6


def outcomes(said: Sequence[Any]) -> Counter[str]:
    return Counter(type(each).__name__ for each in said)


def numbers(tool: Tool) -> list[int]:
    return list(ToolVersion.objects.filter(tool=tool).order_by("number").values_list("number", flat=True))


def whole(tool: Tool) -> bool:
    """The newest version is what the row holds, and no number is missing or there twice."""
    newest = ToolVersion.objects.filter(tool=tool).order_by("-number")[0]
    current = Tool.objects.get(pk=tool.pk)
    return newest.content_hash == current.content_hash() and numbers(tool) == list(
        range(1, newest.number + 1)
    )


def draft_of(tool: Tool, text: str) -> ToolDraft:
    return drafts.propose(tool, {"description": text}, by=people.carol().identity, source="person")


def publishing(draft: ToolDraft) -> Callable[[], Any]:
    by = people.carol().identity
    row = ToolDraft.objects.select_related("tool").get(pk=draft.pk)
    return lambda: drafts.publish(row, by=by)


def test_a_draft_is_published_once() -> None:
    tool = registered()
    for number in range(ROUNDS):
        draft = draft_of(tool, f"Round {number}.")
        said = gate.at_once(*[publishing(draft) for _ in range(4)])
        assert outcomes(said) == {"Tool": 1, "DraftChanged": 3}, said
    assert numbers(tool) == list(range(1, ROUNDS + 2))
    assert whole(tool)
    assert chain_is_whole()


def test_publishing_against_an_update_loses_neither() -> None:
    tool, adam = registered(), people.adam().identity
    for number in range(ROUNDS):
        draft = draft_of(tool, f"Draft {number}.")
        said = gate.at_once(
            publishing(draft), lambda n=number: catalog.update(tool, {"description": f"Edit {n}."}, by=adam)
        )
        current = Tool.objects.get(pk=tool.pk)
        # Either the draft came first and was then edited, or it learned that it is outdated: never over the edit.
        assert current.description == f"Edit {number}."
        assert isinstance(said[0], Tool | DraftOutdated), said
        if isinstance(said[0], DraftOutdated):
            drafts.discard(ToolDraft.objects.get(), by=adam)
    assert whole(tool)


def test_going_back_against_an_update_that_both_looked_loses_neither() -> None:
    tool, adam, carol = registered(), people.adam().identity, people.carol().identity
    catalog.update(tool, {"description": "Second."}, by=carol)
    first = ToolVersion.objects.get(tool=tool, number=1)
    for number in range(ROUNDS):
        seen = numbers(tool)[-1]
        said = gate.at_once(
            lambda s=seen: catalog.rollback(tool, first, by=carol, expected=s),
            lambda s=seen, n=number: catalog.update(tool, {"description": f"Edit {n}."}, by=adam, expected=s),
        )
        assert outcomes(said)["ToolChanged"] == 1 or _was_no_change(said), said
        catalog.update(tool, {"description": f"Between {number}."}, by=carol)
    assert whole(tool)


def _was_no_change(said: Sequence[Any]) -> bool:
    """Going back to what a tool is already writes nothing, so it stands in nobody's way."""
    return not any(isinstance(each, Exception) for each in said)


def test_of_two_edits_of_one_version_one_is_told() -> None:
    tool, who = registered(), (people.carol().identity, people.adam().identity)
    for number in range(ROUNDS):
        seen = numbers(tool)[-1]
        said = gate.at_once(
            *[
                lambda s=seen, b=by, n=number: catalog.update(
                    tool, {"description": f"{b.display_name} {n}."}, by=b, expected=s
                )
                for by in who
            ]
        )
        assert outcomes(said) == {"Tool": 1, "ToolChanged": 1}, said
        lost = next(each for each in said if isinstance(each, ToolChanged))
        assert [each["field"] for each in lost.details["changes"]] == ["description"]
    assert numbers(tool) == list(range(1, ROUNDS + 2))
    assert whole(tool)


def test_two_proposals_of_one_source_make_one_draft() -> None:
    tool, by = registered(), people.carol().identity
    said = gate.at_once(
        *[
            lambda n=number: drafts.propose(tool, {"description": f"{n}."}, by=by, source="mcp")
            for number in range(4)
        ]
    )
    assert outcomes(said) == {"ToolDraft": 4}, said
    assert ToolDraft.objects.get().revision == 4


def test_a_draft_read_twice_is_changed_once() -> None:
    tool, by = registered(), people.carol().identity
    draft = draft_of(tool, "First.")
    rows = [ToolDraft.objects.select_related("tool").get(pk=draft.pk) for _ in range(3)]
    said = gate.at_once(
        *[lambda r=row, n=n: drafts.edit(r, {"description": f"{n}."}, by=by) for n, row in enumerate(rows)]
    )
    assert outcomes(said) == {"ToolDraft": 1, DraftChanged.__name__: 2}, said


def test_a_tool_removed_while_its_case_runs_or_changes_blocks_nobody() -> None:
    at, by = gate.opened(), people.carol().identity
    for number in range(ROUNDS):
        tool = registered(name=f"weather-{number}", definition={"input_schema": {"type": "object"}})
        fields = {"name": "refused", "agent_type_id": at.agent.pk, "expectation": {"outcome": "refused"}}
        case = cases.add(tool, fields, by=by)
        said = gate.at_once(
            lambda c=case: cases.run(c, by=by),
            lambda c=case: cases.change(c, {"name": "again"}, by=by),
            lambda t=tool: catalog.archive(t, by=by),
        )
        errors = {type(each) for each in said if isinstance(each, Exception)}
        assert errors <= {NotFound}, said
        assert not Tool.objects.filter(pk=tool.pk).exists()
