"""What rules leave of a parameter, for whoever is shown it. It decides nothing: a call is judged by its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools_app.rules import matchers, places
from tools_app.rules.matchers import Seen


def speaking(rule: Mapping[str, Any], name: str, kind: str) -> list[str]:
    """What in an allow rule speaks of a whole parameter: its name and its kind, else what it says of all others."""
    said = [place for place in rule if places.speaks_of(place, name, kind)]
    if said or places.ANY not in rule:
        return said
    in_parts = any(places.is_pointer(place) and places.names(place) == name for place in rule)
    return [] if in_parts else [places.ANY]


def spoken(rule: Mapping[str, Any], name: str, kind: str) -> list[Any]:
    return [rule[place] for place in speaking(rule, name, kind)]


def is_refused_whole(denied: Any, name: str, kind: str) -> bool:
    """Whether a deny rule refuses the parameter whatever its value."""
    if not isinstance(denied, list | Mapping):
        return False
    wanted = denied if isinstance(denied, Mapping) else dict.fromkeys(map(str, denied), True)
    return any(
        said is True or said == []
        for place, said in wanted.items()
        if place == places.ANY or places.speaks_of(str(place), name, kind)
    )


def may_be_given(allowed: Any, name: str, kind: str) -> bool:
    """Whether an allow rule leaves anything of the parameter."""
    if not isinstance(allowed, list | Mapping):
        return True
    wanted = allowed if isinstance(allowed, Mapping) else dict.fromkeys(map(str, allowed), True)
    said = spoken(wanted, name, kind)
    in_parts = any(places.is_pointer(place) and places.names(place) in ("*", name) for place in wanted)
    return all(each != [] for each in said) if said else in_parts


def values(rule: Any, name: str, kind: str, *, in_list: bool = False) -> list[Any] | None:
    """All values an allow rule leaves to a parameter, if it lists them one by one; else None.

    Of a list those that each element may have; none of them where the rule speaks of values that no list is.
    """
    if not isinstance(rule, Mapping):
        return None
    said = spoken(rule, name, kind)
    lists = [
        found
        for found in (_of_elements(each, kind) if in_list else _listed(each, kind) for each in said)
        if found
    ]
    if not lists:
        return [] if in_list and any(_listed(each, kind) for each in said) else None
    whole = ([value] if in_list else value for value in lists[0])
    seen = [Seen(each, kind) for each in whole]
    fits = [all(matchers.allows(wanted, each) for wanted in said) for each in seen]
    return [value for value, is_left in zip(lists[0], fits, strict=True) if is_left]


def _of_elements(wanted: Any, kind: str) -> list[Any] | None:
    if not isinstance(wanted, list) or not all(
        isinstance(each, Mapping) and "each" in each for each in wanted
    ):
        return None
    lists = [_listed(matcher["each"], kind) for matcher in wanted]
    return None if None in lists else [value for each in lists for value in each or ()]


def _listed(wanted: Any, kind: str) -> list[Any] | None:
    if not isinstance(wanted, list) or not wanted:
        return None
    found: list[Any] = []
    for matcher in wanted:
        operator = matchers.operator_of(matcher, kind, allowing=True)
        if operator not in ("equals", "one_of"):
            return None
        value = next(iter(matcher.values())) if isinstance(matcher, Mapping) else matcher
        found.extend(value if operator == "one_of" else [value])
    return found
