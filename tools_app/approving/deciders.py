"""Pure: who must say yes before something runs. Each layer may demand something; all demands must be met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# One yes of anybody who may decide; what there is where no layer says anything.
ANYBODY: Final = ""
_NOT_EDITOR: Final = (
    "It acts for who asked, so who changed it cannot approve it: who asked can, or somebody else."
)
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Demand:
    """What one layer asks of those who decide: another person, so many of them, so many of each named group."""

    layer: str
    other: bool = False
    count: int = 1
    groups: tuple[str, ...] = ()
    # Not who changed somebody else's use: it acts for that person, who may say yes to it, as any other one may.
    not_editor: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it asks for nothing beyond what every question asks for."""
        return not (self.other or self.count > 1 or self.groups or self.not_editor)

    def as_json(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "other": self.other,
            "count": self.count,
            "groups": list(self.groups),
            # Where it is not asked for, what is kept stays what it was.
            **({"not_editor": True} if self.not_editor else {}),
        }


@dataclass(frozen=True, slots=True)
class Voice:
    """A person who says yes, and the groups of approvers they are in.

    `stands_in`: of the group to which the question was handed on, for somebody of a named group who did not decide.
    """

    user_id: str
    groups: frozenset[str] = frozenset()
    stands_in: bool = False


def read(stored: Iterable[Mapping[str, Any]]) -> tuple[Demand, ...]:
    """The demands a question was put with. Raises on what cannot be read: then nobody decides."""
    return tuple(
        Demand(
            str(each["layer"]),
            bool(each["other"]),
            int(each["count"]),
            tuple(map(str, each["groups"])),
            not_editor=bool(each.get("not_editor")),
        )
        for each in stored
    )


def another_person(demands: Iterable[Demand]) -> bool:
    return any(demand.other for demand in demands)


def not_editor(demands: Iterable[Demand]) -> bool:
    return any(demand.not_editor for demand in demands)


def named(demands: Iterable[Demand]) -> frozenset[str]:
    """Every group whose yes is needed."""
    return frozenset(group for demand in demands for group in demand.groups)


def needed(demands: Sequence[Demand]) -> dict[str, int]:
    """How many must say yes, by group; ANYBODY stands for all who may decide. The strictest number of each wins."""
    found: dict[str, int] = {}
    for demand in demands:
        for group in demand.groups or (ANYBODY,):
            found[group] = max(found.get(group, 1), demand.count)
    if named(demands) and found.get(ANYBODY) == 1:
        # Whoever says yes for a group is somebody who may decide: a single one more would add nothing.
        del found[ANYBODY]
    return found or {ANYBODY: 1}


def missing(demands: Sequence[Demand], said_yes: Iterable[Voice]) -> dict[str, int]:
    """How many are still to say yes, by group; empty once every demand is met. A person counts once per group.

    Somebody who stands in takes the place of one person, of one group: where several groups have to agree, several
    people do, whoever they are. Which place it is does not matter, and may be another one at the next yes.
    """
    voices = {voice.user_id: voice for voice in said_yes}.values()
    standing_in, found = sum(voice.stands_in for voice in voices), {}
    for group, count in sorted(needed(demands).items()):
        short = count - sum(1 for voice in voices if group == ANYBODY or group in voice.groups)
        if group != ANYBODY and short > 0:
            taken = min(short, standing_in)
            short, standing_in = short - taken, standing_in - taken
        if short > 0:
            found[group] = short
    return found


def may_speak(demands: Sequence[Demand], voice: Voice) -> bool:
    """Whether the yes of this person could ever count: in a named group or for it, or where anybody's does."""
    return voice.stands_in or ANYBODY in needed(demands) or not voice.groups.isdisjoint(named(demands))


def told(demands: Sequence[Demand]) -> str:
    """All demands in words for people; empty where one yes of anybody suffices."""
    # Where another person has to, who changed it is none.
    changed = _NOT_EDITOR if not_editor(demands) and not another_person(demands) else ""
    return f"{_who(demands)} {changed}".strip()


def _who(demands: Sequence[Demand]) -> str:
    counts = needed(demands)
    other = "another person" if another_person(demands) else "one person"
    if set(counts) == {ANYBODY}:
        if counts[ANYBODY] > 1:
            who = ", none of them the one who asked" if another_person(demands) else ""
            return f"{counts[ANYBODY]} people have to approve it{who}."
        return "Another person than who asked has to approve it." if another_person(demands) else ""
    parts = [
        f"{counts[group]} {'person' if counts[group] == 1 else 'people'} of {group}"
        for group in sorted(counts)
        if group
    ]
    if ANYBODY in counts:
        parts.append(f"{counts[ANYBODY]} people in all")
    told = (
        f"{_listed(parts)} {'has' if len(parts) == 1 and parts[0].startswith('1 ') else 'have'} to approve it"
    )
    return f"{told}, not who asked." if other == "another person" else f"{told}."


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
