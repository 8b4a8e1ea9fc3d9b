"""What an administrator may choose about web_search: the engine, where it is, its key, and how it searches."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import jsonschema_rs

from tools_app.builtin_tools.search_engines import ENGINES, Engine
from tools_app.exceptions import ToolFailed
from tools_app.executors import network
from tools_app.executors.base import Reach

DEFAULT: Final = "duckduckgo"
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "engine": {
            "enum": list(ENGINES),
            "description": "DuckDuckGo needs nothing else; SearXNG needs an address, Brave the name of a secret.",
        },
        "url": {
            "type": "string",
            "minLength": 8,
            "maxLength": 2_000,
            "description": "Address of the SearXNG instance, or of a proxy in front of another engine.",
        },
        "secret": {
            "type": "string",
            "minLength": 1,
            "maxLength": 100,
            "description": "Name of the secret that holds the key of Brave Search.",
        },
        "results": {
            "type": "integer",
            "minimum": 1,
            "maximum": 20,
            "description": "How many, unless asked for.",
        },
        "language": {
            "type": "string",
            "pattern": "^[A-Za-z]{2}(-[A-Za-z]{2})?$",
            "description": "Such as en, or de-de for the region of DuckDuckGo.",
        },
        "safe_search": {"enum": ["off", "moderate", "strict"]},
    },
}


class SearchSettings:
    """The configuration of a row of web_search. An empty one works where the internet can be reached."""

    schema = SCHEMA

    def unready(self, settings: Mapping[str, Any]) -> str:
        return "; ".join(self._wrong(settings))

    def problems(self, settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
        found = self._wrong(settings)
        if not found:
            try:
                network.vet(address(settings))
            except ToolFailed as refused:
                found = [f"/url: {refused.message}"]
        return found

    def secrets(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        return (settings["secret"],) if isinstance(settings.get("secret"), str) else ()

    def reach(self, settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> Reach | None:
        return self.lasting_reach(settings)

    def lasting_reach(self, settings: Mapping[str, Any]) -> Reach | None:
        if self._wrong(settings):
            return None
        where = address(settings)
        return Reach(f"{engine(settings).label}: GET {where}", network.parse_url(where))

    def _wrong(self, settings: Mapping[str, Any]) -> list[str]:
        if not settings:
            return []
        found = list(islice(_validator().iter_errors(dict(settings)), 5))
        if found:
            return [f"/{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in found]
        chosen = settings.get("engine", DEFAULT)
        if chosen == "searxng" and "url" not in settings:
            return ["/url: give the address of your SearXNG."]
        if chosen == "brave" and "secret" not in settings:
            return ["/secret: give the name of the secret that holds the key of Brave Search."]
        if chosen != "brave" and "secret" in settings:
            return ["/secret: only Brave Search takes a key."]
        return []


def engine(settings: Mapping[str, Any]) -> Engine:
    return ENGINES[settings.get("engine", DEFAULT)]


def address(settings: Mapping[str, Any]) -> str:
    return str(settings.get("url") or engine(settings).address)


@lru_cache(maxsize=1)
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(SCHEMA)
