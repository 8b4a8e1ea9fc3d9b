"""The shapes of imported APIs over HTTP. What the choices may be is checked by the plan and the catalog."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from project.accounts.api.base import StrictSerializer
from tools_app.apis.api_plans import Item, Plan
from tools_app.models import ApiDocument, ApiSource

SIGN_IN = ("bearer", "basic", "header", "query", "cookie")


class SignInSerializer(StrictSerializer):
    type = serializers.ChoiceField(SIGN_IN)
    secret = serializers.CharField(max_length=100)
    name = serializers.CharField(max_length=128, required=False)
    username = serializers.CharField(max_length=200, required=False)


class ChoicesSerializer(StrictSerializer):
    server = serializers.CharField(
        max_length=2_000,
        required=False,
        allow_blank=True,
        help_text="Instead of the first of the description.",
    )
    prefix = serializers.CharField(
        max_length=31, required=False, allow_blank=True, help_text="What the names of the tools begin with."
    )
    category = serializers.CharField(
        max_length=100, required=False, allow_blank=True, help_text="For operations without a tag."
    )
    secrets = serializers.DictField(
        child=serializers.CharField(max_length=100), required=False, help_text="Name of a secret by scheme."
    )
    sign_in = SignInSerializer(
        required=False, help_text="For descriptions that say nothing of how to sign in."
    )


class PreviewSerializer(StrictSerializer):
    """One of `url`, `text`, `file` and `document`; or none, to look at the edition of `api` again."""

    url = serializers.CharField(max_length=2_000, required=False)
    text = serializers.CharField(required=False, trim_whitespace=False)
    file = serializers.FileField(required=False, help_text="As multipart/form-data; up to 32 MiB.")
    document = serializers.IntegerField(required=False, help_text="An edition that was looked at before.")
    api = serializers.IntegerField(required=False, help_text="The API that this is a new edition of.")
    choices = ChoicesSerializer(required=False, help_text="Those of the last import, if left out.")


class ImportSerializer(StrictSerializer):
    document = serializers.IntegerField(help_text="The edition, as a preview has called it.")
    name = serializers.CharField(
        max_length=100, required=False, help_text="What you call the API; at its first import."
    )
    choices = ChoicesSerializer(required=False)
    add = serializers.ListField(
        child=serializers.CharField(max_length=600),
        required=False,
        help_text='Keys of operations; "*" is all.',
    )
    change = serializers.ListField(child=serializers.CharField(max_length=600), required=False)
    remove = serializers.ListField(child=serializers.CharField(max_length=600), required=False)
    overwrite = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=100)),
        required=False,
        help_text="By operation the fields that people changed and that shall follow the new edition all the same.",
    )


class ApiSourceSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    title = serializers.CharField()
    version = serializers.CharField()
    choices = serializers.DictField()
    tools = serializers.ListField(child=serializers.CharField(), help_text="Names of the tools in use.")
    imported_at = serializers.DateTimeField()


class SchemeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField(help_text="Empty where no secret can stand for it; `why` says so then.")
    description = serializers.CharField()
    why = serializers.CharField()


class ChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    conflict = serializers.BooleanField(
        help_text="A person here changed it as well: theirs stays unless overwritten."
    )
    diff = serializers.CharField()


class OperationSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    state = serializers.ChoiceField(["new", "available", "changed", "unchanged", "removed"])
    name = serializers.CharField(help_text="Of the tool.")
    description = serializers.CharField()
    category = serializers.CharField()
    deprecated = serializers.BooleanField()
    requires_approval = serializers.BooleanField()
    problem = serializers.CharField(help_text="Why it cannot be imported as chosen.")
    left_out = serializers.ListField(child=serializers.CharField())
    changes = ChangeSerializer(many=True)


class LeftOutSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    why = serializers.CharField()


class PlanSerializer(serializers.Serializer[Any]):
    document = serializers.IntegerField()
    api = serializers.IntegerField(allow_null=True)
    title = serializers.CharField()
    version = serializers.CharField()
    servers = serializers.ListField(child=serializers.CharField())
    schemes = SchemeSerializer(many=True)
    choices = serializers.DictField()
    problems = serializers.ListField(child=serializers.CharField())
    operations = OperationSerializer(many=True)
    left_out = LeftOutSerializer(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class ImportedSerializer(serializers.Serializer[Any]):
    api = ApiSourceSerializer()
    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    removed = serializers.IntegerField()


def source(row: ApiSource) -> dict[str, Any]:
    rows = row.operations.select_related("tool")
    tools = [each.tool.name for each in rows if each.tool is not None and each.tool.archived_at is None]
    plain = {
        name: getattr(row, name) for name in ("id", "name", "title", "version", "choices", "imported_at")
    }
    return {**plain, "tools": tools}


def plan(kept: ApiDocument, found: Plan) -> dict[str, Any]:
    said = found.description
    return {
        "document": kept.pk,
        "api": found.source.pk if found.source else None,
        "title": said.title,
        "version": said.version,
        "servers": list(said.servers),
        "schemes": [
            {"name": each.name, "type": each.kind, "description": each.description, "why": each.why}
            for each in said.schemes.values()
        ],
        "choices": found.choices.as_json(),
        "problems": list(found.problems),
        "operations": [_item(item) for item in found.items],
        "left_out": [{"key": each.key, "why": each.why} for each in said.skipped],
        "notes": [str(note) for note in said.notes],
    }


def _item(item: Item) -> dict[str, Any]:
    made = item.proposal
    fields = made.fields if made else {}
    return {
        "key": item.key,
        "state": item.state,
        "name": made.name if made else item.tool.name if item.tool else "",
        "description": fields.get("description", ""),
        "category": fields.get("category", ""),
        "deprecated": made.operation.is_deprecated if made else False,
        "requires_approval": fields.get("requires_approval", False),
        "problem": made.problem if made else "",
        "left_out": [str(note) for note in made.notes] if made else [],
        "changes": [
            {"field": each.field, "conflict": each.is_conflict, "diff": each.as_json()["diff"]}
            for each in item.news
        ],
    }
