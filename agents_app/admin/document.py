"""Documents: what an organization and its personas know. Kept, archived and deleted by the verbs of `knowledge`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from agents_app.models import AgentType
from audit_app.audited_admin import ByVerbs, Scoped, Verb, VerbForm
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.knowing import knowledge
from tools_app.models import Document, Passage


class DocumentForm(VerbForm):
    """Only to add one: a text that changes is another document."""

    text = forms.CharField(
        max_length=knowledge.MAX_CHARS,
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 18}),
        help_text="Plain text or Markdown. Headings help to find its parts.",
    )
    persona = forms.ModelChoiceField(
        AgentType.objects.none(),
        required=False,
        help_text="For documents of one persona.",
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Document
        fields = ["title", "source", "scope"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "scope" in self.fields:
            self.fields["scope"].initial = Document.Scope.ORGANIZATION
        if "persona" in self.fields:
            self.fields["persona"].queryset = AgentType.objects.visible_to(self.identity).current()  # type: ignore[attr-defined]

    def perform(self) -> Document:
        given = self.cleaned_data
        persona = given.get("persona")
        return knowledge.add(
            knowledge.Text(
                title=given["title"],
                text=given["text"],
                source=given["source"],
                scope=given["scope"],
                owner_id=str(persona.pk) if persona else "",
                owner_name=persona.display_name if persona else "",
            ),
            by=self.identity,
        )


class PassageInline(Scoped, TabularInline):
    """What of it is found: read only."""

    to_view = (CATALOG_CHANGE,)
    model = Passage
    fields = ["number", "heading", "text"]
    readonly_fields = ["number", "heading", "text"]
    per_page = 20
    may_add = False
    extra = 0


def _archive(document: Document, by: Identity, _: dict[str, str]) -> str:
    knowledge.archive(document, by=by)
    return f"{document} is archived: no search finds it."


def _restore(document: Document, by: Identity, _: dict[str, str]) -> str:
    knowledge.restore(document, by=by)
    return f"{document} is back."


def _remove(document: Document, by: Identity, _: dict[str, str]) -> str:
    knowledge.remove(document, by=by)
    return f"{document} is deleted."


@admin.register(Document)
class DocumentAdmin(ByVerbs):
    """The organization's, its personas' and one's own; those of other people are nobody's business."""

    about_rows = "What personas can look up: texts, cut into passages and found by their words."
    to_view = to_change = (CATALOG_CHANGE,)
    form = DocumentForm
    list_display = ["title", "shown_scope", "state", "characters", "source", "added_by", "created_at"]
    list_filter = ["scope"]
    search_fields = ["title", "source"]
    verbs = (
        Verb("archive", "Archive", "No search finds it any more; it can be brought back.", _archive,
             possible=lambda document, identity: document.archived_at is None),
        Verb("restore", "Bring back", "Searches find it again.", _restore,
             possible=lambda document, identity: document.archived_at is not None),
        Verb("remove", "Delete", "It is gone for good. What was quoted from it in conversations stays there.", _remove,
             possible=lambda document, identity: True, dangerous=True),
    )  # fmt: skip

    def scoped(self, rows: QuerySet[Any], identity: Identity) -> QuerySet[Any]:
        return Document.objects.visible_to(identity)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            about = "People find it when they talk to a persona that may search for knowledge."
            return [
                (None, {"fields": ["title", "source", "text"]}),
                ("Who is told of it", {"fields": ["scope", "persona"], "description": about}),
            ]
        return [
            (
                None,
                {
                    "fields": [
                        "title",
                        "source",
                        "shown_scope",
                        "characters",
                        "added_by",
                        "created_at",
                        "care",
                    ]
                },
            )
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        return ["title", "source", "shown_scope", "characters", "added_by", "created_at", "care"]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [PassageInline] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    @display(description="known to", ordering="scope")
    def shown_scope(self, document: Document) -> str:
        if document.scope == Document.Scope.PERSONA:
            return f"Whoever talks to {document.owner_name or document.owner_id}"
        return "You alone" if document.scope == Document.Scope.PERSON else document.get_scope_display()

    @display(description="state", label={"on": "success", "archived": "danger"})
    def state(self, document: Document) -> tuple[str, str]:
        return ("archived", "Archived") if document.archived_at else ("on", "Found")

    @display(description="to be read with care")
    def care(self, document: Document) -> str:
        return "A persona added it after it had read from outside." if document.tainted else "No"
