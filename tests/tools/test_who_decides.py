"""How many people, of which groups, must say yes: the strictest of all demands, and every group named."""

from __future__ import annotations

from typing import Any

import pytest

from tools_app.approving import deciders, groups
from tools_app.approving.deciders import ANYBODY, Demand, Voice

PLAIN = Demand("tool")
OTHER = Demand("tool", other=True)
TWO = Demand("tool", count=2)
MONEY = Demand("grant", groups=("money",))
MONEY_TWO = Demand("organization", count=2, groups=("money",))
LAW = Demand("organization", groups=("law",))
BOTH = Demand("tool", count=2, groups=("law", "money"))

ANN, BEN, CAT = Voice("1", frozenset({"money"})), Voice("2", frozenset({"law"})), Voice("3")
DAN = Voice("4", frozenset({"money", "law"}))
EVA, FAY = (Voice(name, frozenset({"heads"}), stands_in=True) for name in "56")


@pytest.mark.parametrize(
    ("demands", "needed"),
    [
        ([], {ANYBODY: 1}),
        ([PLAIN], {ANYBODY: 1}),
        ([OTHER], {ANYBODY: 1}),
        ([PLAIN, TWO], {ANYBODY: 2}),
        ([TWO, Demand("grant", count=3)], {ANYBODY: 3}),
        ([PLAIN, MONEY], {"money": 1}),
        ([MONEY, MONEY_TWO], {"money": 2}),
        ([MONEY, LAW], {"money": 1, "law": 1}),
        ([TWO, MONEY], {ANYBODY: 2, "money": 1}),
        ([BOTH], {"law": 2, "money": 2}),
        ([BOTH, MONEY, PLAIN], {"law": 2, "money": 2}),
    ],
)
def test_the_strictest_number_of_each_wins(demands: list[Demand], needed: dict[str, int]) -> None:
    assert deciders.needed(demands) == needed
    assert deciders.needed(demands[::-1]) == needed


@pytest.mark.parametrize(
    ("demands", "voices", "missing"),
    [
        ([], [], {ANYBODY: 1}),
        ([], [CAT], {}),
        ([TWO], [CAT], {ANYBODY: 1}),
        ([TWO], [CAT, CAT], {ANYBODY: 1}),
        ([TWO], [CAT, ANN], {}),
        ([MONEY], [CAT, BEN], {"money": 1}),
        ([MONEY], [ANN], {}),
        ([MONEY, LAW], [ANN], {"law": 1}),
        ([MONEY, LAW], [ANN, BEN], {}),
        ([MONEY, LAW], [DAN], {}),
        # To whom it was handed on stands in for one person of one group, and not for two.
        ([MONEY], [EVA], {}),
        ([MONEY, LAW], [EVA], {"money": 1}),
        ([MONEY, LAW], [EVA, EVA], {"money": 1}),
        ([MONEY, LAW], [EVA, FAY], {}),
        ([MONEY, LAW], [ANN, EVA], {}),
        ([MONEY, LAW], [BEN, EVA], {}),
        ([MONEY, LAW], [CAT, EVA], {"money": 1}),
        ([BOTH], [EVA, FAY], {"money": 2}),
        ([BOTH], [EVA, FAY, DAN], {}),
        ([TWO, MONEY], [EVA], {ANYBODY: 1}),
        ([TWO, MONEY], [ANN], {ANYBODY: 1}),
        ([TWO, MONEY], [CAT, BEN], {"money": 1}),
        ([TWO, MONEY], [CAT, ANN], {}),
        ([BOTH], [DAN, ANN], {"law": 1}),
        ([BOTH], [DAN, ANN, BEN], {}),
    ],
)
def test_every_demand_must_be_met_by_different_people(
    demands: list[Demand], voices: list[Voice], missing: dict[str, int]
) -> None:
    assert deciders.missing(demands, voices) == missing


@pytest.mark.parametrize(
    ("demands", "voice", "may"),
    [
        ([], CAT, True),
        ([TWO], CAT, True),
        ([MONEY], CAT, False),
        ([MONEY], ANN, True),
        ([MONEY, LAW], BEN, True),
        ([TWO, MONEY], CAT, True),
    ],
)
def test_whose_word_counts(demands: list[Demand], voice: Voice, may: bool) -> None:
    assert deciders.may_speak(demands, voice) is may


@pytest.mark.parametrize(
    ("demands", "sentence"),
    [
        ([PLAIN], ""),
        ([OTHER], "Another person than who asked has to approve it."),
        ([TWO], "2 people have to approve it."),
        ([OTHER, TWO], "2 people have to approve it, none of them the one who asked."),
        ([MONEY], "1 person of money has to approve it."),
        ([MONEY, LAW], "1 person of law and 1 person of money have to approve it."),
        ([TWO, MONEY], "1 person of money and 2 people in all have to approve it."),
        ([MONEY_TWO, OTHER], "2 people of money have to approve it, not who asked."),
        ([TWO, MONEY, LAW], "1 person of law, 1 person of money and 2 people in all have to approve it."),
        ([MONEY_TWO, LAW], "1 person of law and 2 people of money have to approve it."),
        ([TWO, OTHER, MONEY], "1 person of money and 2 people in all have to approve it, not who asked."),
    ],
)
def test_it_is_said_in_words(demands: list[Demand], sentence: str) -> None:
    assert deciders.told(demands) == sentence


@pytest.mark.parametrize("stored", [[{}], [{"layer": "x"}], [{"layer": "x", "other": 1, "count": "no"}], 5])
def test_demands_that_cannot_be_read_let_nobody_decide(stored: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        deciders.read(stored)


@pytest.mark.parametrize(
    ("demand", "plain"),
    [
        (PLAIN, True),
        (Demand("tool", count=1), True),
        (OTHER, False),
        (TWO, False),
        (MONEY, False),
        (MONEY_TWO, False),
    ],
)
def test_a_demand_is_plain_if_every_question_asks_for_as_much(demand: Demand, plain: bool) -> None:
    assert demand.is_plain is plain


@pytest.mark.parametrize(
    ("count", "may"), [(1, True), (20, True), (21, False), (0, False), (True, False), ("2", False)]
)
def test_more_than_twenty_people_are_asked_for_by_nobody(count: Any, may: bool) -> None:
    """Nor less than one; what is no list of names is told besides, before any name is looked up."""
    assert ("approvals_needed" not in groups.problems(1, count=count, named="no list")) is may


def test_a_layer_that_says_nothing_asks_for_one_person_whoever_it_is() -> None:
    assert Demand("tool").as_json() == {"layer": "tool", "other": False, "count": 1, "groups": []}
    assert Voice("1").groups == frozenset()


def test_more_people_than_named_groups_have_are_asked_for_besides() -> None:
    assert (
        deciders.needed([MONEY, PLAIN]) == deciders.needed([MONEY, Demand("grant", count=1)]) == {"money": 1}
    )
    assert deciders.needed([MONEY, LAW, Demand("grant", count=3)]) == {ANYBODY: 3, "law": 1, "money": 1}
    assert not deciders.another_person([PLAIN, TWO, MONEY])


def test_what_is_stored_is_what_was_demanded() -> None:
    demands = (PLAIN, OTHER, BOTH, MONEY_TWO)
    assert MONEY_TWO.as_json() == {"layer": "organization", "other": False, "count": 2, "groups": ["money"]}
    assert deciders.read([each.as_json() for each in demands]) == demands
