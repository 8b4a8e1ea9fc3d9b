"""One matcher against one value: what it means where it allows (strictly), and where it denies (loosely).

Written bare, a text means what the kind of its parameter says; as an object, `{"<operator>": …}` says it itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from tools_app.rules import hosts, mail, paths
from tools_app.rules.errors import UnknownRule
from tools_app.rules.values import as_number, is_number, is_same, loosened

TEXT_KINDS: Final = frozenset({"command", "code", "text"})
PATTERN_CHARS: Final = 1000
VALUE_BYTES: Final = 4096
MOST_MATCHERS: Final = 1000
DEPTH: Final = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """A value as a matcher sees it: the kind of its parameter, and what was found out about what it means.

    `real` holds the names of the real file, `is_opened` that there are some; `sql` is read, write, or unreadable. If
    `is_meant`, this is what the rule speaks of, and not just any text or a part of an object: it must be readable.
    """

    value: Any
    kind: str = ""
    real: Sequence[str] = ()
    sql: str = "unreadable"
    is_meant: bool = True
    is_opened: bool = False

    def must_be(self, *kinds: str) -> bool:
        """Whether this must be a value of one of these kinds, so that what is none is a hit where it denies."""
        return self.is_meant and self.kind in ("", *kinds)


@dataclass(frozen=True, slots=True)
class Operator:
    check: Callable[[Any], bool]
    form: str
    denies: Callable[[Any, Seen], bool]
    allows: Callable[[Any, Seen], bool] | None = None
    # Whether a text can be met by anything; asked with `allowing`.
    can_hit: Callable[..., bool] | None = None


def check(matchers: Any, *, allowing: bool, depth: int = 0, kind: str | None = "") -> None:
    """Raise UnknownRule for matchers with any part that cannot be evaluated, or could never be met by any value.

    `kind` is that of the parameter, as far as it is known; if None, nobody asks what texts could be met by.
    """
    if matchers is True:
        return
    if not isinstance(matchers, list):
        raise UnknownRule("the values of a parameter are a list, or true")
    if len(matchers) > MOST_MATCHERS or depth > DEPTH:
        raise UnknownRule("there are too many values, or they are nested too deeply")
    for matcher in matchers:
        _check_one(matcher, allowing=allowing, depth=depth, kind=kind)


def allows(matchers: Any, seen: Seen) -> bool:
    return matchers is True or any(_allows(matcher, seen) for matcher in matchers)


def denies(matcher: Any, seen: Seen) -> bool:
    """Whether this leaf, a scalar or a key, is hit."""
    name, wanted = _read(matcher, seen.kind, allowing=False)
    return OPERATORS[name].denies(wanted, seen)


def operator_of(matcher: Any, kind: str, *, allowing: bool) -> str:
    """The name of the operator a matcher means."""
    return _read(matcher, kind, allowing=allowing)[0]


def meaning(matcher: Any, kind: str) -> tuple[str, Any]:
    """The operator a denying matcher means, and what it wants."""
    return _read(matcher, kind, allowing=False)


def _allows(matcher: Any, seen: Seen) -> bool:
    name, wanted = _read(matcher, seen.kind, allowing=True)
    allow = OPERATORS[name].allows
    return allow is not None and allow(wanted, seen)


def _read(matcher: Any, kind: str, *, allowing: bool) -> tuple[str, Any]:
    if not isinstance(matcher, str):
        return next(iter(matcher.items())) if isinstance(matcher, Mapping) else ("equals", matcher)
    if kind in ("path", "folder"):
        return "path_under", matcher
    if kind == "email":
        return "email", matcher
    if kind in ("url", "host"):
        return ("url" if allowing and hosts.is_url(matcher) else "host"), matcher
    return ("contains" if kind in TEXT_KINDS and not allowing else "equals"), matcher


def _check_one(matcher: Any, *, allowing: bool, depth: int, kind: str | None) -> None:
    if isinstance(matcher, str):
        if kind:
            _require_meaning(*_read(matcher, kind, allowing=allowing), allowing=allowing)
        return
    if isinstance(matcher, list):
        raise UnknownRule(
            'a list of values cannot be a value; for each element of a list, write {"each": […]}'
        )
    if not isinstance(matcher, Mapping):
        return
    if len(matcher) != 1:
        raise UnknownRule("a matcher has exactly one operator")
    _check_operator(matcher, allowing=allowing, depth=depth, kind=kind)


def _check_operator(matcher: Mapping[str, Any], *, allowing: bool, depth: int, kind: str | None) -> None:
    name, wanted = next(iter(matcher.items()))
    operator = OPERATORS.get(str(name))
    if operator is None:
        raise UnknownRule(f"there is no operator {name!r}; there are {', '.join(OPERATORS)}")
    if allowing and operator.allows is None:
        raise UnknownRule(f"{name} can only deny: what contains a text may contain anything else")
    if name == "each":
        check(wanted if isinstance(wanted, list) else None, allowing=allowing, depth=depth + 1, kind=kind)
    elif name == "argv":
        _check_argv(wanted, allowing=allowing, depth=depth)
    elif not operator.check(wanted):
        raise UnknownRule(f"{name} wants {operator.form}")
    elif kind is not None:
        _require_meaning(name, wanted, allowing=allowing)


def _require_meaning(name: str, wanted: Any, *, allowing: bool) -> None:
    """Raise UnknownRule for a text that looks like a limit and would never be met by any value."""
    operator = OPERATORS[name]
    if operator.can_hit is not None and not _can_hit(name, wanted, allowing=allowing):
        which = "nothing would be allowed by" if allowing else "nothing would ever be denied by"
        raise UnknownRule(f"{which} {str(wanted)[:80]!r}: {name} wants {operator.form}")


@lru_cache(maxsize=8192)
def _can_hit(name: str, wanted: str, *, allowing: bool) -> bool:
    """Remembered: rules are read anew at every use. An empty text is met by an empty one, where it denies."""
    asked = OPERATORS[name].can_hit
    return asked is None or (not allowing and loosened(wanted) == "") or asked(wanted, allowing=allowing)


# --- The operators ------------------------------------------------------------------------------------------


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _is_range(wanted: Any) -> bool:
    if not isinstance(wanted, Mapping) or not wanted or set(wanted) - {"min", "max"}:
        return False
    numbers = all(map(is_number, wanted.values()))
    return numbers and bool(wanted.get("min", -math.inf) <= wanted.get("max", math.inf))


def _is_in(wanted: Mapping[str, Any], number: float) -> bool:
    return bool(wanted.get("min", number) <= number <= wanted.get("max", number))


def _is_pattern(wanted: Any) -> bool:
    if not isinstance(wanted, str) or not 0 < len(wanted) <= PATTERN_CHARS:
        return False
    try:
        _compiled(wanted)
        _loosely(wanted)
    except re2.error:
        return False
    return True


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


@lru_cache(maxsize=2048)
def _loosely(pattern: str) -> Any:
    """The same in letters of any size, over lines, and with each line's own beginning and end."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    return re2.compile(f"(?sm){pattern}", options)


def size_of(pattern: str) -> int:
    """How many states the machines have that find a pattern; what it takes to run them grows with these.

    In two texts as it is written, in up to three loosely, where a measure of two is taken for one.
    """
    return int(_compiled(pattern).programsize) + int(_loosely(pattern).programsize) * 3 // 2


def _fits_pattern(wanted: str, seen: Seen) -> bool:
    value = seen.value
    return (
        isinstance(value, str)
        and len(value.encode()) <= VALUE_BYTES
        and bool(_compiled(wanted).fullmatch(value))
    )


def _finds_pattern(wanted: str, seen: Seen) -> bool:
    text = str(seen.value) if isinstance(seen.value, str) else loosened(seen.value)
    loose = loosened(text)
    if any(_compiled(wanted).search(each) for each in dict.fromkeys((text, loose))):
        return True
    flat = " ".join(loose.split())
    return any(_loosely(wanted).search(each) for each in dict.fromkeys((loose, flat, text)))


def _contains(wanted: str, seen: Seen) -> bool:
    return wanted in str(seen.value) or loosened(wanted) in loosened(seen.value)


def _hits_number(wanted: Mapping[str, Any], seen: Seen) -> bool:
    number = as_number(seen.value)
    return number is None or _is_in(wanted, number)


def _each(wanted: list[Any], seen: Seen) -> bool:
    value = seen.value
    return isinstance(value, list) and all(allows(wanted, Seen(item, seen.kind)) for item in value)


def _hits_path(wanted: str, seen: Seen) -> bool:
    value = seen.value
    if paths.denies(wanted, value, is_folder=seen.kind == "folder"):
        return True
    # Of a file that our own executors open, the real names are looked at as well, and nothing in it is expanded.
    if not isinstance(value, str) or seen.is_opened:
        return False
    return paths.leads_elsewhere(value, must_be_read=seen.must_be("path", "folder"))


def _hits_host(wanted: str, seen: Seen) -> bool:
    return hosts.denies(wanted, seen.value, must_be_read=seen.must_be("url", "host"))


def _can_hit_host(text: str, *, allowing: bool) -> bool:
    return hosts.is_host(text) if allowing else hosts.can_deny(text)


def _is_text(wanted: Any) -> bool:
    return isinstance(wanted, str) and wanted.strip() != ""


def _check_argv(wanted: Any, *, allowing: bool, depth: int) -> None:
    if (
        not isinstance(wanted, Mapping)
        or set(wanted) - {"program", "args", "rest"}
        or "program" not in wanted
    ):
        raise UnknownRule(
            "argv wants a program, and the matchers of its args, and of the rest if there may be more"
        )
    program, args = wanted["program"], wanted.get("args", [])
    if not isinstance(program, str) or not program.startswith("/"):
        raise UnknownRule("the program of argv is named by its absolute path")
    if not isinstance(args, list):
        raise UnknownRule("the args of argv are a list, one matcher for each argument")
    check(args, allowing=allowing, depth=depth + 1)
    if "rest" in wanted:
        check(wanted["rest"], allowing=allowing, depth=depth + 1)


def _runs(wanted: Mapping[str, Any], seen: Seen) -> bool:
    """The program by its absolute path, each argument by its matcher, no more of them than the rule knows."""
    value = seen.value
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        return False
    args = wanted.get("args", [])
    given, rest = value[1 : len(args) + 1], value[len(args) + 1 :]
    if value[0] != wanted["program"] or len(given) < len(args):
        return False
    fits = all(_allows(matcher, Seen(item)) for matcher, item in zip(args, given, strict=True))
    return fits and all("rest" in wanted and allows(wanted["rest"], Seen(item)) for item in rest)


def _names_program(wanted: Mapping[str, Any], seen: Seen) -> bool:
    found, program = loosened(seen.value), loosened(wanted["program"])
    named = found == program or found.rpartition("/")[2] == program.rpartition("/")[2]
    return named or any(denies(matcher, seen) for matcher in wanted.get("args", []))


OPERATORS: Final[Mapping[str, Operator]] = {
    "equals": Operator(
        _is_scalar,
        "a text, a number, true, false or null",
        lambda wanted, seen: loosened(seen.value) == loosened(wanted),
        lambda wanted, seen: is_same(seen.value, wanted),
    ),
    "one_of": Operator(
        lambda wanted: isinstance(wanted, list) and bool(wanted) and all(map(_is_scalar, wanted)),
        "a list of plain values",
        lambda wanted, seen: loosened(seen.value) in map(loosened, wanted),
        lambda wanted, seen: any(is_same(seen.value, each) for each in wanted),
    ),
    "range": Operator(
        _is_range,
        "min, max, or both, as numbers",
        _hits_number,
        lambda wanted, seen: is_number(seen.value) and _is_in(wanted, seen.value),
    ),
    "regex": Operator(
        _is_pattern,
        f"a pattern in RE2's syntax of at most {PATTERN_CHARS} characters",
        _finds_pattern,
        _fits_pattern,
    ),
    "path_under": Operator(
        _is_text,
        'a folder or file, relative to its root or absolute, without stars or ~ (names like *.key are a {"regex": …})',
        _hits_path,
        lambda wanted, seen: isinstance(seen.value, str) and paths.allows(wanted, seen.real),
        paths.can_hit,
    ),
    "host": Operator(
        lambda wanted: _is_text(wanted) and (hosts.is_host(wanted) or hosts.is_network(wanted)),
        "a host, host:port or *.domain, or, where it denies, a network such as 10.0.0.0/8",
        _hits_host,
        lambda wanted, seen: isinstance(seen.value, str) and hosts.allows_host(wanted, seen.value),
        _can_hit_host,
    ),
    "url": Operator(
        lambda wanted: _is_text(wanted) and hosts.is_url(wanted),
        "a full address that begins with https://",
        _hits_host,
        lambda wanted, seen: isinstance(seen.value, str) and hosts.allows_url(wanted, seen.value),
    ),
    "email": Operator(
        lambda wanted: _is_text(wanted) and mail.is_recipient(wanted),
        "an address, a domain or *.domain",
        lambda wanted, seen: mail.denies(wanted, seen.value, must_be_read=seen.must_be("email")),
        lambda wanted, seen: isinstance(seen.value, str) and mail.allows(wanted, seen.value),
        lambda text, allowing: mail.is_recipient(text),
    ),
    "argv": Operator(lambda wanted: True, "", _names_program, _runs),
    "sql_read_only": Operator(
        lambda wanted: wanted is True,
        "true",
        lambda wanted, seen: seen.sql != "write",
        lambda wanted, seen: seen.sql == "read",
    ),
    "each": Operator(
        lambda wanted: True, "", lambda wanted, seen: any(denies(matcher, seen) for matcher in wanted), _each
    ),
    "contains": Operator(_is_text, "a text", _contains),
}
