"""The configuration of an HTTP tool as a value: everything it says, with every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools_app.executors.http import shape


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one parameter goes; `name` is what the service calls it, `at` its way into a JSON body."""

    where: str
    name: str
    at: tuple[str, ...] = ()
    style: str = ""
    explode: bool = False
    filename: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Auth:
    """`kind` is bearer, basic, header, query or cookie; `name` that of the header, field or cookie."""

    kind: str
    secret: str
    name: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True)
class Next:
    """How the model learns of the next page: a value found in the answer, or the parameter plus one step."""

    parameter: str
    pick: str = ""
    jmespath: str = ""
    header: str = ""
    step: int = 0
    start: int = 1

    @property
    def reads_body(self) -> bool:
        return bool(self.pick or self.jmespath)


@dataclass(frozen=True, slots=True)
class HttpTool:
    """A configuration whose shape is sound, with every default filled in."""

    method: str
    url: str
    placements: Mapping[str, Placement] = field(default_factory=dict)
    fixed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    context_headers: Mapping[str, str] = field(default_factory=dict)
    idempotency_header: str = ""
    auths: tuple[Auth, ...] = ()
    seconds: float = 20.0
    max_bytes: int = 2 * 2**20
    redirects: str = "same_origin"
    pick: str = ""
    jmespath: str = ""
    max_characters: int = 20_000
    next: Next | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    def placed(self, where: str) -> dict[str, Placement]:
        return {name: placed for name, placed in self.placements.items() if placed.where == where}

    def placement(self, name: str) -> Placement:
        """A parameter in the address need not be placed: it stands there."""
        return self.placements.get(name) or Placement("path", name)


def read(settings: Mapping[str, Any]) -> HttpTool:
    """Read a configuration whose shape was found sound."""
    given = shape.expanded(settings)
    answer = given.get("response", {})
    return HttpTool(
        method=given["method"],
        url=given["url"],
        placements={name: _placement(name, placed) for name, placed in given.get("parameters", {}).items()},
        fixed=given.get("fixed", {}),
        headers=given.get("headers", {}),
        context_headers=given.get("context_headers", {}),
        idempotency_header=given.get("idempotency_header", ""),
        auths=tuple(_auth(auth) for auth in given.get("auth", ())),
        seconds=float(given.get("timeout_seconds", 20)),
        max_bytes=given.get("max_bytes", 2 * 2**20),
        redirects=given.get("redirects", "same_origin"),
        pick=answer.get("pick", ""),
        jmespath=answer.get("jmespath", ""),
        max_characters=answer.get("max_characters", 20_000),
        next=Next(**answer["next"]) if "next" in answer else None,
        errors=given.get("errors", {}),
    )


def _placement(name: str, placed: Mapping[str, Any]) -> Placement:
    style, wire = placed.get("style", ""), placed.get("name", name)
    way = placed.get("at", "").split("/")[1:]
    return Placement(
        where=placed["in"],
        name=wire,
        at=tuple(step.replace("~1", "/").replace("~0", "~") for step in way) or (wire,),
        style=style,
        # As OpenAPI has it: what is not said is said by the style.
        explode=placed.get("explode", style in ("form", "deepObject")),
        filename=placed.get("filename", ""),
        content_type=placed.get("content_type", ""),
    )


def _auth(given: Mapping[str, Any]) -> Auth:
    return Auth(given["type"], given["secret"], given.get("name", ""), given.get("username", ""))
