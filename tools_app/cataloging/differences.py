"""Pure: what differs between two snapshots of a tool, field by field, as a person can read it.

Texts, schemas and other JSON come as a unified diff with nothing invisible in it; it is only as good as what is seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools_app.approving.visible import visible_text
from tools_app.builtin_tools import changes

# What matters most to a model and to policy comes first; what is not listed follows by name.
ORDER: Final = (
    *("name", "description", "input_schema", "examples", "configuration", "tool_type", "executor"),
    *("is_dangerous", "requires_approval", "approver", "approvals_needed", "approver_groups"),
    *("approval_seconds", "requires_auth"),
    *(
        "required_permissions",
        "rate_limit",
        "rate_limit_observed",
        "concurrent_limit",
        "person_daily_limit",
        "daily_limit",
        "is_idempotent",
        "is_open_world",
        "privacy",
        "enabled",
        "disabled_reason",
    ),
    *("category", "tags", "example_usage", "icon", "version"),
)
# Snapshots hold these two beneath `definition`; the contract's JSON repeats the columns there, which are shown once.
_SPREAD: Final = ("input_schema", "examples")
# More than a tool may have in all (`written.MAX_BYTES`), so that only what was never stored is cut.
MAX_CHARS: Final = 300_000
# Longer values, and those of several lines, are shown as a diff instead of side by side.
_SHORT: Final = 80
_TOO_DEEP: Final = "(nested too deeply to be shown)"


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field and its two values, ABSENT where a side has no such field."""

    field: str
    before: Any
    after: Any

    @property
    def is_short(self) -> bool:
        """Whether both values fit side by side; else `diff` shows them better."""
        return all(_is_short(visible) for visible in (self.before_text, self.after_text))

    @property
    def before_text(self) -> str:
        return _text(self.before)

    @property
    def after_text(self) -> str:
        return _text(self.after)

    @property
    def diff(self) -> str:
        """A unified diff of both texts, without a header: the field says what it is about."""
        # Each text is a whole number of lines here: that the last one does not end is no news about a field.
        before, after = (f"{text}\n" if text else "" for text in (self.before_text, self.after_text))
        hunks = changes.unified(self.field, before, after).split("\n")[2:]
        return "\n".join(hunks) or "What is shown of both is alike: they differ in blanks, or in what is cut."

    def as_json(self) -> dict[str, Any]:
        """For programs: the values as they are, null where absent, and the diff for whoever shows it."""
        values = {"before": _value(self.before), "after": _value(self.after)}
        return {"field": self.field, **values, "diff": self.diff}


@dataclass(frozen=True, slots=True)
class Meeting:
    """A field that was changed on either side since both had the same `base`; `theirs` or `mine` may be unchanged."""

    field: str
    base: Any
    theirs: Any
    mine: Any

    @property
    def is_conflict(self) -> bool:
        """Whether both changed it, and not to the same."""
        return _written(self.base) not in (_written(self.theirs), _written(self.mine)) and not same(
            self.theirs, self.mine
        )

    def as_json(self) -> dict[str, Any]:
        sides = {"base": self.base, "theirs": self.theirs, "mine": self.mine}
        diff = Difference(self.field, self.theirs, self.mine).diff
        values = {name: _value(value) for name, value in sides.items()}
        return {"field": self.field, **values, "conflict": self.is_conflict, "diff": diff}


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The fields that differ, in ORDER; a `definition` counts as its schema and examples."""
    old, new = spread(before), spread(after)
    pairs = ((name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in _ordered({*old, *new}))
    return tuple(Difference(name, a, b) for name, a, b in pairs if not same(a, b))


def three_way(
    base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]
) -> tuple[Meeting, ...]:
    """What became of `base` on two sides: every field that either changed. `mine` names only what it changes."""
    old, other = spread(base), spread(theirs)
    own = {**old, **spread(mine)}
    names = _ordered({*old, *other, *own})
    met = (Meeting(name, *(side.get(name, ABSENT) for side in (old, other, own))) for name in names)
    return tuple(each for each in met if not (same(each.base, each.theirs) and same(each.base, each.mine)))


def spread(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The snapshot with schema and examples in the place of its `definition`."""
    fields = {str(name): value for name, value in snapshot.items() if name != "definition"}
    definition = snapshot.get("definition")
    if isinstance(definition, Mapping):
        fields |= {name: definition[name] for name in _SPREAD if name in definition}
    return fields


def _ordered(names: Iterable[str]) -> Iterator[str]:
    place = {name: number for number, name in enumerate(ORDER)}
    yield from sorted(names, key=lambda name: (place.get(name, len(place)), name))


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are one. What cannot be compared is a difference: nothing may hide behind it."""
    written = _written(one)
    return written == _written(other) and written != _TOO_DEEP


def is_kept(now: Any, wanted: Any) -> bool:
    """Whether a column holds this already. For Python 1 is True: a rule corrected so would not be saved."""
    return bool(now == wanted) and same(now, wanted)


def _written(value: Any) -> str:
    """One spelling for equal values: in Python 1 equals True, and the order of keys means nothing."""
    if value is ABSENT:
        return ""
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        return _TOO_DEEP


def _text(value: Any) -> str:
    if value is ABSENT:
        return ""
    if isinstance(value, str):
        return _shown(value)
    try:
        return _shown(json.dumps(value, sort_keys=True, ensure_ascii=False, indent=2, default=str))
    except (RecursionError, ValueError):
        return _TOO_DEEP


def _shown(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return visible_text(text)
    return f"{visible_text(text[:MAX_CHARS])}\n⟨{len(text) - MAX_CHARS} more characters⟩"


def _value(value: Any) -> Any:
    return None if value is ABSENT else value


def _is_short(text: str) -> bool:
    return len(text) <= _SHORT and "\n" not in text
