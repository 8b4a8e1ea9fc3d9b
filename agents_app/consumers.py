"""The sockets of a conversation and of the inbox: they only tell.

Whoever connects must own the conversation, or have an inbox, then and at every frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from typing import Any

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from django.conf import settings

from agents_app.live import inbox_news
from agents_app.models import Conversation
from project.accounts import identity as identities
from project.accounts.identity import Identity, NoMembership
from project.accounts.sessions import signed_in

log = logging.getLogger(__name__)
GOING_AWAY, NOT_SIGNED_IN, NOT_ALLOWED, NOT_FOUND, CROWDED = 1001, 4401, 4403, 4404, 4429
# How many sockets each person has open in this process. Only its event loop counts, so nothing has to be locked.
_open: Counter[int] = Counter()


class ConversationConsumer(AsyncWebsocketConsumer):
    group = ""
    counted_for: int | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket: frames of the browser are dispatched, news goes straight out.

        Channels' own loop would race two waiting tasks for every piece; measured, that and a hop into a thread was most
        of what a text piece cost the web process.
        """
        self.scope, self.base_send = scope, send
        self.channel_layer = get_channel_layer(self.channel_layer_alias)
        self.channel_name = await self.channel_layer.new_channel()
        helpers = [asyncio.create_task(self._relay()), asyncio.create_task(self._recheck())]
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            self._uncount()
            for helper in helpers:
                helper.cancel()

    async def dispatch(self, message: Any) -> None:
        """As Channels does it, but for the thread it would ask at each frame to look after database connections:
        `database_sync_to_async` does that wherever there is one.
        """
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"no handler for {message['type']}")
        await handler(message)

    async def _relay(self) -> None:
        """The one door in from the layer: everything announced to the conversation's group is passed on as it is."""
        try:
            while True:
                message = await self.channel_layer.receive(self.channel_name)
                await self.base_send({"type": "websocket.send", "text": message["json"]})
        except Exception:
            # A socket that went away while news arrived. Anything else must not leave a page deaf: it reconnects.
            log.debug("a socket's relay ended", exc_info=True)
            with contextlib.suppress(Exception):
                await self.base_send({"type": "websocket.close", "code": GOING_AWAY})

    async def _recheck(self) -> None:
        """Ask again and again whether this person may still listen: a browser that never pings must not outstay."""
        while True:
            await asyncio.sleep(settings.SOCKET_RECHECK_SECONDS)
            try:
                refusal = await database_sync_to_async(self._admit)()
            except Exception:
                # Whoever cannot be asked about is not listened with: the page reconnects and is asked about then.
                log.warning("an open socket could not be judged again", exc_info=True)
                refusal = GOING_AWAY
            if refusal:
                with contextlib.suppress(Exception):
                    await self.close(code=refusal)
                return

    async def connect(self) -> None:
        # Accepted before it is judged: a browser is not told why a socket did not open, only why it was closed.
        await self.accept()
        refusal = self._count() or await database_sync_to_async(self._admit)()
        if refusal:
            await self.close(code=refusal)
            return
        await self.channel_layer.group_add(self.group, self.channel_name)
        # Only now: whoever fetches after "ready" can miss nothing, since every later event reaches this socket.
        await self.send(text_data='{"type":"ready"}')

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Called for a ping, the only frame a browser sends; a right that is gone closes the socket."""
        refusal = await database_sync_to_async(self._admit)()
        if refusal:
            await self.close(code=refusal)
        elif text_data == "ping":
            await self.send(text_data='{"type":"pong"}')

    def _count(self) -> int:
        """0, or the close code if this person has as many sockets open here as anybody may."""
        user = getattr(self.scope.get("user"), "pk", None)
        if user is None:
            return 0
        if _open[user] >= settings.SOCKETS_PER_USER:
            return CROWDED
        _open[user] += 1
        self.counted_for = user
        return 0

    def _uncount(self) -> None:
        if self.counted_for is not None:
            _open[self.counted_for] -= 1
            if not _open[self.counted_for]:
                del _open[self.counted_for]
            self.counted_for = None

    def _admit(self) -> int:
        """0, or the close code. Reads session, person and conversation as they are now."""
        # The handshake's copies are as old as the socket: a session ends, a password is changed.
        session, user = signed_in(self.scope["session"].session_key)
        if not user.is_authenticated:
            return NOT_SIGNED_IN
        try:
            identity = identities.from_scope({**self.scope, "session": session, "user": user})
        except NoMembership:
            return NOT_ALLOWED
        group = self.group_for(identity)
        if self.group and group and group != self.group:
            # Their role is another one since: what they may hear is told elsewhere, and the page comes back for it.
            return GOING_AWAY
        # Kept when the right is lost: the subscription has to be taken back when the socket closes.
        self.group = group or self.group
        return 0 if group else NOT_FOUND

    def group_for(self, identity: Identity) -> str:
        """The group whose news this person may hear here; empty for none."""
        public_id = self.scope["url_route"]["kwargs"]["public_id"]
        rows = Conversation.objects.visible_to(identity).filter(public_id=public_id)
        return rows.values_list("group", flat=True).first() or ""


class InboxConsumer(ConversationConsumer):
    def group_for(self, identity: Identity) -> str:
        return inbox_news.group_of(identity)
