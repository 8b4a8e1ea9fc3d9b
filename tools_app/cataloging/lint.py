"""What could be better about a tool, so that a model picks it rightly and uses it rightly. Pure; forbids nothing.

What is wrong is refused when it is saved (`written`, `schemas`); here is what works and still goes badly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tools_app.cataloging import alike
from tools_app.definition import ToolDefinition
from tools_app.schema import schema_hints, weights

PROBLEM: Final = "problem"
ADVICE: Final = "advice"
HEAVY, TOO_HEAVY = 1_000, 4_000
_PROVIDER_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_EMPTY_WORDS: Final = frozenset({"description", "todo", "tbd", "test", "tool", "fixme", "none", "n/a"})
_HARM: Final = re.compile(
    r"(?<![a-z])(?:delete|remove|drop|destroy|purge|wipe|erase|truncate|overwrite|send|pay|refund|transfer|charge"
    r"|purchase|buy|cancel|revoke|terminate|kill|reboot|shutdown|deploy|publish|execute)s?(?![a-z])",
    re.IGNORECASE,
)
_WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Hint:
    """`field` is that of the form, `pointer` the place within its JSON."""

    code: str
    level: str
    field: str
    message: str
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A tool as lint looks at it; no row, so that what somebody is still typing can be looked at too."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    executor: str = "http"
    configuration: Mapping[str, Any] = field(default_factory=dict)
    is_dangerous: bool = False
    requires_approval: bool = False
    is_open_world: bool = False
    # What the code itself remarked, for tools that are functions.
    remarks: Sequence[str] = ()
    # Other names of the catalog that are taken for this one.
    look_alikes: Sequence[str] = ()
    # Secrets its configuration names and nobody has made, as after an import.
    missing_secrets: Sequence[str] = ()
    # What keeps its own rules from being read, by field: saved before they were checked so, or by another release.
    unread_rules: Mapping[str, str] = field(default_factory=dict)
    # What rules say about parameters that it does not have.
    stray_rules: Sequence[str] = ()


def hints(subject: Subject) -> tuple[Hint, ...]:
    """Problems first, each in the order of the form."""
    found = [
        *_name(subject),
        *_description(subject),
        *map(_of_schema, schema_hints.hints(subject.input_schema)),
        *_weight(subject),
        *_secrets(subject),
        *_rules(subject),
        *_strays(subject),
        *_harm(subject),
    ]
    return tuple(sorted(found, key=lambda hint: hint.level != PROBLEM))


def _of_schema(found: schema_hints.Found) -> Hint:
    level = PROBLEM if found.grave else ADVICE
    return Hint(found.code, level, "input_schema", found.message, found.pointer)


def _name(subject: Subject) -> Iterator[Hint]:
    if not _PROVIDER_NAME.match(subject.name):
        told = "Providers take 1 to 64 letters, digits, _ and -. A model could not be shown this name."
        yield Hint("name_unfit", PROBLEM, "name", told)
    if subject.look_alikes:
        others = ", ".join(subject.look_alikes[:5])
        yield Hint("look_alike", PROBLEM, "name", f"A model, or a person, may take it for: {others}.")


def _description(subject: Subject) -> Iterator[Hint]:
    text = subject.description.strip()
    words = re.findall(r"\w+", text)
    if not text:
        yield Hint("description_missing", PROBLEM, "description", "Say what it does and when to use it.")
    elif text.casefold().strip(".") in _EMPTY_WORDS or _says_only_the_name(subject.name, words):
        told = "It says no more than the name. Say what it does, when to use it, and what comes back."
        yield Hint("description_empty", PROBLEM, "description", told)
    elif len(words) < 5:
        told = "A few words leave a model guessing. Say when to use it, and what comes back."
        yield Hint("description_short", ADVICE, "description", told)
    elif len(text) > 2_000:
        told = f"{len(text)} characters are shown to the model with every message. Keep what helps it choose."
        yield Hint("description_long", ADVICE, "description", told)
    for remark in subject.remarks:
        told = f"The docstring of its function: {remark}."
        yield Hint("docstring", ADVICE, "description", told)


def _says_only_the_name(name: str, words: Sequence[str]) -> bool:
    said = [alike.skeleton(word) for word in words]
    return "".join(said) == alike.skeleton(name)


def _weight(subject: Subject) -> Iterator[Hint]:
    tokens = weights.of(ToolDefinition(subject.name, subject.description, subject.input_schema))
    if tokens > HEAVY:
        told = f"About {tokens:,} tokens, with every message of every persona that carries it."
        level = PROBLEM if tokens > TOO_HEAVY else ADVICE
        yield Hint("heavy", level, "input_schema", told)


def _secrets(subject: Subject) -> Iterator[Hint]:
    for name in subject.missing_secrets:
        told = f"There is no secret {name!r}. Every use is refused until somebody makes it."
        yield Hint("secret_missing", PROBLEM, "configuration", told)


def _rules(subject: Subject) -> Iterator[Hint]:
    for name, told in subject.unread_rules.items():
        yield Hint("rule_unread", PROBLEM, name, f"{told} Every use is refused until it is mended.")


def _strays(subject: Subject) -> Iterator[Hint]:
    for told in subject.stray_rules:
        yield Hint("rule_astray", PROBLEM, "input_schema", told)


def _harm(subject: Subject) -> Iterator[Hint]:
    """What changes something, or sends something out, without a person being asked."""
    if subject.executor == "http":
        yield from _http(subject)
    if subject.is_dangerous or subject.requires_approval:
        return
    found = _HARM.search(subject.name) or _HARM.search(subject.description)
    if found:
        told = (
            f"“{found.group()}” sounds as if it changes something for good, and no person is asked. "
            "Mark it dangerous, or let it ask."
        )
        yield Hint("harm_unmarked", ADVICE, "is_dangerous", told)


def _http(subject: Subject) -> Iterator[Hint]:
    method = str(subject.configuration.get("method", "")).upper()
    if method == "DELETE" and not subject.is_dangerous:
        told = "It sends DELETE and is not marked dangerous: a person should look at each use."
        yield Hint("delete_unmarked", PROBLEM, "is_dangerous", told)
    elif method in _WRITING and not (subject.is_dangerous or subject.requires_approval):
        told = f"It sends {method}, which usually changes something, and nobody is asked."
        yield Hint("writes_unasked", ADVICE, "requires_approval", told)
    if method and not subject.is_open_world:
        told = (
            "Its answers come from another service. If strangers can write there, say that it is open world."
        )
        yield Hint("not_open_world", ADVICE, "is_open_world", told)
