"""How much and how long one answer may be before it is cut off."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from django.conf import settings

from agents_app.providers.errors import ProviderMisconfigured


@dataclass(frozen=True, slots=True)
class Limits:
    """`read_seconds` of silence on the wire, `idle_seconds` without content although bytes keep coming,
    `wall_seconds` and `max_chars` for the whole turn."""

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    idle_seconds: float = 180.0
    wall_seconds: float = 1800.0
    max_chars: int = 10_000_000

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """The installation's limits, with what an endpoint's options say instead (a slow local model reads
        longer)."""
        base = cls(read_seconds=float(settings.MODEL_READ_TIMEOUT))
        try:
            own: dict[str, Any] = {f.name: float(options[f.name]) for f in fields(cls) if f.name in options}
        except (TypeError, ValueError) as error:
            raise ProviderMisconfigured(detail=f"a limit among the options is no number: {error}") from error
        return replace(base, **own)
