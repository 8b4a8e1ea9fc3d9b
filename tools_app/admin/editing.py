"""Editing a tool beside others: a page knows which version it showed, saves what was touched, and may save a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action

from audit_app.audited_admin import ByVerbs, Verb, VerbForm, identity_of
from project.accounts.exceptions import HouseError
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app import catalog
from tools_app.admin import differing
from tools_app.admin.drafts import publish_new, run_cases_of, states
from tools_app.approving.visible import visible_text
from tools_app.cataloging import differences, drafts, versions
from tools_app.exceptions import DraftChanged, ToolChanged
from tools_app.governing import strays
from tools_app.models import Tool, ToolDraft, ToolVersion

HIDDEN: Final = ("seen_number", "seen_draft", "overwrite")
_OUT_OF_DATE: Final = "This page is out of date. Reload it, and make your change again."
_EMPTY: Final = (None, "")
# So many messages are read; the page of hints has all of them.
_MOST_STRAYS: Final = 5


class SeenForm(VerbForm):
    """A form that says what was on the page, so that nobody writes over what they never saw."""

    seen_number = forms.IntegerField(required=False, widget=forms.HiddenInput)
    seen_draft = forms.IntegerField(required=False, widget=forms.HiddenInput)
    overwrite = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["seen_number"] = versions.number_of(self.instance)
            self.initial["seen_draft"] = getattr(self.instance, "draft_revision", None)

    def edited(self, given: Mapping[str, Any]) -> Tool:
        """Save what was touched: as the next version, or into the draft if that is what is edited or asked for."""
        tool = Tool.objects.get(pk=self.instance.pk)
        mine, reason = self._touched(tool, given), self.cleaned_data["reason"]
        revision = self.cleaned_data.get("seen_draft")
        if revision is not None:
            row = _draft_of(tool, revision)
            drafts.edit(row, {**row.changes, **mine}, by=self.identity, reason=reason or row.reason)
        elif "_draft" in self.data:
            self._begin(tool, mine, reason)
        else:
            newest = self._require_mine(tool, mine)
            return catalog.update(tool, mine, by=self.identity, reason=reason, expected=newest)
        return Tool.objects.get(pk=tool.pk)

    def registered(self, fields: Mapping[str, Any]) -> Tool:
        add = catalog.register_draft if "_draft" in self.data else catalog.register
        return add(fields, by=self.identity, reason=self.cleaned_data["reason"])

    def _touched(self, tool: Tool, given: Mapping[str, Any]) -> dict[str, Any]:
        """What differs from what the page showed, whatever has become of the row in the meantime."""
        shown = differences.spread(versions.snapshot(tool)) | self._shown(tool)
        return {
            name: value
            for name, value in given.items()
            if name in shown
            and not differences.same(shown[name], value)
            and not (shown[name] in _EMPTY and value in _EMPTY)
        }

    def _shown(self, tool: Tool) -> dict[str, Any]:
        number, revision = self.cleaned_data.get("seen_number"), self.cleaned_data.get("seen_draft")
        version = ToolVersion.objects.filter(tool=tool, number=number or 0).first()
        if version is None and number != 0:
            raise ToolChanged(_OUT_OF_DATE)
        content = differences.spread(versions.content(version)) if version else {}
        return content | (_draft_of(tool, revision).changes if revision is not None else {})

    def _begin(self, tool: Tool, mine: Mapping[str, Any], reason: str) -> None:
        if ToolDraft.objects.filter(tool=tool, source=drafts.Source.PERSON).exists():
            raise DraftChanged("There is a draft of this tool already. Open it, and edit that one.")
        drafts.propose(tool, mine, by=self.identity, source=drafts.Source.PERSON, reason=reason)

    def _require_mine(self, tool: Tool, mine: Mapping[str, Any]) -> int:
        """The newest number, if nobody else changed one of these fields since; or if that was seen and confirmed."""
        newest, seen = versions.number_of(tool), self.cleaned_data.get("seen_number") or 0
        if newest in (seen, self.cleaned_data.get("overwrite")):
            return newest
        theirs = {each.field: each for each in versions.since(seen, tool)}
        both = [
            name for name in mine if name in theirs and not differences.same(theirs[name].after, mine[name])
        ]
        if both:
            raise ToolChanged(_met(tool, [theirs[name] for name in both]), details={"number": newest})
        return newest

    def _tell(self, refused: HouseError) -> None:
        super()._tell(refused)
        if isinstance(refused, ToolChanged) and "number" in refused.details:
            # Saved once more, it is meant: only what was touched here is written, over exactly this version.
            sent: Any = self.data
            again = sent.copy()
            again["overwrite"] = str(refused.details["number"])
            self.data = again


def _met(tool: Tool, theirs: list[differences.Difference]) -> str:
    who = ToolVersion.objects.filter(tool=tool).order_by("-number")[0].changed_by or "Somebody"
    told = "; ".join(
        f"{differing.named(each.field)} is now “{' '.join(each.after_text.split())[:120]}”" for each in theirs
    )
    return (
        f"{who} has changed this tool since you opened the page: {told}. What you typed is still here. "
        "Save again to replace it by yours, or reload the page to see theirs."
    )


def _draft_of(tool: Tool, revision: int | None) -> ToolDraft:
    row = ToolDraft.objects.filter(tool=tool, source=drafts.Source.PERSON, revision=revision or 0).first()
    if row is None:
        raise DraftChanged
    return row


class DraftingAdmin(ByVerbs):
    """A page of a tool that may show its draft instead (`?draft=1`), and has a button to save one."""

    change_form_outer_before_template = "admin/toolroom/tool_top.html"
    change_form_before_template = "admin/toolroom/seen.html"
    actions_submit_line = ["save_as_draft"]

    @action(description="Save as a draft", attrs={"name": "_draft"})
    def save_as_draft(self, request: HttpRequest, obj: Any) -> None:
        """Only the button: the form sees which one was pressed."""

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Not where a draft is edited already, nor where the tool is one itself."""
        if "draft" in request.GET or not self.has_change_permission(request):
            return []
        # Django leads every unknown address below the list here; the page itself then says that nothing is there.
        is_number = str(object_id or "").isdecimal()
        is_draft = is_number and Tool.objects.filter(pk=object_id, is_draft=True).exists()
        return [] if is_draft else list(super().get_actions_submit_line(request, object_id))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        tool = super().get_object(request, object_id, from_field)
        if tool is None or "draft" not in request.GET or not identity_of(request).may(CATALOG_CHANGE):
            return tool
        row = ToolDraft.objects.filter(tool=tool, source=drafts.Source.PERSON).first()
        if row is None:
            return tool
        drafted: Any = versions.applied(tool, row.changes)
        drafted.draft_revision = row.revision
        return drafted

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        row = ToolDraft.objects.filter(tool_id=obj.pk, source=drafts.Source.PERSON).first()
        if row is None or not ("_draft" in request.POST or "draft" in request.GET):
            answer: HttpResponse = super().response_change(request, obj)
            for stray in strays.of(obj)[:_MOST_STRAYS]:
                messages.warning(request, visible_text(stray.told))
            return answer
        messages.success(request, "Saved as a draft. It acts for nobody until it is published.")
        return HttpResponseRedirect(reverse("admin:tools_app_tooldraft_change", args=[row.pk]))

    def about(self, tool: Tool, who: Identity) -> dict[str, Any]:
        """What stands above the form: versions, the open drafts, saved cases."""
        found = states(tool, Tool.objects.get(pk=tool.pk).content_hash()) if who.may(CATALOG_CHANGE) else []
        newest = ToolVersion.objects.filter(tool_id=tool.pk).defer("snapshot").order_by("-number").first()
        keeps = who.may(CATALOG_CHANGE)
        return {
            "newest": newest,
            "open_drafts": ToolDraft.objects.filter(tool_id=tool.pk) if keeps else [],
            "cases": found,
            "needs_override": any(each["kind"] != "passed" for each in found),
            "row_verbs": [
                verb for verb in self.verbs if verb not in (PUBLISH, RUN_CASES) and verb.possible(tool, who)
            ],
            "shows_draft": hasattr(tool, "draft_revision"),
            "keeps": keeps,
        }


def _is_unpublished(row: Tool, identity: Identity) -> bool:
    return row.is_draft and row.archived_at is None and identity.may(CATALOG_CHANGE)


def _may_run_cases(row: Tool, identity: Identity) -> bool:
    return row.archived_at is None and identity.may(CATALOG_CHANGE)


# Drawn by `tool_top.html`, beside what they are about, and not in the row of buttons.
PUBLISH: Final = Verb("publish", "Publish", "", publish_new, possible=_is_unpublished)
RUN_CASES: Final = Verb("cases", "Run the saved cases", "", run_cases_of, possible=_may_run_cases)
