"""The rules of the whole installation: a file of the operator's (POLICY_FILE), which no row of the database can loosen.

It is TOML, with one table `[[rules]]` for each rule, in the words of an organization's rules. It is read again when it
changes. What cannot be read refuses every call: a rule that is missing by mistake must not be a rule that is gone.
So a file that was once there must stay, if only an empty one: a note beside it remembers.
"""

from __future__ import annotations

import json
import logging
import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from project.accounts.exceptions import Misconfigured
from tools_app import arguments, builtin_tools
from tools_app import rules as rule_language
from tools_app.exceptions import InvalidArguments
from tools_app.governing import layer_rules
from tools_app.governing.layer_rules import Rule
from tools_app.governing.selecting import FLAGS, Selected
from tools_app.policy import Source

log = logging.getLogger(__name__)

MAX_BYTES: Final = 262_144
_KEYS: Final = frozenset({*layer_rules.FIELDS, "name", "reason", "enabled"})


class PolicyUnreadable(Misconfigured):
    """The file of the installation's rules (POLICY_FILE) cannot be used, so no tool may run until it is mended."""

    code = "policy_file_unreadable"


def rules() -> tuple[Rule, ...]:
    """Every rule in force. Raises PolicyUnreadable. Only where no file is named in POLICY_FILE, and none was ever
    there, may there be none."""
    path = Path(settings.POLICY_FILE)
    try:
        found = path.stat()
    except FileNotFoundError:
        if settings.POLICY_FILE_IS_NAMED:
            raise PolicyUnreadable(f"There is no file {path}, which POLICY_FILE names.") from None
        if os.path.lexists(_note_of(path)):
            told = f"The file {path} was there and is gone. Put it back, or an empty one to have no rules."
            raise PolicyUnreadable(told) from None
        return ()
    except OSError as broken:
        raise PolicyUnreadable(f"{path} cannot be read: {broken.strerror}.") from None
    return _read(path, (found.st_mtime_ns, found.st_size, found.st_ino))


def only_advises(rule: Rule) -> bool:
    """Whether it forbids texts in commands or code and asks nobody about the rest of its uses."""
    layer = rule.layer
    asks = layer.requires_approval or layer.forbids
    return not asks and any(
        rule_language.advisory(layer.denied, kinds) or rule_language.loosely_allowed(layer.allowed, kinds)
        for kinds in _kinds(rule)
    )


def _kinds(rule: Rule) -> Iterator[dict[str, str]]:
    """The kinds of parameters the rule may meet: commands of any tool, and what each built-in one it names has."""
    yield {"": "command"}
    for tool in builtin_tools.everything():
        # Which flags a row has, a file cannot know.
        seen = Selected(tool.name, tool.definition.category, "builtin", frozenset(FLAGS))
        if rule.selector.covers(seen):
            yield {"": "command", **tool.kinds}


def tell_if_unreadable() -> None:
    """Said once, when a process starts: the gate refuses everything, and the log should say why."""
    try:
        rules()
    except PolicyUnreadable as unreadable:
        log.critical("%s Every use of a tool is refused until it can be read.", unreadable.message)


@lru_cache(maxsize=4)
def _read(path: Path, changed: tuple[int, ...]) -> tuple[Rule, ...]:
    """Remembered until the file changes; `changed` is what tells."""
    # Before it is looked into: one that cannot be read refuses everything, and so must its going away.
    _note(path)
    try:
        octets = path.read_bytes()
        if len(octets) > MAX_BYTES:
            raise PolicyUnreadable(f"{path} is longer than {MAX_BYTES} bytes.")
        found = tomllib.loads(octets.decode("utf-8"))
        # Dates, and numbers that JSON cannot keep, are nothing a rule could be compared with.
        plain = arguments.parse(json.dumps(found), max_bytes=4 * MAX_BYTES)
    except (OSError, ValueError, TypeError, RecursionError, InvalidArguments) as broken:
        raise PolicyUnreadable(f"{path} cannot be read: {str(broken)[:200]}") from None
    listed = plain.get("rules", [])
    if set(plain) - {"rules"} or not isinstance(listed, list):
        raise PolicyUnreadable(f"{path} must hold one table [[rules]] for each rule, and nothing else.")
    made = [_rule(path, number, given) for number, given in enumerate(listed, 1)]
    return tuple(rule for rule in made if rule is not None)


def _note_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.was-here")


def _note(path: Path) -> None:
    """Leave a note that there was a file. Where none can be left, an operator should name the file instead."""
    if settings.POLICY_FILE_IS_NAMED or os.path.lexists(_note_of(path)):
        return
    try:
        _note_of(path).write_text(f"{path.name} was here. Without it every use of a tool is refused.\n")
    except OSError as broken:
        log.warning("No note can be left beside %s (%s): name it in POLICY_FILE.", path, broken.strerror)


def _rule(path: Path, number: int, given: Any) -> Rule | None:
    """One rule; None where it is switched off, though it must be readable all the same."""
    if not isinstance(given, Mapping) or set(given) - _KEYS:
        strange = ", ".join(sorted(set(given) - _KEYS)) if isinstance(given, Mapping) else "no table"
        raise PolicyUnreadable(f"Rule {number} of {path} has what no rule has: {strange[:200]}.")
    name, enabled = given.get("name"), given.get("enabled", True)
    if not isinstance(name, str) or not name.strip() or not isinstance(enabled, bool):
        raise PolicyUnreadable(f"Rule {number} of {path} needs a name; enabled is true or false.")
    if wrong := layer_rules.problems(given, lenient=True):
        told = "; ".join(f"{field}: {' '.join(said)}" for field, said in sorted(wrong.items()))
        raise PolicyUnreadable(f"The rule {name[:80]!r} of {path}: {told[:400]}")
    for field, said in layer_rules.problems(given).items():
        log.error("The rule %r of %s refuses the uses it is about: %s: %s", name[:80], path, field, said[0])
    rule = layer_rules.made(given, Source("installation", number, name))
    return rule if enabled else None
