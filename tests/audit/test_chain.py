"""The chain is pure: any edit, deletion, reordering, insertion or cut shows, without a database."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from audit_app import chain

Entry = tuple[dict[str, Any], int, str, str]


def written(count: int) -> list[Entry]:
    entries: list[Entry] = []
    previous = chain.START
    for seq in range(1, count + 1):
        body = {"seq": seq, "action": "x", "facts": {"number": seq % 3, "text": "ä"}}
        own = chain.link(body, previous)
        entries.append((body, seq, previous, own))
        previous = own
    return entries


def test_whole_chain_has_no_break() -> None:
    assert chain.first_break([]) is None
    for count in (1, 2, 50):
        assert chain.first_break(written(count)) is None


@pytest.mark.parametrize("at", [0, 1, 5, 9])
@pytest.mark.parametrize("field", range(4))
def test_any_changed_field_shows(at: int, field: int) -> None:
    entries = written(10)
    body, seq, previous, own = entries[at]
    changed: list[Entry] = [
        ({**body, "action": "y"}, seq, previous, own),
        (body, seq + 100, previous, own),
        (body, seq, "f" * 64, own),
        (body, seq, previous, "f" * 64),
    ]
    entries[at] = changed[field]
    assert chain.first_break(entries) in {at + 1, at + 101}


def test_edit_with_a_fresh_hash_of_its_own_shows_at_the_next() -> None:
    entries = written(10)
    body, seq, previous, _ = entries[4]
    forged = {**body, "action": "y"}
    entries[4] = (forged, seq, previous, chain.link(forged, previous))
    assert chain.first_break(entries) == 6


@pytest.mark.parametrize("at", range(9))
def test_any_deletion_shows(at: int) -> None:
    entries = written(10)
    del entries[at]
    assert chain.first_break(entries) == at + 2


def test_cut_tail_shows_against_the_head() -> None:
    entries = written(10)
    head = entries[-1][3]
    assert chain.first_break(entries[:7]) is None
    assert entries[6][3] != head


@given(some.integers(0, 9), some.integers(0, 9))
def test_any_reordering_shows(one: int, other: int) -> None:
    entries = written(10)
    entries[one], entries[other] = entries[other], entries[one]
    assert (chain.first_break(entries) is None) is (one == other)


@pytest.mark.parametrize("at", range(10))
def test_insertion_and_repetition_show(at: int) -> None:
    entries = written(10)
    entries.insert(at, entries[at])
    assert chain.first_break(entries) is not None


def test_order_of_keys_and_spelling_of_numbers_do_not_matter() -> None:
    body = {"b": 1, "a": {"d": 2.0, "c": "x"}}
    same = {"a": {"c": "x", "d": 2}, "b": 1.0}
    assert chain.link(body, chain.START) == chain.link(same, chain.START)
    assert chain.link(body, chain.START) != chain.link({**body, "b": "1"}, chain.START)


def test_hash_depends_on_what_came_before() -> None:
    hashes = {chain.link({"a": 1}, f"{random.Random(seed).random()}") for seed in range(50)}
    assert len(hashes) == 50
