"""What has become of what was allowed from now on: compared with the tool, the persona and the rules of today."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final

from audit_app import clock
from tools_app import facts
from tools_app.approving import deciders, questions, standing, votes
from tools_app.models import Approval, OrganizationPolicy, StandingApproval, ToolCall

OPEN: Final = "open"
STATES: Final = {
    OPEN: "Open",
    "revoked": "Taken back",
    "used_up": "Used up",
    "expired": "Run out",
    "changed": "Something changed",
}
# Hashes of the tool, the persona and the rules.
_Hashes = tuple[str, str, str]


def written_state(row: StandingApproval, now: datetime) -> str:
    """The same as far as the row alone says, for long lists."""
    if row.revoked_at is not None:
        return "revoked"
    if row.used >= row.max_uses:
        return "used_up"
    return "expired" if row.expires_at <= now else OPEN


def state_of(row: StandingApproval, now: datetime) -> str:
    """A key of `STATES`, of one row; of a list of them `Today` knows it with fewer questions to the database."""
    return Today(now).state_of(row)


def fits_today(row: StandingApproval) -> bool:
    """Whether tool, persona and rules are what they were, and it may still spare a question, whatever a use is like."""
    return Today(clock.read()).fits(row)


class Today:
    """What holds at this moment, read once for all rows about the same tool, persona and person."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._settings: dict[int, OrganizationPolicy] = {}
        self._hashes: dict[tuple[Any, ...], _Hashes | None] = {}
        self._stands: dict[tuple[Any, ...], bool] = {}

    def state_of(self, row: StandingApproval) -> str:
        state = written_state(row, self._now)
        return "changed" if state == OPEN and not self.fits(row) else state

    def fits(self, row: StandingApproval) -> bool:
        if row.approval is None or self._is_closed(row) or not self._stands_for_more(row.approval):
            return False
        then = (row.tool_hash, row.agent_hash, row.rules_hash)
        # What was read for another row may differ in what only the arguments decide: before it says no it is read anew.
        return then == self._known(row.approval.call) or then == _hashes(row.approval.call)

    def _is_closed(self, row: StandingApproval) -> bool:
        if row.organization_id not in self._settings:
            self._settings[row.organization_id] = OrganizationPolicy.objects.of(row.organization_id)
        allowed = self._settings[row.organization_id]
        is_old = row.created_at + timedelta(seconds=allowed.standing_seconds) <= self._now
        is_dangerous = "dangerous" in row.reasons and not allowed.standing_dangerous
        return is_old or is_dangerous or row.used >= allowed.standing_uses

    def _known(self, call: ToolCall) -> _Hashes | None:
        told = json.dumps([call.tool_context, call.asked_through.get("draft")], sort_keys=True)
        key = (call.organization_id, call.tool_id, call.agent_type_id, call.user_id, told)
        if key not in self._hashes:
            self._hashes[key] = _hashes(call)
        return self._hashes[key]

    def _stands_for_more(self, approval: Approval) -> bool:
        demands = votes.demands_of(approval)
        if deciders.named(demands) or approval.votes_given > 1:
            # Groups, and who stands in for one, are of each question.
            return questions.stands_for_more(approval)
        said = json.dumps([approval.demands, approval.covers.get("editors")], sort_keys=True)
        key = (approval.decided_by_id, approval.requester_id, approval.approver, approval.call.tool_id, said)
        if key not in self._stands:
            self._stands[key] = questions.stands_for_more(approval)
        return self._stands[key]


def _hashes(call: ToolCall) -> _Hashes | None:
    found = facts.regather(call)
    known, grant = found.facts.tool, found.grant
    if known is None or grant is None:
        return None
    return known.content_hash, grant.agent_hash, standing.rules_of(found.facts, found.asked, found.reach)
