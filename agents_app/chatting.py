"""The contract's chat service (S4.155-160): one object that talks to the brainstorm persona and yields its text.

It is a conversation like any other. The answer is worked out by the house's workers, so the gate, approvals and the
record hold here too; this only waits for what they write.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings

from agents_app import conversations, runs
from agents_app.exceptions import AgentNotFound, AnswerEnded
from agents_app.factory import AgentClient
from agents_app.live import remembered
from agents_app.models import Conversation, Message, Run
from agents_app.service import AgentFactory

_PERSONA: Final = "brainstorm"
_PAUSE: Final = 0.05


class ChatService:
    def __init__(
        self, api_key: str = "", agent_factory: AgentFactory | None = None, model: str | None = None
    ) -> None:
        """`agent_factory` speaks for a person, whose conversation it will be.

        `api_key` and `model` are the contract's. Here a key belongs to a model endpoint and a model to the persona,
        where an administrator sets them; neither is taken from whoever chats.
        """
        self.agent_factory = agent_factory or AgentFactory()
        self.model = model or settings.DEFAULT_MODEL
        self.client: AgentClient | None = None
        self.connected = False
        # The answer that is, or was last, listened to.
        self.run: Run | None = None
        self._conversation: Conversation | None = None

    async def initialize(self) -> None:
        """Build the client, with the persona's tools. Raises AgentNotFound or AgentDisabled."""
        self.client = await self.agent_factory.create_agent_client(_PERSONA)
        self.connected = True

    async def stream_brainstorm_message(self, messages: Sequence[Mapping[str, str]]) -> AsyncIterator[str]:
        """Yield the answer to the last message, piece by piece. Raises AnswerEnded if it does not come to its end.

        The service keeps one conversation: what was said through it before is there already. Earlier messages of a
        first call are put before the last one. Whoever stops listening stops the answer.
        """
        if self.client is None:
            await self.initialize()
        run = self.run = await sync_to_async(self._asked)(list(messages))
        told, is_over = "", False
        try:
            while not is_over:
                text, is_over = await sync_to_async(_so_far)(run)
                if len(text) > len(told):
                    yield text[len(told) :]
                    told = text
                elif not is_over:
                    await asyncio.sleep(_PAUSE)
        finally:
            if not is_over:
                await sync_to_async(runs.stop)(run, by=self._identity)

    @property
    def _identity(self) -> Any:
        return self.agent_factory.tools_service.identity

    def _asked(self, messages: Sequence[Mapping[str, str]]) -> Run:
        *before, last = _readable(messages)
        text = last[1]
        if self._conversation is None and self.client is not None:
            self._conversation = conversations.start(self.client.agent_type, by=self._identity)
            if before:
                said = "\n".join(f"{role}: {content}" for role, content in before)
                text = f"What was said before:\n{said}\n\n{text}"
        if self._conversation is None:
            raise AgentNotFound
        return conversations.post_message(self._conversation, text, client_id=None, by=self._identity).run


def _readable(messages: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    found = [(str(each.get("role") or "user"), str(each.get("content") or "")) for each in messages]
    if not found or found[-1][0] != "user" or not found[-1][1].strip():
        raise ValueError("The last message must be the person's, and say something.")
    return found


def _so_far(run: Run) -> tuple[str, bool]:
    """The text of all that was said in this answer, and whether it is over."""
    run.refresh_from_db()
    listed = list(Message.objects.filter(steps__run=run).order_by("pk").distinct())
    texts = remembered.texts_of(listed)
    if run.status in (Run.Status.FAILED, Run.Status.CANCELLED):
        raise AnswerEnded(run.reason_text or None, code=run.reason or None)
    return "\n\n".join(texts[each.pk] for each in listed if texts[each.pk]), run.status in Run.FINAL
