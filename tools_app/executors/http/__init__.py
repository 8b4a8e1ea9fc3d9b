"""Carries out tools that are one HTTP request: the configuration says where each argument goes, and no code does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import further, network
from tools_app.executors.base import Reach, ToolResult, Work
from tools_app.executors.http import answer, checks, configuration, request, shape, template
from tools_app.executors.http.configuration import HttpTool

_EMPTY = "This HTTP tool has no configuration yet: it needs at least a method and an address."
_BROKEN = "The configuration of this HTTP tool is not valid: an administrator has to mend it."


class HttpExecutor:
    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        if self.unready(work.settings):
            raise ToolFailed(_BROKEN, code="executor_unavailable")
        tool = configuration.read(work.settings)
        sent = request.build(tool, work, arguments, context)
        found = network.fetch(sent, _Way(tool, work))
        return answer.read(tool, found, arguments, answer.hider(tool, work.credentials))

    def readiness(self, name: str) -> str:
        return ""

    def unready(self, settings: Mapping[str, Any]) -> str:
        if not settings:
            return _EMPTY
        return "" if shape.is_sound(settings) else _BROKEN

    def problems(self, settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
        if not settings:
            # A draft: it can be saved, and is not ready.
            return []
        found = shape.problems(settings)
        return found or checks.problems(configuration.read(settings), schema)

    def secrets(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        if self.unready(settings):
            return ()
        return tuple(dict.fromkeys(auth.secret for auth in configuration.read(settings).auths))

    def reach(self, settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> Reach | None:
        return None if self.unready(settings) else request.reach(configuration.read(settings), arguments)

    def lasting_reach(self, settings: Mapping[str, Any]) -> Reach | None:
        return None if self.unready(settings) else request.lasting_reach(configuration.read(settings))

    def acts_for_person(self, name: str, settings: Mapping[str, Any]) -> bool:
        """Where the service is told who asks."""
        if self.unready(settings):
            return False
        return not shape.PERSON_KEYS.isdisjoint(configuration.read(settings).context_headers.values())


class _Way:
    """Asked about every address on the way: the first one is the tool's, the others are what it redirects to."""

    def __init__(self, tool: HttpTool, work: Work) -> None:
        self._redirects = tool.redirects
        # Where the model names the address, the rules of the grant judge the further ones too.
        named = template.whole(tool.url)
        self._judge = further.judged(work.judge if named else None, named)
        self._first: network.Url | None = None

    def __call__(self, url: network.Url) -> None:
        self._judge(url)
        if self._first is None:
            self._first = url
        elif self._redirects == "none":
            raise network.EgressRefused("The service redirects, which this tool does not follow.")
        elif self._redirects == "same_origin" and url.origin != self._first.origin:
            raise network.EgressRefused(
                "The service redirects to another host, which this tool does not follow."
            )

    def reaches(self, url: network.Url, addresses: Sequence[str]) -> None:
        self._judge.reaches(url, addresses)
