"""Brings a catalog in, through the verbs that everybody's changes go through: all of it, or nothing.

A dry run does the same and takes it back, so that it tells exactly what would happen, refusals included. What is here
under the same name and otherwise is a conflict: nobody's work is overwritten without a choice (S4.247).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import transaction

from agents_app.granted import granting
from agents_app.transfer.items import Personas, Servers, Tools, needed
from agents_app.transfer.reports import Outcome, Report
from agents_app.transfer.ruling import Rules
from agents_app.transfer.settling import Arrival
from audit_app import records
from project.accounts.identity import Identity
from tools_app.documents import Document
from tools_app.models import Secret


class Choice(StrEnum):
    """What becomes of an item that is here under the same name, and otherwise."""

    FAIL = "fail"
    KEEP = "keep"
    REPLACE = "replace"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to bring a document in. `choices` are by `kind/name` and come before `otherwise`.

    `remembers` is for files that are loaded again and again: what nobody has edited since is renewed unasked.
    """

    otherwise: Choice = Choice.FAIL
    choices: Mapping[str, Choice] = field(default_factory=dict)
    is_dry: bool = False
    remembers: bool = False
    reason: str = ""


def bring_in(document: Document, wanted: Wanted, *, by: Identity) -> Report:
    """Raises NotAllowed or NotFound for who may not change the catalog; everything else is in the report."""
    organization_id = granting.require_right(by)
    missing = _missing_secrets(document, organization_id)
    arrival = Arrival(
        by=by,
        organization_id=organization_id,
        choose=lambda key: str(wanted.choices.get(key, wanted.otherwise)),
        awaited=frozenset(missing),
        remembers=wanted.remembers,
        reason=wanted.reason or "Imported",
    )
    with transaction.atomic():
        outcomes = _outcomes(document, arrival)
        report = Report(outcomes, missing, is_dry=wanted.is_dry)
        if report.is_done:
            _record(report, wanted, by)
        else:
            transaction.set_rollback(True)
    return report


def _outcomes(document: Document, arrival: Arrival) -> list[Outcome]:
    """Tools before rules and personas: rules and grants name the tools, under the names they have here."""
    servers, tools, rules, personas = Servers(arrival), Tools(arrival), Rules(arrival), Personas(arrival)
    found = [servers.settle(item) for item in document.mcp_servers]
    found += [tools.settle(item) for item in document.tools]
    found += [rules.settle(item) for item in document.rules]
    for item in document.personas:
        found += personas.settle(item)
    return found


def _missing_secrets(document: Document, organization_id: int) -> list[str]:
    """By name alone: what they hold travels by another way."""
    named = {item.name for item in document.secrets} | needed(document)
    there = Secret.objects.filter(organization_id=organization_id, name__in=named)
    return sorted(named - set(there.values_list("name", flat=True)))


def _record(report: Report, wanted: Wanted, by: Identity) -> None:
    if not report.changes:
        return
    facts: dict[str, Any] = {
        "written": [f"{each.key}: {each.state}" for each in report.changes][:200],
        "kept": sum(each.state == "kept" for each in report.outcomes),
    }
    told = {**facts, **({"reason": wanted.reason} if wanted.reason else {})}
    subject = records.Subject("catalog", str(by.organization_id), "catalog")
    records.record("catalog.imported", by=by, subject=subject, facts=told)
