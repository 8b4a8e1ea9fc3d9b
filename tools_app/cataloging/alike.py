"""Names a reader, or a model, takes for one another: other case, other signs, other script, or one slip apart. Pure."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import Final

# Letters and digits that are drawn alike; each stands for all of its group.
_DRAWN_ALIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "2": "z", "8": "b", "|": "l"})
_LOOKS_LIKE: Final = str.maketrans(
    dict(zip("аеорсухіјѕһԁԛԝɡαορνικτυ", "aeopcyxijshdqwgaopviktu", strict=True))
)
_NO_DIGITS: Final = str.maketrans("", "", "0123456789")
_SEPARATORS: Final = str.maketrans("", "", "_-. ")
# A slip in a short name makes another word: "get" and "set" are no look-alikes.
_SLIP_FROM: Final = 6


@lru_cache(maxsize=20_000)
def skeleton(name: str) -> str:
    """What is left of a name when everything that is hard to see is taken out of it."""
    plain = unicodedata.normalize("NFKC", name).casefold().translate(_LOOKS_LIKE)
    return plain.translate(_SEPARATORS).replace("rn", "m").replace("vv", "w").translate(_DRAWN_ALIKE)


def pairs(names: Iterable[str]) -> dict[str, list[str]]:
    """The look-alikes of each name that has some. Near linear: every name is looked up by its own pieces."""
    found: dict[str, set[str]] = defaultdict(set)
    for group in _groups(sorted(set(names))):
        for one, other in combinations(group, 2):
            if _are_alike(one, other):
                found[one].add(other)
                found[other].add(one)
    return {name: sorted(others) for name, others in sorted(found.items())}


def like(name: str, names: Iterable[str]) -> list[str]:
    """The look-alikes of one name, without comparing all others among themselves."""
    return sorted({other for other in names if other != name and _are_alike(name, other)})


def _groups(names: Iterable[str]) -> Iterator[list[str]]:
    """Names that share a skeleton, or become equal when at most one letter of each is left out."""
    buckets: dict[str, list[str]] = defaultdict(list)
    for name in names:
        bone = skeleton(name)
        buckets[bone].append(name)
        if len(name) >= _SLIP_FROM:
            for key in {bone[:at] + bone[at + 1 :] for at in range(len(bone))} - {bone}:
                buckets[key].append(name)
    yield from (group for group in buckets.values() if len(group) > 1 and not _is_series(group))


def _is_series(group: list[str]) -> bool:
    """Only numbers tell them apart: step_1, step_2 and so on are many, and nobody mistakes them."""
    letters, digits = {_letters(name) for name in group}, {_digits(name) for name in group}
    return len(letters) == 1 and len(digits) == len(group)


def _are_alike(one: str, other: str) -> bool:
    if skeleton(one) == skeleton(other):
        return _letters(one) != _letters(other) or _digits(one) == _digits(other)
    if min(len(one), len(other)) < _SLIP_FROM or abs(len(one) - len(other)) > 1:
        return False
    # One slip apart; but a series differs in its digits only, and is meant to.
    return _one_slip(one, other) and _letters(one) != _letters(other)


@lru_cache(maxsize=20_000)
def _letters(name: str) -> str:
    return name.translate(_NO_DIGITS)


@lru_cache(maxsize=20_000)
def _digits(name: str) -> str:
    return "".join(sign for sign in name if sign.isdigit())


def _one_slip(one: str, other: str) -> bool:
    """One letter more, another one, or two neighbours exchanged."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    at = next((i for i, sign in enumerate(short) if sign != long[i]), len(short))
    if len(long) > len(short):
        return short[at:] == long[at + 1 :]
    swapped = short[:at] + short[at : at + 2][::-1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long
