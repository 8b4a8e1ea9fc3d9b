"""How versions and drafts look over HTTP. Configurations are shown to those who may change the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers

from audit_app import actions
from project.accounts.api.base import Item, StrictSerializer
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.api.serializers import ToolWriteSerializer
from tools_app.cataloging import cases, drafts, versions
from tools_app.cataloging.differences import Difference
from tools_app.models import Tool, ToolDraft, ToolVersion

_HIDDEN = "configuration"


class DifferenceSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    diff = serializers.CharField(help_text="A unified diff, invisible characters shown by their numbers.")


class MeetingSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    base = serializers.JSONField(allow_null=True)
    theirs = serializers.JSONField(allow_null=True, help_text="What the tool has become.")
    mine = serializers.JSONField(allow_null=True, help_text="What the draft wants.")
    conflict = serializers.BooleanField(help_text="Both changed it, and not to the same.")
    diff = serializers.CharField()


class VersionSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    action = serializers.CharField()
    what = serializers.CharField(help_text="The action in words.")
    changed = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField()
    changed_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    label = serializers.CharField()  # type: ignore[assignment]  # a column, not the caption
    content_hash = serializers.CharField()


class VersionDetailSerializer(VersionSerializer):
    content = serializers.DictField()
    against = serializers.IntegerField(allow_null=True)
    differences = DifferenceSerializer(many=True)


class RollbackSerializer(StrictSerializer):
    number = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class CaseStateSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    outcome = serializers.CharField(help_text="never, open, passed or failed.")
    explanation = serializers.CharField()


class DraftSerializer(serializers.Serializer[Any]):
    source = serializers.ChoiceField(ToolDraft.Source.choices)  # type: ignore[assignment]
    revision = serializers.IntegerField()
    begun_on = serializers.IntegerField(help_text="The version it was begun on.")
    outdated = serializers.BooleanField(help_text="The tool was changed since; see `meetings`.")
    reason = serializers.CharField()
    created_by = serializers.CharField()
    changed_by = serializers.CharField()
    updated_at = serializers.DateTimeField()
    content_hash = serializers.CharField()
    changes = serializers.DictField()
    differences = DifferenceSerializer(many=True, help_text="What publishing would change now.")
    meetings = MeetingSerializer(many=True, help_text="Where the tool was changed as well.")
    unproven = CaseStateSerializer(many=True, help_text="Saved cases that have not passed for this draft.")


class DraftWriteSerializer(ToolWriteSerializer):
    begun_on = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version that was looked at. A newer one than before brings the draft up to date.",
    )


class PublishSerializer(StrictSerializer):
    revision = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Of the draft that was read; a tool that is itself a draft has none.",
    )
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    override = serializers.CharField(
        max_length=300,
        required=False,
        allow_blank=True,
        default="",
        help_text="Why it is published although a saved case did not pass; recorded.",
    )


def version(row: ToolVersion) -> Item:
    return {
        "number": row.number,
        "action": row.action,
        "what": actions.sentence(row.action) if row.action else "",
        "changed": row.changed,
        "reason": row.reason,
        "changed_by": row.changed_by,
        "created_at": row.created_at,
        "label": row.label,
        "content_hash": row.content_hash,
    }


def compared(row: ToolVersion, against: ToolVersion | None, who: Identity) -> Item:
    found = versions.between(against, row) if against else ()
    return {
        **version(row),
        "content": _seen(versions.content(row), who),
        "against": against.number if against else None,
        "differences": _differences(found, who),
    }


def draft(row: ToolDraft, tool: Tool, who: Identity) -> Item:
    content_hash = drafts.applied(row, tool).content_hash()
    is_outdated = drafts.is_outdated(row, tool)
    met = drafts.meetings(row, tool) if is_outdated else ()
    return {
        "source": row.source,
        "revision": row.revision,
        "begun_on": row.base_number,
        "outdated": is_outdated,
        "reason": row.reason,
        "created_by": row.created_by,
        "changed_by": row.changed_by,
        "updated_at": row.updated_at,
        "content_hash": content_hash,
        "changes": row.changes,
        "differences": _differences(drafts.difference(row, tool), who),
        "meetings": [each.as_json() for each in met],
        "unproven": cases.told(cases.unproven(tool, content_hash), content_hash),
    }


def _differences(found: Iterable[Difference], who: Identity) -> list[Item]:
    return [each.as_json() for each in found if each.field != _HIDDEN or who.may(CATALOG_CHANGE)]


def _seen(content: Mapping[str, Any], who: Identity) -> Item:
    return {**content, **({} if who.may(CATALOG_CHANGE) else {_HIDDEN: None})}
