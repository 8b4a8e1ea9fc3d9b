"""The rule language of grants (`security.md` 2.2). Pure. Allow matches strictly, deny matches loosely.

A rule is a list of names, or a mapping of name to matchers. A name is that of a parameter, a pointer into one,
`kind:url` for every parameter of that kind, or `*`: where it denies any parameter, where it allows any that the rule
does not speak of otherwise. What cannot be read raises UnknownRule, and the gate turns that into a refusal: a broken
rule never vanishes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Final

from tools_app.rules import hosts, looking, matchers, offering, places
from tools_app.rules.budget import Budget
from tools_app.rules.errors import TooMuch, UnknownRule
from tools_app.rules.looking import Subject
from tools_app.rules.values import is_same
from tools_app.schema.schemas import KINDS

__all__ = [
    "Budget",
    "Subject",
    "TooMuch",
    "UnknownRule",
    "advisory",
    "check",
    "denied",
    "denies_address",
    "is_same",
    "is_sound",
    "leaves_out",
    "not_allowed",
    "speaks_of_parts",
    "strangers",
    "taken_hold_of",
    "uses",
    "values_allowed",
]


MOST_PLACES: Final = 64
_WRITTEN_FREELY: Final = frozenset({"command", "code"})
_NONE: Final[Mapping[str, str]] = {}


def check(
    rule: Any, *, allowing: bool = False, kinds: Mapping[str, str] = _NONE, lenient: bool = False
) -> None:
    """Raise UnknownRule for a rule with any part that cannot be evaluated, whether a call touches that part or not.

    `kinds` are those of the parameters, as far as they are known: they say what bare texts are read as. `lenient`
    leaves texts that could never be met to who knows the tool: each use of it is refused for them.
    """
    if rule is None:
        return
    if not isinstance(rule, list | Mapping):
        raise UnknownRule("a rule is a list of names or a mapping of name to values")
    if sum(isinstance(name, str) and places.is_pointer(name) for name in rule) > MOST_PLACES:
        raise UnknownRule(f"a rule may name at most {MOST_PLACES} places inside of parameters")
    for name in rule:
        _check_name(name)
        if allowing and isinstance(rule, list) and places.is_pointer(name):
            raise UnknownRule(
                "a list allows whole parameters; to allow a part of one, say which values it may have"
            )
    if isinstance(rule, Mapping):
        for name, wanted in rule.items():
            kind = None if lenient else _kind(name, kinds)
            matchers.check(wanted, allowing=allowing, kind=kind)


def _kind(name: str, kinds: Mapping[str, str]) -> str:
    """The kind of what a place speaks of; "" where these may be several: a text is another thing to each."""
    if not places.is_pointer(name):
        return places.of_kind(name) or kinds.get(name, "")
    inner = [place for place in kinds if places.is_pointer(place)]
    if name in inner:
        return kinds[name]
    if any(places.touch(places.steps(place), places.steps(name)) for place in inner):
        return ""
    return kinds.get(places.names(name), "")


def _check_name(name: Any) -> None:
    if not isinstance(name, str):
        raise UnknownRule("parameters are called by their names")
    if (kind := places.of_kind(name)) and kind not in KINDS:
        raise UnknownRule(f"there is no kind {kind!r}; there are {', '.join(sorted(KINDS))}")
    if name == places.KIND:
        raise UnknownRule("kind: wants the name of a kind behind it")
    if places.is_pointer(name):
        places.steps(name)


def is_sound(rule: Any, *, allowing: bool = False, kinds: Mapping[str, str] = _NONE) -> bool:
    try:
        check(rule, allowing=allowing, kinds=kinds)
    except UnknownRule:
        return False
    return True


def speaks_of_parts(rule: Any, name: str) -> bool:
    """Whether a sound rule names parts of this parameter."""
    return is_sound(rule) and any(
        places.is_pointer(place) and places.names(place) in ("*", name) for place in rule or ()
    )


def strangers(names: Iterable[Any], known: Container[str]) -> list[str]:
    """The parameters that these names of a rule speak of and that are not known; each once, in their order."""
    tops = [_top(name) for name in map(str, names)]
    return list(dict.fromkeys(top for top in tops if top and top not in known))


def _top(place: str) -> str:
    """The one parameter a name speaks of; "" where it may be any."""
    name = places.names(place) if places.is_pointer(place) else place
    return name if places.is_plain(name) else ""


def taken_hold_of(rule: Any, kinds: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The parameters a rule speaks of, each with the kind it is read as: "" where that makes no difference."""
    wanted = rule if isinstance(rule, Mapping) else dict.fromkeys(rule or (), True)
    for place, matching in wanted.items():
        by_name = not places.of_kind(place)
        for name, kind in kinds.items():
            if _may_mean(place, name, kind):
                yield name, "" if by_name and matching in (True, []) else kind


def denied(rule: Any, subject: Subject) -> Iterator[str]:
    """The parameters a deny rule hits, each once: a list forbids that they are there, a mapping values of them.

    A value that is no scalar is looked at leaf by leaf, keys too. `[]` or `true` forbids the place itself.
    """
    check(rule, kinds=subject.kinds)
    if rule is None:
        return
    wanted = rule if isinstance(rule, Mapping) else dict.fromkeys(rule, True)
    for name in subject.arguments:
        if looking.is_hit(wanted, name, subject):
            yield name


def not_allowed(rule: Any, subject: Subject) -> Iterator[str]:
    """The parameters an allow rule does not cover, each once; None has no opinion, an empty list allows nothing.

    A parameter of which the rule names only parts is covered if every leaf of it lies in one of these parts.
    """
    check(rule, allowing=True, kinds=subject.kinds)
    if rule is None:
        return
    wanted = rule if isinstance(rule, Mapping) else dict.fromkeys(rule, True)
    for name in subject.arguments:
        if not looking.is_covered(wanted, name, subject):
            yield name


def advisory(rule: Any, kinds: Mapping[str, str]) -> list[str]:
    """Names whose forbidden values only advise: whatever looks at commands and code can be got round (S4.221).

    Each operator does no more there than look for a text, which can be written otherwise. What forbids the parameter
    itself, by `[]` or `true`, is a limit.
    """
    if not isinstance(rule, Mapping):
        return []
    return [
        name
        for name, wanted in rule.items()
        if isinstance(wanted, list) and wanted and _kinds(name, kinds) & _WRITTEN_FREELY
    ]


def loosely_allowed(rule: Any, kinds: Mapping[str, str]) -> list[str]:
    """The same of what is allowed: what fits a pattern may be followed by anything that a shell reads as more."""
    if not isinstance(rule, Mapping):
        return []
    return [
        name
        for name, wanted in rule.items()
        if _kinds(name, kinds) & _WRITTEN_FREELY
        and any(map(_is_pattern, wanted if isinstance(wanted, list) else ()))
    ]


def _is_pattern(matcher: Any) -> bool:
    return isinstance(matcher, Mapping) and bool({"regex", "contains"} & set(matcher))


def advice(denied: Any, allowed: Any, ask_when: Any, kinds: Mapping[str, str]) -> list[str]:
    """Everything that looks like a limit of commands and code and is none. Asking about some texts only adds to it."""
    found = (*advisory(denied, kinds), *loosely_allowed(allowed, kinds), *advisory(ask_when, kinds))
    return sorted(set(found))


def uses(rule: Any, operator: str) -> bool:
    """Whether a rule speaks of this operator, so that what it needs to know can be found out first."""
    if isinstance(rule, Mapping):
        return operator in rule or any(uses(item, operator) for item in rule.values())
    return isinstance(rule, list) and any(uses(item, operator) for item in rule)


def values_allowed(
    rule: Any, name: str, kinds: Mapping[str, str], *, in_list: bool = False
) -> list[Any] | None:
    """All values an allow rule leaves to a parameter, or to each element of it, if it lists them; else None."""
    if not is_sound(rule, allowing=True):
        return None
    return offering.values(rule, name, kinds.get(name, ""), in_list=in_list)


def denies_address(rule: Any, name: str, kind: str, address: str) -> bool:
    """Whether a deny rule about hosts hits what a host of this parameter turned out to stand for."""
    check(rule, kinds={name: kind})
    wanted = rule if isinstance(rule, Mapping) else {}
    said = [
        matchers.meaning(matcher, kind)
        for place, listed in wanted.items()
        if isinstance(listed, list) and _may_mean(place, name, kind)
        for matcher in listed
    ]
    return any(hosts.denies(text, address) for operator, text in said if operator in ("host", "url"))


def _may_mean(place: str, name: str, kind: str) -> bool:
    """Whether a name of a rule may mean this parameter, or this place within one."""
    top = places.names(name) if places.is_pointer(name) else name
    if places.is_pointer(place):
        return places.names(place) in ("*", top) and places.touch(places.steps(place), _path(name))
    return place == places.ANY or places.speaks_of(place, name, kind) or place == top


def leaves_out(denied: Any, allowed: Any, name: str, kind: str) -> bool:
    """Whether these rules leave nothing of a parameter; a rule that cannot be read refuses the call anyway."""
    try:
        refused = offering.is_refused_whole(denied, name, kind)
        return refused or not offering.may_be_given(allowed, name, kind)
    except UnknownRule:
        return False


def _kinds(place: str, kinds: Mapping[str, str]) -> set[str]:
    """The kinds of what a name may mean, and of what lies within that."""
    if place == places.ANY:
        return set(kinds.values())
    if wanted := places.of_kind(place):
        return {wanted}
    meant = _path(place)
    return {kind for name, kind in kinds.items() if places.touch(meant, _path(name))}


def _path(name: str) -> places.Path:
    return places.steps(name) if places.is_pointer(name) else (name,)
