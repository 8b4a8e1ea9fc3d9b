"""What an administrator may say about the tools that run programs: the hosts they may reach, none unless named."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import jsonschema_rs

from tools_app.executors import network
from tools_app.executors.base import Reach

_HOST: Final = r"^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9-]{1,63}(:[0-9]{1,5})?$"
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "network": {
            "type": "array",
            "maxItems": 50,
            "items": {"type": "string", "pattern": _HOST, "maxLength": 260},
            "description": (
                "Hosts that programs may reach, over https alone and through a proxy: api.test, or *.example.org "
                "for all below it. Whatever a program can read it can send there. Left out: no network."
            ),
        },
    },
}


class NetworkSettings:
    """The configuration of a row of bash, python or run_program."""

    schema = SCHEMA

    def unready(self, settings: Mapping[str, Any]) -> str:
        return "; ".join(self.problems(settings, {}))

    def problems(self, settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
        found = islice(_validator().iter_errors(dict(settings)), 5)
        return [f"/{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in found]

    def secrets(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        return ()

    def reach(self, settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> Reach | None:
        """Shown to whoever is asked, and part of what they approve: which hosts the program could speak to."""
        named = hosts(settings)
        if not named:
            return None
        return Reach(", ".join(named), network.parse_url(f"https://{named[0].removeprefix('*.')}"))

    def lasting_reach(self, settings: Mapping[str, Any]) -> Reach | None:
        return None


def hosts(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(host) for host in settings.get("network") or ())


@lru_cache(maxsize=1)
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(SCHEMA)
