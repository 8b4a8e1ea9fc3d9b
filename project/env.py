"""Typed readers for configuration from the environment. Each names the variable in its complaint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


class Misconfigured(ImproperlyConfigured):
    """A variable of the environment cannot be used; the message says which one and what it should be."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables settings are read from. Nothing else in the house reads them."""

    variables: Mapping[str, str] = field(repr=False)

    def text(self, name: str, default: str = "") -> str:
        value = self.variables.get(name, "").strip()
        return value or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.text(name).lower()
        if not value:
            return default
        if value not in TRUE | FALSE:
            raise Misconfigured(f"{name} must be true or false, not {value!r}.")
        return value in TRUE

    def number(self, name: str, default: int, *, minimum: int = 0) -> int:
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise Misconfigured(f"{name} must be a whole number, not {value!r}.") from None
        if number < minimum:
            raise Misconfigured(f"{name} must be at least {minimum}, not {number}.")
        return number

    def choice(self, name: str, default: str, *, others: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(name, default).lower()
        if value not in (default, *others):
            raise Misconfigured(f"{name} must be one of {default}, {', '.join(others)}, not {value!r}.")
        return value

    def listing(self, name: str, default: tuple[str, ...] = (), *, separator: str = ",") -> list[str]:
        value = self.text(name)
        if not value:
            return list(default)
        return [part.strip() for part in value.split(separator) if part.strip()]

    def folder(self, name: str, default: Path) -> Path:
        return Path(self.text(name, str(default))).expanduser().absolute()

    def folders(self, name: str, default: Path, *, separator: str) -> list[Path]:
        """Read paths separated by commas or by the system's own path separator."""
        value = self.text(name).replace(separator, ",")
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return [Path(part).expanduser().absolute() for part in parts] or [default]

    def folders_among(self, name: str, known: list[Path], default: Path, *, separator: str) -> list[Path]:
        """Read some of the folders another variable names, or the word none."""
        if self.text(name).lower() == "none":
            return []
        chosen = self.folders(name, default, separator=separator)
        if self.text(name) and not set(chosen) <= set(known):
            raise Misconfigured(f"{name} must name folders that are file roots too.")
        return [folder for folder in chosen if folder in known]

    def secret(self, name: str, *, kept_in: Path | None = None) -> str:
        """Read NAME, else the file named by NAME_FILE, else the file `kept_in`, else "".

        A value is never part of a complaint.
        """
        value = self.text(name)
        if value:
            return value
        named = self.text(f"{name}_FILE")
        if named:
            return _content(Path(named), name)
        if kept_in is not None and kept_in.is_file():
            return _content(kept_in, name)
        return ""


def _content(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{name}_FILE: {path} cannot be read ({type(error).__name__}).") from None
