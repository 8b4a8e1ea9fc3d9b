"""AuditedAdmin: the base of every ModelAdmin. Scoped to the organization, permitted by the Identity, recorded.

Being a superuser gives nothing here. Rows that have verbs are written by their verbs alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import quote, unquote
from django.db import transaction
from django.db.models import ForeignKey, JSONField, Model, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.admin import ModelAdmin

from audit_app import records
from audit_app.admin_fields import ReadableJSONField
from project.accounts.exceptions import HouseError, NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE


@dataclass(frozen=True, slots=True)
class Verb:
    """A button on a row's page: posts, with CSRF, and calls one verb of the house."""

    name: str
    label: str
    help: str
    run: Callable[[Any, Identity, dict[str, str]], str]
    possible: Callable[[Any, Identity], bool]
    dangerous: bool = False
    # Facts about this row that are told before it is done; a verb with facts is never carried out at one click.
    facts: Callable[[Any], list[str]] | None = None
    # What the person is asked to write; empty where nothing is.
    asks_why: str = ""

    @property
    def is_asked_first(self) -> bool:
        """Dangerous ones without a sentence are drawn by a page of their own, beside what they are about."""
        return self.facts is not None or bool(self.asks_why) or (self.dangerous and bool(self.help))


class Shelf(Protocol):
    """The verbs of rows that are put away rather than lost; the modules of personas and of tools are such."""

    def is_used(self, row: Any, /) -> bool: ...
    def archive(self, row: Any, /, *, by: Identity) -> object: ...
    def restore(self, row: Any, /, *, by: Identity) -> object: ...


def archiving(
    shelf: Shelf, *, consequence: str, what_stays: str, facts: Callable[[Any], list[str]]
) -> tuple[Verb, Verb, Verb]:
    """The buttons of such a row: put it away, or delete it while it was never used, and bring it back switched off."""

    def archive(row: Any, by: Identity, _: dict[str, str]) -> str:
        was_used = shelf.is_used(row)
        shelf.archive(row, by=by)
        return f"{row} is archived; {what_stays}." if was_used else f"{row} is deleted."

    def restore(row: Any, by: Identity, _: dict[str, str]) -> str:
        shelf.restore(row, by=by)
        return f"{row} is back, switched off. Look at it before you switch it on."

    def was_used(row: Any) -> bool:
        """Asked once for a page, whichever buttons want to know."""
        if not hasattr(row, "was_used"):
            row.was_used = shelf.is_used(row)
        return bool(row.was_used)

    def may_put_away(row: Any, identity: Identity) -> bool:
        return row.archived_at is None and identity.may(CATALOG_CHANGE)

    def may_archive(row: Any, identity: Identity) -> bool:
        return may_put_away(row, identity) and was_used(row)

    def may_delete(row: Any, identity: Identity) -> bool:
        return may_put_away(row, identity) and not was_used(row)

    def may_restore(row: Any, identity: Identity) -> bool:
        return row.archived_at is not None and identity.may(CATALOG_CHANGE)

    kept = f"{consequence} It can be brought back; {what_stays}."
    gone = f"{consequence} It was never used, so it cannot be brought back."
    # Both ask the same verb, which looks again: what was used since the page was shown is archived and never lost.
    return (
        Verb("archive", "Archive", kept, archive, possible=may_archive, dangerous=True, facts=facts),
        Verb("delete", "Delete", gone, archive, possible=may_delete, dangerous=True, facts=facts),
        Verb("restore", "Bring back", "It comes back switched off.", restore, possible=may_restore),
    )


def identity_of(request: HttpRequest) -> Identity:
    identity: Identity = request.identity  # type: ignore[attr-defined]
    return identity


def may(request: HttpRequest, permissions: tuple[str, ...]) -> bool:
    """Whether one of these is held; an account without an active membership holds none."""
    try:
        return any(identity_of(request).may(permission) for permission in permissions)
    except HouseError:
        return False


class Scoped:
    """What a ModelAdmin and an inline have in common: whose rows, and who may."""

    to_view: ClassVar[tuple[str, ...]]
    to_change: ClassVar[tuple[str, ...]] = ()
    may_add: ClassVar[bool] = True
    may_delete: ClassVar[bool] = False

    def scoped(self, rows: QuerySet[Any], identity: Identity) -> QuerySet[Any]:
        return rows.filter(organization_id=identity.organization_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        return self.scoped(rows, identity_of(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.to_view)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request, self.to_view)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may_add and may(request, self.to_change)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request, self.to_change)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may_delete and may(request, self.to_change)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer rows of the own organization only; a form then refuses any other id by itself."""
        related: Any = db_field.remote_field.model
        names = {field.name for field in related._meta.get_fields()}
        if "organization" in names:
            organization = identity_of(request).organization_id
            kwargs.setdefault("queryset", related._default_manager.filter(organization_id=organization))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, JSONField):
            kwargs["form_class"] = ReadableJSONField
            return db_field.formfield(**kwargs, show_hidden_initial=False)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        for link in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, link):
                setattr(field.widget, link, False)
        return field


class AuditedAdmin(Scoped, ModelAdmin):
    class Media:
        css: ClassVar = {"all": ["css/admin-forms.css"]}
        js: ClassVar = [Script("js/admin.js", type="module")]

    list_per_page = 50
    list_fullwidth = True
    compressed_fields = True
    warn_unsaved_form = True
    show_full_result_count = False
    actions = None
    change_form_outer_before_template = "admin/toolroom/verbs.html"
    # One sentence on what such rows are, where there is none yet.
    about_rows: ClassVar[str] = ""
    verbs: ClassVar[tuple[Verb, ...]] = ()
    # True where the verbs that `save_model` calls write the record themselves.
    verbs_record: ClassVar[bool] = False

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:  # noqa: FBT001
        if not change and hasattr(obj, "organization_id"):
            obj.organization_id = identity_of(request).organization_id
        former = type(obj)._base_manager.filter(pk=obj.pk).first() if change else None
        form.former_facts = self.facts_of(former) if former is not None else {}  # type: ignore[attr-defined]
        obj.save()

    def facts_of(self, row: Any) -> dict[str, Any]:
        """What the record names of a row before and after a change of it; never a secret value."""
        return {}

    def construct_change_message(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Any,
        add: bool = False,  # noqa: FBT001, FBT002 - Django's own signature
    ) -> Any:
        former, now = getattr(form, "former_facts", {}), self.facts_of(form.instance)
        differing = [name for name, value in now.items() if former.get(name) != value]
        told: dict[str, Any] = {"changed": sorted(form.changed_data)}
        if differing:
            told["now"] = {name: now[name] for name in differing}
        if differing and former:
            told["before"] = {name: former[name] for name in differing}
        return told

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        self._record("row.added", request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        if message["changed"]:
            self._record("row.changed", request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            self._record("row.removed", request, row, {"changed": []})

    def _record(self, action: str, request: HttpRequest, obj: Model, facts: dict[str, Any]) -> None:
        if self.verbs_record:
            return
        subject = records.Subject(obj._meta.model_name or "", str(obj.pk), str(obj))
        records.record(action, by=identity_of(request), subject=subject, facts=facts)

    def get_urls(self) -> list[Any]:
        name = f"{self.model._meta.app_label}_{self.model._meta.model_name}_verb"
        own = path("<path:object_id>/do/<slug:verb>/", self.admin_site.admin_view(self.verb_view), name=name)
        urls: list[Any] = super().get_urls()
        return [own, *urls]

    def verb_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        """Carry out a button. Only POST reaches a verb, and only a row the person may see; GET asks whether to."""
        wanted = next((each for each in self.verbs if each.name == verb), None)
        asks = request.method == "GET" and wanted is not None and wanted.is_asked_first
        if request.method != "POST" and not asks:
            return HttpResponseNotAllowed(["POST"])
        obj = self.get_object(request, unquote(object_id))
        if obj is None or wanted is None or not self.has_view_permission(request, obj):
            raise NotFound
        if asks:
            return self._asked_first(request, obj, wanted)
        given = {name: str(value) for name, value in request.POST.items()}
        try:
            messages.success(request, wanted.run(obj, identity_of(request), given))
        except HouseError as refused:
            messages.error(request, refused.message)
        return HttpResponseRedirect(self._after(request, obj))

    def _asked_first(self, request: HttpRequest, obj: Any, verb: Verb) -> HttpResponse:
        """The page between a button and what cannot be taken back: what it is, and what it would come to."""
        if not verb.possible(obj, identity_of(request)):
            messages.error(request, "This cannot be done any more, or is not yours to do.")
            return HttpResponseRedirect(self._after(request, obj))
        shown = {
            **self.admin_site.each_context(request),
            "title": verb.label,
            "opts": self.model._meta,
            "verb": verb,
            "row": str(obj),
            "facts": verb.facts(obj) if verb.facts else [],
            "back": self._after(request, obj),
        }
        return TemplateResponse(request, "admin/toolroom/sure.html", shown)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        extra = dict(extra_context or {})
        obj = self.get_object(request, unquote(object_id)) if object_id else None
        if obj is not None and self.has_view_permission(request, obj):
            self.opened(request, obj)
        if obj is not None and IS_POPUP_VAR not in request.GET:
            extra |= self.page_context(request, obj)
        return super().changeform_view(request, object_id, form_url, extra)

    def opened(self, request: HttpRequest, obj: Any) -> None:
        """Called when the page of a row is about to be shown, however it is asked for."""

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the page of a row shows besides its form: the buttons, and in subclasses more."""
        identity = identity_of(request)
        buttons = [verb for verb in self.verbs if verb.possible(obj, identity)]
        return {"toolroom_verbs": buttons, "toolroom_id": quote(self.key_of(obj))}

    def key_of(self, obj: Any) -> str:
        """What stands for the row in addresses, before it is quoted."""
        return str(obj.pk)

    def _after(self, request: HttpRequest, obj: Any) -> str:
        """Back to the row, or to the list if it is gone or out of sight now."""
        options = self.model._meta
        where = f"admin:{options.app_label}_{options.model_name}"
        if self.get_object(request, self.key_of(obj)) is None:
            return reverse(f"{where}_changelist")
        return reverse(f"{where}_change", args=[quote(self.key_of(obj))])


class ByVerbs(AuditedAdmin):
    """Rows written by their verbs alone: the form is a VerbForm, which knows who asks and calls the verb."""

    verbs_record = True
    # What is said once, when the row is made, and stays.
    settled: ClassVar[tuple[str, ...]] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *(self.settled if obj else ())]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change, **kwargs)
        form.identity = identity_of(request)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.__dict__.update(form.perform().__dict__)


class ReadOnlyAdmin(AuditedAdmin):
    """History: to be read, by nobody to be written."""

    may_add = False
    to_change = ()
    list_filter_submit = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields or [field.name for field in self.model._meta.fields]


class RecordedReading(ReadOnlyAdmin):
    """What people said and what was done for them is theirs: whoever else opens it leaves an entry in the record."""

    def whose(self, obj: Any) -> str:
        """The id of the person it belongs to."""
        raise NotImplementedError

    def read_subject(self, obj: Any) -> records.Subject:
        """What the entry is about."""
        raise NotImplementedError

    def opened(self, request: HttpRequest, obj: Any) -> None:
        identity = identity_of(request)
        if self.whose(obj) != identity.user_id:
            facts = {"page": self.model._meta.model_name}
            records.record("record.read", by=identity, subject=self.read_subject(obj), facts=facts)


class VerbForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form saved by a verb. It is tried out first and rolled back, so that what the verb refuses is shown here.

    What is refused by field appears at that field, with everything typed still in the form.
    """

    identity: ClassVar[Identity]

    def perform(self) -> Any:
        """Call the verb with what the form holds and return the row."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and self.is_worth_trying():
            try:
                with transaction.atomic():
                    self.perform()
                    raise _TriedOut
            except _TriedOut:
                pass
            except HouseError as refused:
                self._tell(refused)
        return cleaned

    def is_worth_trying(self) -> bool:
        return True

    def touched(self) -> dict[str, Any]:
        """What the form holds of the fields that were changed in it."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}

    def _tell(self, refused: HouseError) -> None:
        listed = {name: told for name, told in refused.details.items() if isinstance(told, list)}
        by_field = {name: told for name, told in listed.items() if name in self.fields}
        for name, told in by_field.items():
            self.add_error(name, told)
        if not by_field:
            others = [
                f"{name}: {' '.join(map(str, told))}".removeprefix(": ") for name, told in listed.items()
            ]
            # What is said of no field stands by itself: there are no details to point at.
            self.add_error(None, " ".join(others if [*listed] == [""] else [refused.message, *others]))


class _TriedOut(Exception):
    """The verb accepts what the form holds; its work is rolled back until the form is saved."""
