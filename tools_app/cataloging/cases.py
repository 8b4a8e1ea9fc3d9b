"""Saved cases: a use of a tool and what is expected of it. Run through the real gate, on demand and before publishing.

A case that expects a result really uses the tool: it asks where the tool asks, and counts, and is recorded. One that
expects a refusal or a question only asks the gate.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit_app import records
from audit_app.exceptions import StaleState
from audit_app.redaction import storable
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from tools_app import arguments, catalog, policy
from tools_app.calling import askers
from tools_app.calling.askers import Asked
from tools_app.cataloging import expectations, versions
from tools_app.cataloging.expectations import Happened
from tools_app.exceptions import CaseNameTaken, InvalidArguments, InvalidCase
from tools_app.explain import trying
from tools_app.models import Tool, ToolCall, ToolCase

# As the record and the call name the way by which it was asked.
THROUGH: Final = "saved case"
FIELDS: Final = ("name", "arguments", "expectation", "agent_type_id", "agent_name", "user_id")
MAX_BYTES: Final = 65_536
MAX_CASES: Final = 200
_EXCERPT: Final = 2_000
Outcome = ToolCase.Outcome


def add(tool: Tool, fields: Mapping[str, Any], *, by: Identity) -> ToolCase:
    """Save a case. Raises InvalidCase with what is wrong by field, or CaseNameTaken."""
    catalog.require_right(by, tool)
    case = ToolCase(organization_id=tool.organization_id, tool=tool)
    if ToolCase.objects.filter(tool=tool).count() >= MAX_CASES:
        raise InvalidCase(f"A tool has at most {MAX_CASES} cases.")
    return _kept(case, fields, by=by)


def change(case: ToolCase, fields: Mapping[str, Any], *, by: Identity) -> ToolCase:
    """Change what is named; what it came to before says nothing about the case as it is now."""
    catalog.require_right(by, case.tool)
    with transaction.atomic():
        return _kept(_locked(case), fields, by=by)


def remove(case: ToolCase, *, by: Identity) -> None:
    catalog.require_right(by, case.tool)
    with transaction.atomic():
        row = _locked(case)
        _record("case.removed", row, {}, by=by)
        row.delete()


def run(case: ToolCase, *, by: Identity, draft: str = "") -> ToolCase:
    """Run a case as this person, against the published tool or the draft with this mark.

    It comes back passed, failed, or open: then its use waits for a worker or for a person, and `settle` judges it.
    """
    catalog.require_right(by, case.tool)
    tool = Tool.objects.filter(pk=case.tool_id).first()
    if tool is None:
        raise NotFound
    content_hash = (versions.tried(tool, draft) if draft else tool).content_hash()
    who = _asked(case, by, draft)
    expected, raw = case.expectation["outcome"], json.dumps(case.arguments)
    told = trying.decide(tool, raw, trying.instead_of(who, case.user_id) if case.user_id else who)
    _withdraw(case, by=by)
    with transaction.atomic():
        row = _locked(case)
        row.call, row.content_hash = None, content_hash
        row.run_by, row.run_at = by.display_name[:255], timezone.now()
        match told.decision:
            case policy.Refuse(message=message):
                return _judged(row, Happened("refused", message), by=by)
            case policy.AskApproval() if expected in ("asks", "refused"):
                return _judged(row, Happened("asks"), by=by)
            case policy.Allow() if expected in ("asks", "refused"):
                return _judged(row, Happened("allowed"), by=by)
        row.call = trying.use(tool, raw, who, by=by)
        return _opened(row, by=by)


def settle(call: ToolCall) -> None:
    """Judge the case whose use has come to its end; safe to call twice, and for calls of no case."""
    with transaction.atomic():
        row = ToolCase.objects.select_for_update().filter(call=call, outcome=Outcome.OPEN).first()
        if row is not None and call.status not in ToolCall.OPEN:
            _judged(row, _happened(call), by=askers.of(call).identity)


def refresh(tool: Tool) -> None:
    """Judge what has ended while nobody was told: the process may have died between the end and its judgement."""
    for row in ToolCase.objects.filter(tool=tool).unsettled().select_related("call"):
        if row.call is not None:
            settle(row.call)
        else:
            ToolCase.objects.filter(pk=row.pk, call=None).unsettled().update(outcome=Outcome.NEVER)


def unproven(tool: Tool, content_hash: str) -> list[ToolCase]:
    """The cases that have not passed for exactly this content, by name."""
    rows = ToolCase.objects.filter(tool=tool).order_by("name")
    return [row for row in rows if not is_proven(row, content_hash)]


def is_proven(case: ToolCase, content_hash: str) -> bool:
    return case.outcome == Outcome.PASSED and case.content_hash == content_hash


def told(rows: Iterable[ToolCase], content_hash: str) -> list[dict[str, str]]:
    """What is to be said of cases that stand in the way of publishing."""
    return [
        {"name": row.name, **_state(row, row.content_hash == content_hash and row.outcome != Outcome.NEVER)}
        for row in rows
    ]


def _state(row: ToolCase, was_run: bool) -> dict[str, str]:  # noqa: FBT001 - a fact, steering nothing
    if not was_run:
        return {"outcome": "never", "explanation": "It was not run against this content."}
    return {"outcome": row.outcome, "explanation": row.explanation}


def _kept(case: ToolCase, fields: Mapping[str, Any], *, by: Identity) -> ToolCase:
    was_new = case.pk is None
    for name, value in fields.items():
        setattr(case, name, value)
    _check(case, fields)
    case.outcome, case.explanation, case.call, case.content_hash = Outcome.NEVER, "", None, ""
    case.changed_by = by.display_name[:255]
    try:
        with transaction.atomic():
            case.save()
            _record("case.kept", case, {"new": was_new, "expectation": case.expectation}, by=by)
    except IntegrityError:
        raise CaseNameTaken(details={"name": case.name}) from None
    return case


def _check(case: ToolCase, fields: Mapping[str, Any]) -> None:
    wrong: dict[str, list[str]] = {
        str(name): ["There is no such field."] for name in fields if name not in FIELDS
    }
    name = str(case.name)
    if not 0 < len(name.strip()) <= len(name) <= 100 or not name.isprintable():
        wrong["name"] = ["Give it a name of 1 to 100 characters in one line."]
    for name in ("arguments", "expectation"):
        if problem := _not_plain(getattr(case, name)):
            wrong[name] = [problem]
    if "expectation" not in wrong and (problems := expectations.problems(case.expectation)):
        wrong["expectation"] = problems
    if not wrong and case.user_id and case.expectation["outcome"] not in ("refused", "asks"):
        wrong["user_id"] = ["You can only use a tool as yourself: for somebody else, expect refused or asks."]
    if wrong:
        raise InvalidCase(details=wrong)


def _not_plain(value: Any) -> str:
    try:
        arguments.parse(json.dumps(value), max_bytes=MAX_BYTES)
    except InvalidArguments as broken:
        return broken.message
    except (TypeError, ValueError, RecursionError):
        return "This is not plain JSON."
    return ""


def _locked(case: ToolCase) -> ToolCase:
    """The case, held; the tool first, as whoever deletes a tool takes it before its cases and the record."""
    Tool.objects.select_for_update(no_key=True).filter(pk=case.tool_id).first()
    row = ToolCase.objects.select_for_update().filter(pk=case.pk).first()
    if row is None:
        raise NotFound
    return row


def _asked(case: ToolCase, by: Identity, draft: str) -> Asked:
    """A session of its own for each run: a limit of uses in a conversation is not worn down by the cases before."""
    who = trying.asked(by, agent_type_id=case.agent_type_id, agent_name=case.agent_name)
    return replace(who, session_id=f"case:{uuid.uuid4().hex}", door=THROUGH, draft=draft)


def _withdraw(case: ToolCase, *, by: Identity) -> None:
    """Take the question of the run before back, so that nobody is asked twice about one case."""
    former = ToolCall.objects.filter(pk=case.call_id or 0, status__in=ToolCall.OPEN).first()
    if former is not None:
        try:
            trying.withdraw(former, by=by)
        except StaleState:
            return


def _opened(row: ToolCase, *, by: Identity) -> ToolCase:
    row.outcome, row.explanation = Outcome.OPEN, ""
    row.save()
    if row.call is not None and row.call.status not in ToolCall.OPEN:
        # Refused between the decision and the use.
        return _judged(row, _happened(row.call), by=by)
    return row


def _happened(call: ToolCall) -> Happened:
    match call.status:
        case ToolCall.Status.SUCCEEDED:
            return Happened("succeeded", call.result_text, call.result)
        case ToolCall.Status.FAILED:
            return Happened("failed", call.reason_text)
        case ToolCall.Status.BLOCKED | ToolCall.Status.DENIED:
            return Happened("refused", call.reason_text)
    return Happened("unsettled", call.reason_text)


def _judged(row: ToolCase, happened: Happened, *, by: Identity) -> ToolCase:
    wrong = expectations.unmet(row.expectation, happened)
    row.outcome = Outcome.FAILED if wrong else Outcome.PASSED
    row.explanation = storable(" ".join(wrong) or happened.text)[:_EXCERPT]
    row.save()
    ended: dict[str, Any] = {"outcome": row.outcome, "content_hash": row.content_hash, "call": row.call_id}
    _record("case.ran", row, {**ended, **({"why": row.explanation[:300]} if wrong else {})}, by=by)
    return row


def _record(action: str, case: ToolCase, told: dict[str, Any], *, by: Identity) -> None:
    subject = records.Subject("tool", str(case.tool_id), case.tool.name)
    records.record(action, by=by, subject=subject, facts={"case": case.name, **told})
