"""Which server a tool belongs to and how it is reached: the value a tool's configuration is read into."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import rfc8785

from tools_app.executors.base import Credential
from tools_app.executors.mcp import launchers
from tools_app.executors.mcp.launchers import Launcher

STDIO: Final = "stdio"
HTTP: Final = "http"


@dataclass(frozen=True, slots=True)
class Auth:
    """`kind` is bearer, header (with the header's name) or oauth (with client id, issuer and scope)."""

    kind: str
    secret: str
    name: str = ""
    issuer: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One server of one organization, as it stood when its tools were reviewed."""

    organization: int
    server: int
    name: str
    kind: str
    launcher: str = ""
    launcher_hash: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Auth | None = None
    seconds: float = 60.0

    def as_json(self) -> dict[str, Any]:
        """For a tool's configuration: whatever decides who is spoken to, so that all of it is in the tool's hash."""
        written: dict[str, Any] = {
            "organization": self.organization,
            "id": self.server,
            "name": self.name,
            "kind": self.kind,
            "timeout_seconds": self.seconds,
        }
        if self.kind == STDIO:
            return {**written, "launcher": self.launcher, "launcher_hash": self.launcher_hash}
        written |= {"url": self.url, "headers": dict(self.headers)}
        if self.auth is not None:
            auth = {"type": self.auth.kind, "secret": self.auth.secret, "name": self.auth.name}
            written["auth"] = {**auth, "issuer": self.auth.issuer, "scope": self.auth.scope}
        return written

    def require_launcher(self) -> Launcher:
        """The launcher, if the operator's file still says what was reviewed. Raises LookupError with why not."""
        found = launchers.named(self.launcher)
        if found is None:
            raise LookupError(f"The operator lists no launcher called {self.launcher!r}.")
        if found.fingerprint != self.launcher_hash:
            raise LookupError(f"The launcher {self.launcher!r} starts something else by now.")
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """A target with the secret as the worker holds it; its key keeps connections apart."""

    target: Target
    credential: Credential | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """Another organization, server, address, launcher or secret is another connection, always."""
        secret = self.credential
        body = [self.target.as_json(), [secret.value, list(secret.hosts)] if secret else None]
        return hashlib.sha256(rfc8785.dumps(body)).hexdigest()


def read(settings: Mapping[str, Any]) -> Target:
    """Out of a tool's configuration; raises KeyError, TypeError or ValueError where that is none of ours."""
    given = settings["server"]
    auth = given.get("auth")
    return Target(
        organization=int(given["organization"]),
        server=int(given["id"]),
        name=str(given["name"]),
        kind=str(given["kind"]),
        launcher=str(given.get("launcher", "")),
        launcher_hash=str(given.get("launcher_hash", "")),
        url=str(given.get("url", "")),
        headers={str(name): str(value) for name, value in dict(given.get("headers", {})).items()},
        auth=Auth(auth["type"], auth["secret"], auth["name"], auth["issuer"], auth["scope"])
        if auth
        else None,
        seconds=float(given["timeout_seconds"]),
    )
