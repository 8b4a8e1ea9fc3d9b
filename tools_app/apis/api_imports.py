"""Carrying out an import: what was chosen becomes tools, is changed or archived; all of it, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit_app import records
from project.accounts.exceptions import HouseError, NotFound
from project.accounts.identity import Identity
from tools_app import catalog
from tools_app.apis import api_documents, api_plans
from tools_app.apis.api_plans import AVAILABLE, CHANGED, NEW, REMOVED, Item, Plan
from tools_app.exceptions import InvalidTool
from tools_app.models import ApiDocument, ApiOperation, ApiSource
from tools_app.openapi.proposals import Choices


class ImportRefused(HouseError):
    """This import cannot be carried out; the details say which choices are wrong."""

    code = "import_refused"
    status = 400


class SourceNameTaken(HouseError):
    """There is an API of this name already: import the new edition into it, or choose another name."""

    code = "api_name_taken"
    status = 409


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done, by the keys of operations; what is not named stays as it is.

    A field that a person here changed as well stays theirs, unless it is named in `overwrite` by operation.
    """

    add: Collection[str] = ()
    update: Collection[str] = ()
    remove: Collection[str] = ()
    overwrite: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    source: ApiSource
    added: int = 0
    changed: int = 0
    removed: int = 0


def planned(kept: ApiDocument, choices: Choices | None = None) -> Plan:
    """What importing this edition would do; without choices with those of the last time, or the plainest ones."""
    return api_plans.plan(
        api_documents.description(kept),
        choices or remembered(kept),
        organization_id=kept.organization_id,
        source=kept.source or kept.replaces,
    )


def remembered(kept: ApiDocument) -> Choices:
    """The choices of the last import, or the plainest ones."""
    source = kept.source or kept.replaces
    return Choices(**source.choices) if source and source.choices else Choices()


def carry_out(kept: ApiDocument, name: str, choices: Choices, wanted: Wanted, *, by: Identity) -> Imported:
    """Raises ImportRefused, SourceNameTaken, or what the catalog refuses; then nothing was changed."""
    organization_id = catalog.require_right(by)
    if kept.organization_id != organization_id:
        raise NotFound
    with transaction.atomic():
        kept = _held(kept)
        source = _source(kept, name, by)
        plan = planned(kept, choices)
        _require_possible(plan, wanted)
        added = _add(source, plan, wanted.add, by)
        changed = _update(plan, wanted, by)
        removed = _remove(plan, wanted.remove, by)
        _settle(source, kept, plan)
        told = {"added": added, "changed": changed, "removed": removed, "document": kept.digest}
        subject = records.Subject("api", str(source.pk), source.name)
        records.record("api.imported", by=by, subject=subject, facts=told)
    return Imported(source, added, changed, removed)


def forget(source: ApiSource, *, by: Identity) -> None:
    """Drop the memory of an import; its tools stay, as tools like any other."""
    if source.organization_id != catalog.require_right(by):
        raise NotFound
    with transaction.atomic():
        subject = records.Subject("api", str(source.pk), source.name)
        records.record("api.forgotten", by=by, subject=subject, facts={})
        source.delete()


def _held(kept: ApiDocument) -> ApiDocument:
    """The edition as it is now: of two who import it at once the second one sees what the first has done."""
    current = ApiDocument.objects.select_for_update().filter(pk=kept.pk).first()
    if current is None:
        raise NotFound
    return current


def _source(kept: ApiDocument, name: str, by: Identity) -> ApiSource:
    known = kept.source or kept.replaces
    if known is not None:
        # Two editions of one API wait for each other too.
        return ApiSource.objects.select_for_update().get(pk=known.pk)
    name = name.strip()
    if not name or len(name) > 100:
        raise ImportRefused(details={"name": ["Give the API a name of at most 100 characters."]})
    made = ApiSource(organization_id=kept.organization_id, name=name, created_by=by.display_name[:255])
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:
        raise SourceNameTaken(details={"name": name}) from None
    return made


def _require_possible(plan: Plan, wanted: Wanted) -> None:
    wrong: dict[str, list[str]] = {}
    if plan.problems:
        wrong["choices"] = list(plan.problems)
    for verb, keys, fitting in (
        ("add", wanted.add, (NEW, AVAILABLE)),
        ("update", wanted.update, (CHANGED,)),
        ("remove", wanted.remove, (REMOVED,)),
    ):
        found = [(key, plan.item(key)) for key in keys]
        told = [
            f"{key}: there is no such operation to {verb}."
            for key, item in found
            if not item or item.state not in fitting
        ]
        told += [
            f"{key}: {item.proposal.problem}"
            for key, item in found
            if item and item.proposal and item.proposal.problem
        ]
        if told:
            wrong[verb] = told[:50]
    if wrong:
        raise ImportRefused(details=wrong)


def _items(plan: Plan, keys: Iterable[str]) -> list[Item]:
    return [item for key in dict.fromkeys(keys) if (item := plan.item(key))]


def _add(source: ApiSource, plan: Plan, keys: Collection[str], by: Identity) -> int:
    chosen = [(item, item.proposal) for item in _items(plan, keys) if item.proposal]
    reason = f"Imported from {source.name}."
    tools = catalog.register_all([made.fields for _, made in chosen], by=by, reason=reason)
    source.operations.filter(key__in=[item.key for item, _ in chosen if item.former]).delete()
    ApiOperation.objects.bulk_create(
        [
            ApiOperation(
                organization_id=source.organization_id,
                source=source,
                tool=tool,
                key=item.key,
                operation_id=made.operation.operation_id,
                # What the catalog wrote, which may spell a schema otherwise than the document.
                imported=api_plans.parts(made.fields),
            )
            for (item, made), tool in zip(chosen, tools, strict=True)
        ],
        batch_size=500,
    )
    return len(tools)


def _update(plan: Plan, wanted: Wanted, by: Identity) -> int:
    reason = f"New edition of {plan.source.name}." if plan.source else ""
    for item in _items(plan, wanted.update):
        if item.tool is None or item.proposal is None or item.former is None:
            continue
        theirs = set(wanted.overwrite.get(item.key, ()))
        taken = {each.field: each.mine for each in item.news if not each.is_conflict or each.field in theirs}
        if fields := api_plans.joined(taken, item.tool):
            _change(item, fields, by, reason)
        item.former.key = item.key
        item.former.operation_id = item.proposal.operation.operation_id
        item.former.imported = api_plans.parts(item.proposal.fields)
        item.former.save()
    return len(_items(plan, wanted.update))


def _change(item: Item, fields: Mapping[str, Any], by: Identity, reason: str) -> None:
    """What the catalog refuses is told with the operation it is about."""
    try:
        if item.tool is not None:
            catalog.update(item.tool, fields, by=by, reason=reason)
    except InvalidTool as refused:
        raise ImportRefused(
            details={"update": [f"{item.key}: {refused.message} {refused.details}"]}
        ) from None


def _remove(plan: Plan, keys: Collection[str], by: Identity) -> int:
    for item in _items(plan, keys):
        if item.tool is not None and item.former is not None:
            catalog.archive(item.tool, by=by, reason="Its operation is gone from the API.")
            ApiOperation.objects.filter(pk=item.former.pk).delete()
    return len(_items(plan, keys))


def _settle(source: ApiSource, kept: ApiDocument, plan: Plan) -> None:
    """The edition becomes the source's own, and the one before it is dropped."""
    source.title, source.version = plan.description.title, plan.description.version
    source.choices = plan.choices.as_json()
    source.known = [operation.key for operation in plan.description.operations]
    source.imported_at = timezone.now()
    source.save()
    ApiDocument.objects.filter(source=source).exclude(pk=kept.pk).delete()
    ApiDocument.objects.filter(pk=kept.pk).update(source=source, replaces=None)
