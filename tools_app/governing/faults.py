"""Everything in a rule that cannot be evaluated, each with the parameter and the matcher it stands at.

The gate needs to know only whether it can be; whoever writes a rule wants all that is wrong with it at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools_app import rules

# More than anybody mends at a time.
_MOST: Final = 12
_NONE: Final[Mapping[str, str]] = {}


def told(
    rule: Any, *, allowing: bool = False, kinds: Mapping[str, str] = _NONE, lenient: bool = False
) -> str:
    """One sentence that names each of them; "" for a rule that can be evaluated, by the checks of the gate itself."""
    known = {"allowing": allowing, "kinds": kinds, "lenient": lenient}
    problem = _problem(rule, known)
    if not problem:
        return ""
    found = list(_each(rule, known)) if isinstance(rule, Mapping) else []
    shown = [*found[:_MOST], *(["and more"] if len(found) > _MOST else [])]
    return f"This rule cannot be evaluated: {'; '.join(shown) or problem}."


def _each(rule: Mapping[Any, Any], known: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in rule.items():
        if _problem({name: True}, known) or not isinstance(wanted, list):
            places = [(str(name), {name: wanted})]
        else:
            places = [(f"{name}, matcher {n}", {name: [each]}) for n, each in enumerate(wanted, 1)]
        yield from (f"{place}: {why}" for place, part in places if (why := _problem(part, known)))


def _problem(rule: Any, known: Mapping[str, Any]) -> str:
    try:
        rules.check(rule, **known)
    except rules.UnknownRule as unknown:
        return str(unknown)
    return ""
