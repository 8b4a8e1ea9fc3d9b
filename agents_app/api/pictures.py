"""Pictures that tools brought back, for whoever may see the conversation."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from agents_app.api.talking import TalkView
from agents_app.showing import pictures
from project.accounts.api.base import one, operation
from project.accounts.exceptions import NotFound
from tools_app.models import ToolCall

_PICTURE = {(200, kind): bytes for kind in pictures.KINDS}


class CallPicture(TalkView):
    @operation("A picture in the result of a tool", _PICTURE, refusals=[404])  # type: ignore[arg-type]
    def get(self, request: Request, conversation_id: UUID, use_id: int, number: int) -> HttpResponse:
        conversation = self.conversation(conversation_id)
        rows = ToolCall.objects.filter(
            organization_id=conversation.organization_id, session_id=conversation.session_id
        )
        found = pictures.of(one(rows.filter(pk=use_id)), number)
        if found is None:
            raise NotFound
        answer = HttpResponse(found.content, content_type=found.kind)
        # Drawn within our pages, and nothing but a picture wherever else it is opened.
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
        answer["Cache-Control"] = "private, max-age=3600"
        return answer
