"""Files of conversations over HTTP: sent as a form, listed, removed, and given back as downloads only."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from agents_app import attachments
from agents_app.api.shapes import AttachmentSerializer
from agents_app.api.talking import TalkView
from agents_app.models import Attachment
from project.accounts.api.base import NOTHING, one, operation
from project.accounts.exceptions import NotFound

_FORM = {
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
        "additionalProperties": False,
    }
}
_DOWNLOAD = {(200, "application/octet-stream"): bytes}


class AttachmentView(TalkView):
    def rows(self, conversation_id: UUID) -> QuerySet[Attachment]:
        conversation = self.conversation(conversation_id)
        return Attachment.objects.filter(conversation=conversation).select_related("conversation")

    def row(self, conversation_id: UUID, attachment_id: UUID) -> Attachment:
        return one(self.rows(conversation_id).filter(public_id=attachment_id))


class Attachments(AttachmentView):
    parser_classes = [MultiPartParser]

    @operation(
        "The files of a conversation, oldest first",
        {200: AttachmentSerializer(many=True)},
        refusals=[400, 404],
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return self.page(self.rows(conversation_id).order_by("pk"), attachments.item)

    @operation(
        "Give a file to a conversation; it goes with the next message",
        {201: AttachmentSerializer},
        body=_FORM,
        refusals=[400, 404, 409, 413],
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        conversation = self.conversation(conversation_id)
        sent = request.FILES.getlist("file")
        strange = sorted({*request.data} - {"file"})
        if len(sent) != 1 or strange:
            wrong = {name: ["There is no such field."] for name in strange}
            raise ValidationError(wrong or {"file": ["Send exactly one file in this field."]})
        return Response(
            attachments.item(attachments.add(conversation, sent[0], by=self.identity)), status=201
        )


class AttachmentDetail(AttachmentView):
    @operation("One file of a conversation", {200: AttachmentSerializer}, refusals=[404])
    def get(self, request: Request, conversation_id: UUID, attachment_id: UUID) -> Response:
        return Response(attachments.item(self.row(conversation_id, attachment_id)))

    @operation("Remove a file from a conversation", {204: NOTHING}, refusals=[404])
    def delete(self, request: Request, conversation_id: UUID, attachment_id: UUID) -> Response:
        attachments.remove(self.row(conversation_id, attachment_id), by=self.identity)
        return Response(status=204)


class AttachmentContent(AttachmentView):
    @operation("Download a file", _DOWNLOAD, refusals=[404])  # type: ignore[arg-type]
    def get(self, request: Request, conversation_id: UUID, attachment_id: UUID) -> HttpResponse:
        """Always a download of unknown kind: what people upload must never run as a page of ours."""
        row = self.row(conversation_id, attachment_id)
        try:
            content = attachments.path_of(row).read_bytes()
        except FileNotFoundError:
            raise NotFound from None
        answer = HttpResponse(content, content_type="application/octet-stream")
        answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.name, safe='')}"
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
        answer["Cache-Control"] = "private, no-store"
        return answer
