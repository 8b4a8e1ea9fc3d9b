"""The rule language in its first form: names and equal values of the grant's three fields (`security.md` 2.2).

Allow matches strictly, deny matches loosely. A matcher written as an object is a later language: it raises, and the
gate turns that into a refusal.
"""

from __future__ import annotations

import json
import posixpath
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

_TEXT_KINDS: Final = frozenset({"command", "code", "text"})
_HOST_KINDS: Final = frozenset({"url", "host"})
# Drawn as nothing, though their category says letter or mark (Unicode: default-ignorable).
_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


class UnknownRule(ValueError):
    """A rule is written in a form this version does not know."""


def denied_names(rule: Any, arguments: Mapping[str, Any], *, kinds: Mapping[str, str]) -> Iterator[str]:
    """Names in `arguments` that a deny rule hits: a list forbids names, a mapping values; [] or true the name."""
    check(rule)
    if rule is None:
        return
    if isinstance(rule, list):
        yield from (name for name in rule if name in arguments)
        return
    for name, matchers in rule.items():
        if name in arguments and _is_denied(matchers, arguments[name], kind=kinds.get(name, "")):
            yield name


def names_not_allowed(rule: Any, arguments: Mapping[str, Any], *, kinds: Mapping[str, str]) -> Iterator[str]:
    """Names in `arguments` that an allow rule does not cover; None has no opinion, an empty list allows nothing."""
    check(rule)
    if rule is None:
        return
    if isinstance(rule, list):
        yield from (name for name in arguments if name not in rule)
        return
    for name, value in arguments.items():
        if not _is_allowed(rule.get(name, []), value):
            yield name


def is_same(value: Any, other: Any) -> bool:
    """The same JSON value: 1 is 1.0, but true is not 1 and "1" is not 1."""
    return _written(value) == _written(other)


def check(rule: Any) -> None:
    """Raise UnknownRule for a rule with any part that cannot be evaluated, whether a call touches that part or not."""
    if rule is None:
        return
    if not isinstance(rule, list | Mapping):
        raise UnknownRule("a rule is a list of names or a mapping of name to values")
    for name in rule:
        if not isinstance(name, str) or name.startswith("/"):
            raise UnknownRule("parameters are called by their plain names")
    if isinstance(rule, Mapping):
        for matchers in rule.values():
            _check_matchers(matchers)


def _check_matchers(matchers: Any) -> None:
    if matchers is True:
        return
    if not isinstance(matchers, list):
        raise UnknownRule("the values of a parameter are a list, or true")
    if any(isinstance(matcher, Mapping | list) for matcher in matchers):
        raise UnknownRule("only plain values can be matched")


def _is_denied(matchers: Any, value: Any, *, kind: str) -> bool:
    if matchers is True or matchers == []:
        return True
    return any(_hits(matcher, leaf, kind) for matcher in matchers for leaf in _leaves(value))


def _is_allowed(matchers: Any, value: Any) -> bool:
    if matchers is True:
        return True
    return any(is_same(value, matcher) for matcher in matchers)


def _hits(matcher: Any, leaf: Any, kind: str) -> bool:
    wanted, found = _loosened(matcher), _loosened(leaf)
    if kind == "path":
        return _is_beneath(found, wanted)
    if kind == "folder":
        # All that lies in a folder is looked through with it: what is forbidden in it forbids it whole.
        return _is_beneath(found, wanted) or _is_beneath(wanted, found)
    if kind in _HOST_KINDS:
        return found == wanted or _is_within(_host(found), _host(wanted))
    if kind in _TEXT_KINDS:
        return str(matcher) in str(leaf) or wanted in found
    return found == wanted


def _is_beneath(path: str, root: str) -> bool:
    """By whole segments after normalising: /etc hits /etc/passwd and /x/../etc, not /etcetera."""
    path, root = _normal(path), _normal(root)
    if root == ".":
        return not path.startswith("/")
    return path == root or path.startswith(root.rstrip("/") + "/")


def _is_within(host: str, domain: str) -> bool:
    """The domain itself or a part of it; an address nobody can read a host from counts as hit."""
    return not host or host == domain or host.endswith(f".{domain}")


def _host(text: str) -> str:
    """The host of an address, whatever its scheme, port and path; or of a bare host name."""
    authority = re.split(r"[/?#\\]", text.partition("://")[2] or text, maxsplit=1)[0].rpartition("@")[2]
    host = authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]
    host = host.removeprefix("*.").strip(".")
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _normal(path: str) -> str:
    bare = path.removeprefix("file://").replace("\\", "/")
    return posixpath.normpath("/" + bare.lstrip("/")) if bare.startswith("/") else posixpath.normpath(bare)


def _loosened(value: Any) -> str:
    """One spelling for many: NFKC, casefolded, without invisible characters; numbers as their shortest text."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFKC", str(value))
    shown = _IGNORABLE.sub("", text)
    kept = "".join(char for char in shown if unicodedata.category(char) not in ("Cf", "Cc") or char in "\t\n")
    return _number_text(kept.strip().casefold())


def _number_text(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else repr(number)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _written(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
