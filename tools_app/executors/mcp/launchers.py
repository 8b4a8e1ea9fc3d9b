"""Launchers: the programs that may be started as MCP servers. The operator lists them in a file, tenants only name one.

The file of MCP_LAUNCHERS is TOML or JSON, one table per launcher; it is read again when it changes. A program is given
by absolute path and started without a shell, with an environment of its own that holds nothing but what is listed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import rfc8785
from django.conf import settings

from project.accounts.exceptions import Misconfigured

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_KEYS: Final = frozenset({"program", "arguments", "environment", "directory", "organizations"})
# What makes a program load other code. Whoever may set these owns it, so they are never passed on.
_NEVER: Final = re.compile(
    r"(LD_|DYLD_|PYTHON(?!UTF8|UNBUFFERED)|NODE_(OPTIONS|PATH)|BASH_ENV|ENV\Z|PERL5|RUBY(OPT|LIB)|JAVA_TOOL_OPTIONS|"
    r"GIT_(SSH|EXEC)|SECRET_KEY|SECRETS_KEY|DATABASE_URL|REDIS_URL)",
)
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"


class LaunchersUnreadable(Misconfigured):
    """The file of MCP launchers (MCP_LAUNCHERS) cannot be used."""

    code = "launchers_unreadable"


@dataclass(frozen=True, slots=True)
class Launcher:
    """`environment` holds names only, of the worker's own variables. No `organizations`: all may name it."""

    name: str
    program: str
    arguments: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    directory: str = ""
    organizations: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """What is pinned at a review: another program, argument or variable is another server."""
        body = [self.program, list(self.arguments), sorted(self.environment), self.directory]
        return hashlib.sha256(b"launcher/v1\n" + rfc8785.dumps(body)).hexdigest()

    @property
    def command(self) -> str:
        return " ".join([self.program, *self.arguments])

    def is_for(self, organization: str) -> bool:
        return not self.organizations or organization in self.organizations

    def variables(self, home: str) -> dict[str, str]:
        """The whole environment of the process: nothing is inherited that is not listed."""
        passed = {name: os.environ[name] for name in self.environment if name in os.environ}
        return {"PATH": _PATH, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", **passed}


def known() -> dict[str, Launcher]:
    """Every launcher by name; raises LaunchersUnreadable. Without a file there is none."""
    path = Path(settings.MCP_LAUNCHERS)
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    except OSError as broken:
        raise LaunchersUnreadable(f"The file of MCP launchers cannot be read: {broken.strerror}.") from None
    return _read(path, changed)


def named(name: str) -> Launcher | None:
    return known().get(name)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> dict[str, Launcher]:
    """Remembered until the file changes; `changed` is its time."""
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as broken:
        told = f"The file of MCP launchers cannot be read: {type(broken).__name__}: {str(broken)[:200]}"
        raise LaunchersUnreadable(told) from None
    if not isinstance(found, dict):
        raise LaunchersUnreadable("The file of MCP launchers must hold one table per launcher.")
    return {name: _launcher(name, given) for name, given in found.items()}


def _launcher(name: str, given: Any) -> Launcher:
    if not _NAME.match(name):
        raise LaunchersUnreadable(f"{name[:80]!r} is no name for a launcher: use a-z, 0-9, _ and -.")
    if not isinstance(given, Mapping) or set(given) - _KEYS:
        raise LaunchersUnreadable(f"The launcher {name} may have: {', '.join(sorted(_KEYS))}.")
    program = given.get("program")
    if not isinstance(program, str) or not Path(program).is_absolute():
        raise LaunchersUnreadable(f"The launcher {name} needs a program, by its absolute path.")
    directory = given.get("directory", "")
    if not isinstance(directory, str) or (directory and not Path(directory).is_absolute()):
        raise LaunchersUnreadable(f"The directory of the launcher {name} must be an absolute path.")
    variables = _texts(name, given, "environment")
    if refused := [each for each in variables if not _VARIABLE.match(each) or _NEVER.match(each)]:
        raise LaunchersUnreadable(f"The launcher {name} may not be given: {', '.join(refused)[:200]}.")
    arguments, organizations = _texts(name, given, "arguments"), _texts(name, given, "organizations")
    return Launcher(name, program, arguments, variables, directory, organizations)


def _texts(name: str, given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = given.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) and "\0" not in each for each in value):
        raise LaunchersUnreadable(f"In the launcher {name}, {key} must be a list of texts.")
    return tuple(value)
