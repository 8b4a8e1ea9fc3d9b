"""Which limits of uses a use is under, and where each is counted. Reads them; only `limits` takes anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tools_app.calling import days
from tools_app.calling.askers import Asked
from tools_app.models import Tool, UsageCounter
from tools_app.models.usage_counter import CounterKey
from tools_app.policy import Grant, Used
from tools_app.policy.values import Source

_Scope = UsageCounter.Scope
_LONGEST = 60
_ONE_TODAY, _ALL_TODAY = "for one person today", "for everybody together today"


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit: the counter, how many uses it allows, and of what, in words."""

    key: CounterKey
    most: int
    code: str
    where: str
    source: Source

    def uses(self) -> int:
        return UsageCounter.objects.used(self.key)


class Quotas:
    """The limits of one use, read once. Their order is the order in which their rows are locked, everywhere."""

    def __init__(self, tool: Tool, grant: Grant, asked: Asked) -> None:
        self._tool, self._grant, self._asked = tool, grant, asked

    def all(self) -> list[Quota]:
        """Only those that limit anything."""
        return [*self._of_conversation(), *self.daily()]

    def _of_conversation(self) -> Iterator[Quota]:
        if is_limit(self._grant.usage_limit):
            key = counter_key(self._asked, self._tool.pk)
            yield Quota(key, self._grant.usage_limit or 0, "limit", "in this conversation", self._by_grant)

    def daily(self) -> Iterator[Quota]:
        """Of the grant, for this persona; and of the tool, for all personas together."""
        grant, tool, agent = self._grant, self._tool, self._asked.agent_type_id
        levels = ((grant, agent, self._by_grant), (tool, 0, Source("tool", tool.pk, tool.name)))
        for level, persona, source in levels:
            if is_limit(level.person_daily_limit):
                whose = f"{self._today}|{_short(self._asked.identity.user_id)}"
                key = self._key(_Scope.USER_DAY, whose, persona)
                yield _a_day(key, level.person_daily_limit, _ONE_TODAY, source)
        for level, persona, source in levels:
            if is_limit(level.daily_limit):
                key = self._key(_Scope.ORGANIZATION_DAY, self._today, persona)
                yield _a_day(key, level.daily_limit, _ALL_TODAY, source)

    @property
    def _by_grant(self) -> Source:
        return Source("grant", self._grant.id, self._grant.agent_name)

    @cached_property
    def _today(self) -> str:
        return days.today(self._asked.organization_id)

    def _key(self, scope: str, scope_key: str, agent_type_id: int) -> CounterKey:
        return {
            "organization_id": self._asked.organization_id,
            "scope": str(scope),
            "scope_key": scope_key,
            "agent_type_id": agent_type_id,
            "tool_id": self._tool.pk,
        }


def _a_day(key: CounterKey, limit: int | None, where: str, source: Source) -> Quota:
    return Quota(key, limit or 0, "daily_limit", where, source)


def is_limit(limit: int | None) -> bool:
    """None and -1 are unlimited (S4.230)."""
    return limit is not None and limit != -1


def used(tool: Tool, grant: Grant, asked: Asked) -> Iterator[Used]:
    """What is taken of the limits beyond the conversation's, for the decision before anybody is asked."""
    yield from _closed(tool)
    for quota in Quotas(tool, grant, asked).daily():
        yield Used(quota.code, quota.where, quota.most, quota.uses(), quota.source)


def _closed(tool: Tool) -> Iterator[Used]:
    """Where a tool may be called never, by how many at once or how many a minute; one that is only observed may."""
    source = Source("tool", tool.pk, tool.name)
    if tool.concurrent_limit == 0:
        yield Used("concurrent_limit", "at once", 0, source=source)
    if tool.rate_limit == 0 and not tool.rate_limit_observed:
        yield Used("rate_limit", "in a minute", 0, source=source)


def never(tool: Tool, grant: Grant) -> Iterator[Used]:
    """The limits beyond the conversation's that allow nothing, whatever was used, so that no counter is asked."""
    yield from _closed(tool)
    source = Source("tool", tool.pk, tool.name)
    for level, whose in ((grant, Source("grant", grant.id, grant.agent_name)), (tool, source)):
        if level.person_daily_limit == 0:
            yield Used("daily_limit", _ONE_TODAY, 0, source=whose)
        if level.daily_limit == 0:
            yield Used("daily_limit", _ALL_TODAY, 0, source=whose)


def counter_key(asked: Asked, tool_id: int) -> CounterKey:
    return {
        "organization_id": asked.organization_id,
        "scope": _Scope.CONVERSATION.value,
        "scope_key": asked.session_id,
        "agent_type_id": asked.agent_type_id,
        "tool_id": tool_id,
    }


def rate_key(tool: Tool) -> CounterKey:
    """All personas of the organization share what a tool takes in a minute."""
    return _of_tool(tool, _Scope.TOOL_MINUTE)


def now_key(tool: Tool) -> CounterKey:
    """And how many of its calls run at one moment."""
    return _of_tool(tool, _Scope.TOOL_NOW)


def _of_tool(tool: Tool, scope: str) -> CounterKey:
    return {
        "organization_id": tool.organization_id,
        "scope": str(scope),
        "scope_key": "",
        "agent_type_id": 0,
        "tool_id": tool.pk,
    }


def _short(user_id: str) -> str:
    """Ids of people are short; one from elsewhere that is not must not be cut into somebody else's."""
    return user_id if len(user_id) <= _LONGEST else hashlib.sha256(user_id.encode()).hexdigest()[:_LONGEST]
