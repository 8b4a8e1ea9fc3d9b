"""The whole catalog over HTTP: taken as a document, and brought in with a dry run and a choice for each conflict."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import transfer
from agents_app.exceptions import CatalogConflict
from agents_app.models import AgentType
from agents_app.transfer import Choice, Report, Wanted
from project.accounts.api.base import RoomView, StrictSerializer, operation
from project.accounts.api.queries import refuse_unread
from project.accounts.roles import CATALOG_CHANGE
from tools_app import documents
from tools_app.exceptions import InvalidCatalog

_FORMS = {"json": "application/json", "yaml": "application/yaml"}
_AS = OpenApiParameter("as", enum=list(_FORMS), description="In which form; json unless asked for.")
_DRY = OpenApiParameter("dry_run", bool, description="Tell what would happen, change nothing.")


class CatalogImportSerializer(StrictSerializer):
    document = serializers.JSONField(
        help_text="An exported catalog, as an object or as the text of its file."
    )
    on_conflict = serializers.ChoiceField([each.value for each in Choice], required=False)
    choices = serializers.DictField(
        child=serializers.ChoiceField([each.value for each in Choice]),
        required=False,
        help_text="By kind and name, such as tool/weather; before on_conflict.",
    )
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class CatalogDocumentSerializer(serializers.Serializer[Any]):
    toolroom = serializers.IntegerField(help_text="Number of the format.")
    mcp_servers = serializers.ListField(child=serializers.DictField())
    tools = serializers.ListField(child=serializers.DictField())
    rules = serializers.ListField(child=serializers.DictField())
    personas = serializers.ListField(child=serializers.DictField())
    secrets = serializers.ListField(child=serializers.DictField(), help_text="Names and hosts, never values.")


class CatalogReportItemSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="tool, rule, persona, grant or mcp_server.")
    name = serializers.CharField()
    state = serializers.CharField(help_text="added, changed, renamed, kept, left out, conflict or wrong.")
    at = serializers.CharField(help_text="Where it stands in the document.")
    differences = serializers.ListField(child=serializers.DictField())
    told = serializers.ListField(child=serializers.CharField())
    name_here = serializers.CharField()


class CatalogReportSerializer(serializers.Serializer[Any]):
    done = serializers.BooleanField(help_text="Whether anything may have been written.")
    dry_run = serializers.BooleanField()
    changes = serializers.IntegerField()
    conflicts = serializers.IntegerField()
    problems = serializers.IntegerField()
    items = CatalogReportItemSerializer(many=True)
    unchanged = serializers.IntegerField()
    missing_secrets = serializers.ListField(child=serializers.CharField())


class TransferView(RoomView):
    queryset = AgentType.objects.none()
    pagination_class = None
    needs = {"GET": (CATALOG_CHANGE,), "POST": (CATALOG_CHANGE,)}


class CatalogExport(TransferView):
    @operation(
        "The whole catalog, as a document", {200: CatalogDocumentSerializer}, refusals=[400], parameters=[_AS]
    )
    def get(self, request: Request) -> HttpResponse:
        refuse_unread(request.query_params, {"as"})
        form = request.query_params.get("as", "json")
        if form not in _FORMS:
            raise ValidationError({"as": [f"Use one of: {', '.join(_FORMS)}."]})
        document = transfer.exported(by=self.identity)
        if form == "json":
            return Response(document)
        return HttpResponse(transfer.written(document), content_type="application/yaml; charset=utf-8")


class CatalogImport(TransferView):
    @operation(
        "Bring a catalog in, all of it or nothing",
        {200: CatalogReportSerializer},
        body=CatalogImportSerializer,
        refusals=[400, 409, 413],
        parameters=[_DRY],
    )
    def post(self, request: Request) -> Response:
        refuse_unread(request.query_params, {"dry_run"})
        dry = request.query_params.get("dry_run", "false").lower()
        if dry not in ("true", "1", "false", "0"):
            raise ValidationError({"dry_run": ["Say true or false."]})
        given = self.given(CatalogImportSerializer)
        wanted = Wanted(
            otherwise=Choice(given.get("on_conflict", Choice.FAIL)),
            choices={key: Choice(choice) for key, choice in given.get("choices", {}).items()},
            is_dry=dry in ("true", "1"),
            reason=given.get("reason", ""),
        )
        report = transfer.bring_in(
            documents.of_value(given["document"], "document"), wanted, by=self.identity
        )
        _require_done(report)
        return Response(report.as_json())


def _require_done(report: Report) -> None:
    if report.is_dry or report.is_done:
        return
    if report.problems:
        raise InvalidCatalog([line for each in report.problems for line in each.told], report.sentence)
    raise CatalogConflict(report.sentence, details=report.as_json())
