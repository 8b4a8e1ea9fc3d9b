"""Documents over HTTP: one's own, the organization's, and, for who keeps the catalog, those of personas."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app.models import AgentType
from project.accounts.api.base import NOTHING, Item, RoomView, StrictSerializer, one, operation
from project.accounts.api.queries import YesOrNo
from project.accounts.roles import CHAT
from tools_app.knowing import knowledge
from tools_app.models import Document

# Of the documents that a search finds, so many are listed.
MOST_FOUND = 100


class DocumentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a name of the shape, not DRF's own
    scope = serializers.ChoiceField(Document.Scope.choices)
    agent = serializers.IntegerField(allow_null=True, help_text="The persona whose document it is.")
    whose = serializers.CharField()
    characters = serializers.IntegerField()
    added_by = serializers.CharField()
    from_outside = serializers.BooleanField(
        help_text="Added by a model that had read something from outside the organization."
    )
    archived = serializers.BooleanField(help_text="Kept, and left out of every search.")
    created_at = serializers.DateTimeField()


class PassageSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    heading = serializers.CharField()
    text = serializers.CharField()


class DocumentDetailSerializer(DocumentSerializer):
    passages = PassageSerializer(many=True)


class DocumentWriteSerializer(StrictSerializer):
    title = serializers.CharField(max_length=300)
    text = serializers.CharField(
        max_length=knowledge.MAX_CHARS,
        trim_whitespace=False,
        help_text="Plain text or Markdown; headings help to find its parts.",
    )
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=500,
        required=False,
        allow_blank=True,
        help_text="Where it is from; shown where it is cited.",
    )
    scope = serializers.ChoiceField(Document.Scope.choices, default=Document.Scope.PERSON)
    agent = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="With the scope persona: whose it becomes.",
    )


class DocumentChangeSerializer(StrictSerializer):
    archived = serializers.BooleanField()


class DocumentFilter(filters.FilterSet):
    search = filters.CharFilter(
        method="by_text", help_text='Words, "phrases" and -words, anywhere in a document.'
    )
    scope = filters.ChoiceFilter(choices=Document.Scope.choices)
    archived = YesOrNo(field_name="archived_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Document
        fields: tuple[str, ...] = ()

    def by_text(self, rows: QuerySet[Document], _: str, wanted: str) -> QuerySet[Document]:
        hits = knowledge.search(wanted, rows, limit=MOST_FOUND)
        return rows.filter(pk__in={hit.document.pk for hit in hits})


class KnowledgeView(RoomView):
    queryset = Document.objects.none()
    needs = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), (CHAT,))

    def visible(self) -> QuerySet[Document]:
        return Document.objects.visible_to(self.identity)

    def item(self, row: Document) -> Item:
        return {
            "id": row.pk,
            "title": row.title,
            "source": row.source,
            "scope": row.scope,
            "agent": int(row.owner_id) if row.scope == Document.Scope.PERSONA else None,
            "whose": row.owner_name,
            "characters": row.characters,
            "added_by": row.added_by,
            "from_outside": row.tainted,
            "archived": row.archived_at is not None,
            "created_at": row.created_at.isoformat(),
        }


class Knowledge(KnowledgeView):
    filterset_class = DocumentFilter

    @operation("Documents, by title", {200: DocumentSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request) -> Response:
        return self.page(self.visible().order_by("title", "pk"), self.item)

    @operation(
        "Keep a document",
        {201: DocumentSerializer},
        body=DocumentWriteSerializer,
        refusals=[400, 404, 409, 413],
    )
    def post(self, request: Request) -> Response:
        given = self.given(DocumentWriteSerializer)
        knowledge.require_right(given["scope"], self.identity)
        agent = given.pop("agent", None)
        if given["scope"] == Document.Scope.PERSONA:
            persona = one(AgentType.objects.visible_to(self.identity).current().filter(pk=agent or 0))
            given |= {"owner_id": str(persona.pk), "owner_name": persona.display_name}
        return Response(self.item(knowledge.add(knowledge.Text(**given), by=self.identity)), status=201)


class KnowledgeDetail(KnowledgeView):
    @operation("One document with its passages", {200: DocumentDetailSerializer}, refusals=[404])
    def get(self, request: Request, document_id: int) -> Response:
        row = one(self.visible().filter(pk=document_id))
        passages = row.passages.order_by("number").values("number", "heading", "text")
        return Response({**self.item(row), "passages": list(passages)})

    @operation(
        "Archive a document, or bring it back",
        {200: DocumentSerializer},
        body=DocumentChangeSerializer,
        refusals=[400, 404],
    )
    def patch(self, request: Request, document_id: int) -> Response:
        row = one(self.visible().filter(pk=document_id))
        verb = knowledge.archive if self.given(DocumentChangeSerializer)["archived"] else knowledge.restore
        verb(row, by=self.identity)
        return Response(self.item(one(self.visible().filter(pk=document_id))))

    @operation("Delete a document with its passages", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, document_id: int) -> Response:
        knowledge.remove(one(self.visible().filter(pk=document_id)), by=self.identity)
        return Response(status=204)
