"""Conversations, messages and answers over HTTP. Whose they are not, finds nothing."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import conversations, events, openings, runs
from agents_app.api.serializers import (
    ConversationChangeSerializer,
    ConversationStartSerializer,
    EmptySerializer,
    MessagePostSerializer,
)
from agents_app.api.shapes import (
    ConversationSerializer,
    CursorSerializer,
    MessageSerializer,
    PostedSerializer,
    RunSerializer,
    SnapshotSerializer,
    StartedSerializer,
)
from agents_app.exceptions import AgentNotFound
from agents_app.models import AgentType, Conversation, Message, Run
from project.accounts.api.base import NOTHING, Item, RoomView, one, operation
from project.accounts.api.queries import YesOrNo
from project.accounts.exceptions import NotFound
from project.accounts.roles import CHAT


class ConversationFilter(filters.FilterSet):
    search = filters.CharFilter(field_name="title", lookup_expr="icontains", help_text="In the title.")
    archived = YesOrNo(method="by_archive", help_text="Only the archived ones, or only the others.")

    class Meta:
        model = Conversation
        fields: tuple[str, ...] = ()

    def by_archive(self, rows: QuerySet[Conversation], _: str, wanted: bool) -> QuerySet[Conversation]:  # noqa: FBT001
        return rows.filter(archived_at__isnull=not wanted)


class TalkView(RoomView):
    queryset = Conversation.objects.none()
    needs = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), (CHAT,))

    def visible(self) -> QuerySet[Conversation]:
        return Conversation.objects.visible_to(self.identity).select_related("agent_type__endpoint")

    def conversation(self, conversation_id: UUID) -> Conversation:
        found = Conversation.objects.found(conversation_id, self.identity)
        if found is None:
            raise NotFound
        return found


class Conversations(TalkView):
    filterset_class = ConversationFilter

    @operation(
        "Your conversations, newest first", {200: ConversationSerializer(many=True)}, refusals=[400, 404]
    )
    def get(self, request: Request) -> Response:
        return self.page(self.visible(), events.conversation_item)

    @operation(
        "Start a conversation, with its first message if there is a text; 200 if this client id was stored before",
        {201: StartedSerializer, 200: StartedSerializer},
        body=ConversationStartSerializer,
        refusals=[400, 404, 409, 413],
    )
    def post(self, request: Request) -> Response:
        given = self.given(ConversationStartSerializer)
        opening = openings.Opening(**given)
        opened = openings.stored(opening, by=self.identity) or openings.begin(
            opening, self._agent(opening.agent), by=self.identity
        )
        said: Item = _posted(opened.posted) if opened.posted else {"message": None, "run": None}
        told = {"conversation": events.conversation_item(opened.conversation), **said}
        return Response(told, status=200 if opened.replayed else 201)

    def _agent(self, wanted: int | str) -> AgentType:
        rows = AgentType.objects.visible_to(self.identity).current().select_related("endpoint")
        found = rows.filter(name=wanted).first() if isinstance(wanted, str) else None
        if found is None and str(wanted).isdecimal():
            found = rows.filter(pk=int(wanted)).first()
        if found is None:
            raise AgentNotFound
        return found


class ConversationDetail(TalkView):
    @operation("One conversation", {200: ConversationSerializer}, refusals=[404])
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return Response(events.conversation_item(self.conversation(conversation_id)))

    @operation(
        "Rename or archive a conversation",
        {200: ConversationSerializer},
        body=ConversationChangeSerializer,
        refusals=[400, 404],
    )
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        row, given = self.conversation(conversation_id), self.given(ConversationChangeSerializer)
        if "title" in given:
            conversations.rename(row, given["title"])
        if "archived" in given:
            (conversations.archive if given["archived"] else conversations.unarchive)(row)
        if "session_state" in given:
            conversations.keep_state(row, given["session_state"])
        return Response(events.conversation_item(row))

    @operation(
        "Delete a conversation; the record of what was done in it stays", {204: NOTHING}, refusals=[404]
    )
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        conversations.delete(self.conversation(conversation_id), by=self.identity)
        return Response(status=204)


class Messages(TalkView):
    @operation("What was said, oldest first", {200: MessageSerializer(many=True)}, refusals=[400, 404])
    def get(self, request: Request, conversation_id: UUID) -> Response:
        rows = Message.objects.filter(conversation=self.conversation(conversation_id)).order_by("pk")
        return self.get_paginated_response(events.messages(self.chosen(rows)))

    @operation(
        "Say something; 200 if this client id was stored before",
        {201: PostedSerializer, 200: PostedSerializer},
        body=MessagePostSerializer,
        refusals=[400, 404, 409, 413],
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        row, given = self.conversation(conversation_id), self.given(MessagePostSerializer)
        client_id = given.get("client_id")
        told = given.get("tool_context")
        posted = conversations.post_message(
            row, given["text"], client_id=client_id, by=self.identity, tool_context=told
        )
        return Response(_posted(posted), status=200 if posted.replayed else 201)


class Snapshot(TalkView):
    @operation("A whole conversation as it is now", {200: SnapshotSerializer}, refusals=[404])
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return Response(events.snapshot(self.conversation(conversation_id), self.identity))


class Cursor(TalkView):
    @operation("The number of the newest event of a conversation", {200: CursorSerializer}, refusals=[404])
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return Response({"cursor": events.cursor(self.conversation(conversation_id))})


class RunView(RoomView):
    queryset = Run.objects.none()
    needs = dict.fromkeys(("GET", "POST"), (CHAT,))

    def row(self, run_id: int) -> Run:
        rows = Run.objects.visible_to(self.identity).select_related("conversation__agent_type")
        return one(rows.filter(pk=run_id))


class RunDetail(RunView):
    @operation("One answer being worked out", {200: RunSerializer}, refusals=[404])
    def get(self, request: Request, run_id: int) -> Response:
        return Response(events.run(self.row(run_id)))


class RunCancellation(RunView):
    @operation(
        "Stop an answer; no further tool starts",
        {200: RunSerializer},
        body=EmptySerializer,
        refusals=[400, 404, 409],
    )
    def post(self, request: Request, run_id: int) -> Response:
        self.given(EmptySerializer)
        return Response(events.run(runs.cancel(self.row(run_id), by=self.identity)))


class RunRetry(RunView):
    @operation(
        "Answer the same message again", {201: RunSerializer}, body=EmptySerializer, refusals=[400, 404, 409]
    )
    def post(self, request: Request, run_id: int) -> Response:
        self.given(EmptySerializer)
        return Response(events.run(runs.retry(self.row(run_id), by=self.identity)), status=201)


def _posted(posted: conversations.Posted) -> Item:
    message = events.message(posted.message, run_id=posted.run.pk)
    return {"message": message, "run": events.run(posted.run)}
