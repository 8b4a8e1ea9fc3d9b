"""What "from now on" could mean for each argument of a call a person looks at: ways to widen it that can be read. Pure.

Exactly this value is always one of them. Nothing here may come down to the name of the tool alone: a value is left
open only beside another one that holds the use to a place, and never for a dangerous tool.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tools_app import rules
from tools_app.approving.visible import visible_text
from tools_app.executors.network import EgressRefused, parse_url
from tools_app.policy.standing import PLACES, is_place
from tools_app.rules import mail

SAME: Final = "same"
ANY: Final = "any"
# What of a value is quoted in words; the whole of it stands on the card, and in the condition.
QUOTED_CHARS: Final = 160
# Texts in these kinds of parameters say what is done: they are never left open.
_DEEDS: Final = frozenset({"code", "command", "sql", "argv"})
# Programs of the system, and what of theirs tells something and changes, sends and starts nothing, whatever it is of.
_SYSTEM: Final = frozenset({"/bin", "/usr/bin", "/usr/local/bin"})
_LOOKING: Final[Mapping[str, frozenset[str]]] = {
    "git": frozenset(
        {"blame", "describe", "diff", "log", "ls-files", "rev-parse", "shortlog", "show", "status"}
    ),
    "docker": frozenset({"images", "inspect", "logs", "ps", "top", "version"}),
    "kubectl": frozenset({"describe", "explain", "get", "logs", "top", "version"}),
    "systemctl": frozenset({"is-active", "is-enabled", "list-timers", "list-units", "status"}),
    "pip": frozenset({"freeze", "list", "show"}),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to read an argument from now on. `match` are matchers of the rule language, `is_open` means any value."""

    key: str
    words: str
    match: tuple[Any, ...] = ()
    is_same: bool = False
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Widening:
    """The ways there are for one argument; `suggested` is the key of the one a careful person would take."""

    name: str
    choices: tuple[Choice, ...]
    suggested: str
    # Whether a use is held to something as long as this argument is not left open.
    holds: bool = True

    def of(self, key: str) -> Choice | None:
        return next((each for each in self.choices if each.key == key), None)


def widenings(
    subject: rules.Subject, specs: Mapping[str, Mapping[str, Any]], *, may_open: bool
) -> tuple[Widening, ...]:
    """For every argument of the call what may be chosen; `specs` are their schemas, by name."""
    names = list(subject.arguments)
    anchors = {name for name in names if is_place(subject.kinds.get(name, ""), subject.arguments[name])}
    made = (
        _widening(subject, name, specs.get(name, {}), opens=may_open and bool(anchors - {name}))
        for name in names
    )
    return tuple(replace(each, holds=each.name in anchors) for each in made)


def problems(widened: Sequence[Widening], keys: Mapping[str, str]) -> dict[str, str]:
    """By argument, what is wrong with the keys that were chosen; empty if `conditions` can be made of them."""
    found = dict.fromkeys(set(keys) - {each.name for each in widened}, "The call has no such argument.")
    for each in widened:
        if each.of(keys.get(each.name, "")) is None:
            listed = ", ".join(choice.key for choice in each.choices)
            found[each.name] = f"Choose one of: {listed}."
    opened = {
        each.name for each in widened if (chosen := each.of(keys.get(each.name, ""))) and chosen.is_open
    }
    if opened and not found and not any(each.holds for each in widened if each.name not in opened):
        found[min(opened)] = "With this, only the name of the tool would be left. Keep one argument narrower."
    return found


def conditions(widened: Sequence[Widening], keys: Mapping[str, str], arguments: Mapping[str, Any]) -> Any:
    """What the chosen ways, which have no problems, demand of a call, as `policy.Standing` reads it."""
    made: dict[str, Any] = {"same": {}, "match": {}, "open": []}
    for name, choice in ((each.name, each.of(keys[each.name])) for each in widened):
        if choice is None:
            raise ValueError("conditions are made of choices that were offered")
        if choice.is_same:
            made["same"][name] = arguments[name]
        if choice.match:
            made["match"][name] = list(choice.match)
        if choice.is_open:
            made["open"].append(name)
    return made


def told(widened: Sequence[Widening], keys: Mapping[str, str], arguments: Mapping[str, Any]) -> list[Any]:
    """The chosen ways in words, argument by argument, as they are shown wherever the permission is listed."""
    return [
        {"name": visible_text(each.name), "says": _said(each.of(keys[each.name]), arguments[each.name])}
        for each in widened
    ]


def _said(choice: Choice | None, value: Any) -> str:
    if choice is None or choice.key != SAME:
        return choice.words if choice else ""
    return f"exactly {quoted(value)}"


def quoted(value: Any) -> str:
    """A value in one line of text, with nothing in it invisible."""
    line = " ".join(visible_text(value).split())
    return f"“{line}”" if len(line) <= QUOTED_CHARS else f"“{line[:QUOTED_CHARS]}…”"


def _widening(subject: rules.Subject, name: str, spec: Mapping[str, Any], *, opens: bool) -> Widening:
    value = subject.arguments[name]
    kind = subject.kinds.get(name, "")
    wider = [] if isinstance(value, bool) or value is None else list(_wider(subject, name, kind))
    if opens and _may_open(kind, spec, value):
        wider.append(Choice(ANY, "any texts" if isinstance(value, list) else "any text", is_open=True))
    # The first wider way is the narrowest; a number, a list or a text is better kept as it is.
    suggested = wider[0].key if wider and kind in ("path", "folder", "url") else SAME
    return Widening(name, (_same(subject, name, kind), *wider), suggested)


def _same(subject: rules.Subject, name: str, kind: str) -> Choice:
    """The same text, and for a file also the same real file: a name may mean another one tomorrow."""
    real = _absolute(subject, name) if kind in ("path", "folder") else ""
    match = ({"path_under": real},) if real else ()
    return Choice(SAME, "exactly this value", match=match, is_same=True)


def _wider(subject: rules.Subject, name: str, kind: str) -> Iterator[Choice]:
    value = subject.arguments[name]
    if kind in _BY_KIND:
        yield from _BY_KIND[kind](subject, name)
    elif isinstance(value, int | float):
        yield _at_most(value)
    elif _is_texts(value) and len(value) <= 20:
        yield Choice("these", "only these, in any number and order", ({"each": [{"one_of": list(value)}]},))


def _at_most(number: float) -> Choice:
    """Towards 0 only: what is taken away or owed is as large as what is given."""
    low, high = min(number, 0), max(number, 0)
    return Choice("most", f"from {low} to {high}", ({"range": {"min": low, "max": high}},))


def _folders(subject: rules.Subject, name: str) -> Iterator[Choice]:
    """The folder it lies in, by the real name of that folder; never a whole root."""
    written, real = posixpath.normpath(str(subject.arguments[name])), _absolute(subject, name)
    is_folder = subject.kinds.get(name) == "folder"
    shown, meant = (written, real) if is_folder else map(posixpath.dirname, (written, real))
    if real and shown not in ("", ".", "/") and meant != "/":
        yield Choice("folder", f"anything in {quoted(shown + '/')}", ({"path_under": meant},))


def _absolute(subject: rules.Subject, name: str) -> str:
    return next((each for each in subject.also.get(name, ()) if each.startswith("/")), "")


def _addresses(subject: rules.Subject, name: str) -> Iterator[Choice]:
    try:
        url = parse_url(str(subject.arguments[name]))
    except EgressRefused:
        return
    scheme, _, rest = url.text.partition("://")
    host = rest.partition("/")[0].partition("?")[0]
    folder = posixpath.dirname(url.path.partition("?")[0])
    yield Choice("host", f"any page of {quoted(host)}", ({"url": f"{scheme}://{host}/"},))
    if folder not in ("", "/"):
        below = f"{scheme}://{host}{folder}/"
        yield Choice("below", f"any page below {quoted(below)}", ({"url": below},))


def _mailboxes(subject: rules.Subject, name: str) -> Iterator[Choice]:
    value = subject.arguments[name]
    addresses = value if isinstance(value, list) else [value]
    if not addresses or not all(isinstance(each, str) and mail.is_address(each) for each in addresses):
        return
    domains = sorted({each.rpartition("@")[2].lower() for each in addresses})
    if isinstance(value, list):
        yield Choice("these", "only these addresses, in any number", ({"each": [{"one_of": addresses}]},))
    anybody: list[Any] = [{"email": domain} for domain in domains]
    words = " or ".join(quoted(domain) for domain in domains)
    match = ({"each": anybody},) if isinstance(value, list) else tuple(anybody)
    yield Choice("domain", f"anybody at {words}", match)


def _statements(subject: rules.Subject, name: str) -> Iterator[Choice]:
    if subject.sql.get(name) == "read":
        yield Choice("reads", "any statement that only reads", ({"sql_read_only": True},))


def _programs(subject: rules.Subject, name: str) -> Iterator[Choice]:
    """The same deed of a program that has several, such as `git log`: of other words, with no option but these.

    Not of any program: the first argument of a shell, an interpreter or a wrapper (`sh -c`, `env`) holds a use to
    nothing, and an option can turn a harmless deed into another (`git grep --open-files-in-pager=…`).
    """
    value = subject.arguments[name]
    if not _is_texts(value) or not _only_looks(value):
        return
    options = list(dict.fromkeys(each for each in value[2:] if each.startswith("-")))
    rest = [{"regex": "[^-].*"}, *({"equals": each} for each in options)]
    wanted = {"program": value[0], "args": [{"equals": value[1]}], "rest": rest}
    only = f"no option but {', '.join(map(quoted, options))}" if options else "no options"
    words = f"{quoted(' '.join(value[:2]))} of anything, with {only}"
    yield Choice("program", words, ({"argv": wanted},))


def _only_looks(argv: Sequence[str]) -> bool:
    folder, name = posixpath.split(argv[0])
    deeds = _LOOKING.get(name, frozenset()) if folder in _SYSTEM else frozenset()
    # What the program is told before its deed (`git -c`) may be anything, and an empty word is no option either.
    return len(argv) > 1 and argv[1] in deeds and all(argv[2:])


_BY_KIND: Final[Mapping[str, Callable[[rules.Subject, str], Iterator[Choice]]]] = {
    "path": _folders,
    "folder": _folders,
    "url": _addresses,
    "email": _mailboxes,
    "sql": _statements,
    "argv": _programs,
    # What these say is done, or where to: only ever the same again.
    "command": lambda subject, name: iter(()),
    "code": lambda subject, name: iter(()),
    "host": lambda subject, name: iter(()),
}


def _may_open(kind: str, spec: Mapping[str, Any], value: Any) -> bool:
    """Texts a person writes anew each time; not a choice out of a few, not a place, and nothing that is carried out."""
    is_prose = isinstance(value, str) or _is_texts(value)
    return is_prose and kind not in _DEEDS | PLACES and "enum" not in spec and "const" not in spec


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
