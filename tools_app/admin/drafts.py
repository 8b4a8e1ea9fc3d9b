"""Drafts beside what is published: what would change, what its saved cases say, and the buttons to decide it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from audit_app.audited_admin import ReadOnlyAdmin, Verb, identity_of
from project.accounts.exceptions import HouseError
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.admin import differing
from tools_app.approving.visible import visible_text
from tools_app.cataloging import cases, drafts, versions
from tools_app.exceptions import CasesNotPassed, DraftChanged, InvalidTool
from tools_app.models import Tool, ToolCase, ToolDraft


def _read(row: ToolDraft, given: dict[str, str]) -> ToolDraft:
    """The draft, if it is the revision that the page showed: what was read is what is decided."""
    if not drafts.is_decided_here(row):
        raise DraftChanged(drafts.ELSEWHERE, code="reviewed_elsewhere")
    if given.get("revision") != str(row.revision):
        raise DraftChanged
    return row


def _publish(row: ToolDraft, by: Identity, given: dict[str, str]) -> str:
    override = given.get("override", "")
    try:
        tool = drafts.publish(_read(row, given), by=by, override=override)
    except CasesNotPassed as refused:
        raise CasesNotPassed(_named(refused), details=refused.details) from None
    except InvalidTool as refused:
        raise InvalidTool(_with_fields(refused), details=refused.details) from None
    return f"Published. {tool.name} is now version {versions.number_of(tool)}."


def _renew(row: ToolDraft, by: Identity, given: dict[str, str]) -> str:
    newest = given.get("newest", "")
    seen = int(newest) if newest.isascii() and newest.isdecimal() and len(newest) < 10 else 0
    drafts.renew(_read(row, given), by=by, seen=seen)
    return f"The draft now stands on version {seen}. Look at it once more before you publish it."


def _discard(row: ToolDraft, by: Identity, given: dict[str, str]) -> str:
    drafts.discard(_read(row, given), by=by)
    return f"The draft of {row.tool.name} is discarded."


def _run_cases(row: ToolDraft, by: Identity, given: dict[str, str]) -> str:
    mark = versions.mark(_read(row, given))
    ran = [cases.run(case, by=by, draft=mark) for case in ToolCase.objects.filter(tool=row.tool)]
    return told_of(ran)


def publish_new(row: Tool, by: Identity, given: dict[str, str]) -> str:
    """The button of a tool that was born as a draft."""
    try:
        tool = drafts.publish_new(
            row, by=by, reason=given.get("reason", ""), override=given.get("override", "")
        )
    except CasesNotPassed as refused:
        raise CasesNotPassed(_named(refused), details=refused.details) from None
    except InvalidTool as refused:
        raise InvalidTool(_with_fields(refused), details=refused.details) from None
    return f"Published. {tool.name} is on, and is offered wherever it is granted."


def run_cases_of(row: Tool, by: Identity, _: dict[str, str]) -> str:
    """The button of a tool: its cases against what it is now."""
    mark = versions.NEW if row.is_draft else ""
    return told_of([cases.run(case, by=by, draft=mark) for case in ToolCase.objects.filter(tool=row)])


def told_of(ran: list[ToolCase]) -> str:
    """How a round of cases went, in one sentence."""
    if not ran:
        return "There are no saved cases."
    counts = [(sum(case.outcome == word for case in ran), word) for word in ("passed", "failed")]
    open_ones = sum(case.outcome == "open" for case in ran)
    told = [f"{count} {word}" for count, word in counts if count]
    told += [f"{open_ones} not ended yet: reload in a moment"] if open_ones else []
    return f"Ran {len(ran)} saved cases: {', '.join(told)}."


def _named(refused: CasesNotPassed) -> str:
    names = ", ".join(each["name"] for each in refused.details.get("cases", ()))
    return f"{refused.message} Not passed: {names}."


def _with_fields(refused: HouseError) -> str:
    told = [
        f"{differing.named(name)}: {' '.join(map(str, why))}"
        for name, why in refused.details.items()
        if isinstance(why, list)
    ]
    return " ".join([refused.message, *told])


def _may(row: ToolDraft, identity: Identity) -> bool:
    is_open = drafts.is_decided_here(row) and row.tool.archived_at is None
    return is_open and identity.may(CATALOG_CHANGE)


def states(tool: Tool, content_hash: str) -> list[dict[str, Any]]:
    """Each saved case and what it says about exactly this content."""
    cases.refresh(tool)
    return [_state(row, content_hash) for row in ToolCase.objects.filter(tool=tool).order_by("name")]


def _state(row: ToolCase, content_hash: str) -> dict[str, Any]:
    was_run = row.content_hash == content_hash and row.outcome != ToolCase.Outcome.NEVER
    return {
        "pk": row.pk,
        "name": row.name,
        "kind": row.outcome if was_run else "never",
        "word": row.get_outcome_display() if was_run else "Not run for it",
        "why": visible_text(row.explanation) if was_run and row.outcome == ToolCase.Outcome.FAILED else "",
    }


@admin.register(ToolDraft)
class ToolDraftAdmin(ReadOnlyAdmin):
    about_rows = "A change of a tool that is not published yet. Save a tool as a draft, and it waits here."
    to_view = (CATALOG_CHANGE,)
    change_form_outer_before_template = "admin/toolroom/draft.html"
    list_display = ["shown_tool", "source", "state", "reason", "changed_by", "updated_at"]
    list_display_links = ["shown_tool"]
    list_filter = ["source"]
    list_select_related = ["tool"]
    search_fields = ["tool__name", "reason"]
    fieldsets = [
        (
            "About this draft",
            {
                "fields": [
                    "tool",
                    "source",
                    "created_by",
                    "created_at",
                    "changed_by",
                    "updated_at",
                    "revision",
                ]
            },
        ),
    ]
    readonly_fields = fieldsets[0][1]["fields"]
    verbs = (
        Verb("publish", "Publish", "", _publish, possible=_may),
        Verb("renew", "Bring up to date", "", _renew, possible=_may),
        Verb("cases", "Run the saved cases", "", _run_cases, possible=_may),
        Verb("discard", "Discard", "", _discard, possible=_may, dangerous=True),
    )

    def page_context(self, request: HttpRequest, obj: ToolDraft) -> dict[str, Any]:
        tool, who = obj.tool, identity_of(request)
        wanted = drafts.applied(obj, tool)
        content_hash = wanted.content_hash()
        is_outdated = drafts.is_outdated(obj, tool)
        found = states(tool, content_hash)
        told = {
            "differences": differing.shown(drafts.difference(obj, tool), who),
            "strays": differing.astray(wanted, tool),
            "is_outdated": is_outdated,
            "meetings": differing.met(drafts.meetings(obj, tool)) if is_outdated else [],
            "newest": versions.number_of(tool),
            "cases": found,
            "needs_override": any(each["kind"] != "passed" for each in found),
            "may_decide": _may(obj, who),
            "is_decided_here": drafts.is_decided_here(obj),
        }
        return {**super().page_context(request, obj), **told, "toolroom_verbs": []}

    @display(description="tool", ordering="tool__name", header=True)
    def shown_tool(self, draft: ToolDraft) -> list[str]:
        return [draft.tool.name, ", ".join(differing.named(name) for name in sorted(draft.changes))]

    @display(description="state", label={"outdated": "warning", "open": "info"})
    def state(self, draft: ToolDraft) -> tuple[str, str]:
        outdated = drafts.is_outdated(draft)
        return ("outdated", "The tool has changed") if outdated else ("open", "Open")
