"""Every line of the source documents (S0 to S4) is named by a test or a runnable example, or excused here.

Tests name lines in their words, such as S1.40 or S3.29-33. What has no test must say why, so that it cannot be
forgotten; what has one by now must not be excused any longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).name
# How many lines each document has.
LINES = {"S0": 53, "S1": 44, "S2": 88, "S3": 104, "S4": 247}
NAMED = re.compile(r"\b(S[0-4])\.(\d+)(?:\s?[-–]\s?(?:S[0-4]\.)?(\d+))?((?:/\d+)*)")
PLANNER = "There is no planner yet: a goal is not turned into steps by the product."
# Phases of work, expected gains and references: they describe no behaviour that a test could look at.
PLAN = "The plan and the reasons of the document, not something the product does."
EXCUSED = {
    **dict.fromkeys((("S4", number) for number in range(194, 218)), PLAN),
    **dict.fromkeys((("S2", number) for number in range(70, 80)), PLANNER),
    ("S2", 46): PLANNER,
    ("S2", 88): PLANNER,
}


def lines_in(text: str) -> Iterator[tuple[str, int]]:
    for found in NAMED.finditer(text):
        first, last = int(found[2]), int(found[3] or found[2])
        yield from ((found[1], number) for number in range(first, last + 1))
        yield from ((found[1], int(number)) for number in found[4].split("/") if number)


def named() -> set[tuple[str, int]]:
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("tools_app/examples/**/*.py")]
    return {
        line for path in files if path.name != HERE for line in lines_in(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("document", LINES)
def test_every_line_is_shown_or_excused(document: str) -> None:
    shown = named() | set(EXCUSED)
    assert [number for number in range(1, LINES[document] + 1) if (document, number) not in shown] == []


def test_nothing_is_excused_that_is_shown_and_no_line_is_made_up() -> None:
    found = named()
    assert sorted(found & set(EXCUSED)) == []
    assert sorted(f"{name}.{number}" for name, number in found if number > LINES[name]) == []


def test_how_lines_are_named() -> None:
    said = "S1.40, S3.29-33 and S2.52/55, not S5.1 or S10.1"
    assert set(lines_in(said)) == {("S1", 40), *(("S3", n) for n in range(29, 34)), ("S2", 52), ("S2", 55)}
