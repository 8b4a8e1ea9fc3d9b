"""How HTTP requests enter Django: bounded in size, and through one thread from first middleware to view."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections, reset_queries
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tools_app.openapi.document import MAX_BYTES

Message = dict[str, Any]
_FILES = re.compile(r"/api/conversations/[0-9a-f-]{36}/attachments/?")
_DESCRIPTIONS = re.compile(r"/api/openapi/preview/?|/admin/tools_app/apisource/(?:add|\d+/change)/")
HEARD_OUT_BYTES = 16_777_216
TOO_LARGE = json.dumps(
    {"error": {"code": "too_large", "message": "The request is larger than allowed.", "details": {}}}
).encode()


class BodyTooLarge(Exception):
    """The body of a request went over the limit before it was read to its end."""


class OneThreadHandler(ASGIHandler):
    """Runs the whole synchronous chain in one hop to a thread.

    Django would build the chain for coroutines here and change threads at every middleware, which costs
    more than the middleware itself: nothing in the house's request path is a coroutine.
    """

    def __init__(self) -> None:
        super().__init__()
        # Django would make a thread for each request, join it on the loop, and hop once more for its signals. A few
        # threads that stay keep their database connections, and a crowd waits in line instead of in each other's way.
        self._threads = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="web")
        for receiver in (close_old_connections, reset_queries):
            signals.request_started.disconnect(receiver)
        signals.request_finished.disconnect(close_old_connections)

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        await self.handle(scope, receive, send)

    def load_middleware(self, is_async: bool = True) -> None:  # noqa: FBT001, FBT002 - Django's signature
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        answered = sync_to_async(self._answered, thread_sensitive=False, executor=self._threads)
        return await answered(request)

    def _answered(self, request: HttpRequest) -> HttpResponseBase:
        reset_queries()
        close_old_connections()
        try:
            return self.get_response(request)
        finally:
            close_old_connections()


class BoundedBody:
    """Refuses bodies over DATA_UPLOAD_MAX_MEMORY_SIZE before they fill memory or disk.

    Django itself checks only forms; a JSON body is read as a stream, whatever its size.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        limit = _limit(scope)
        if _announced(scope) > limit:
            await _refuse(receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message: Message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge
            return message

        try:
            await self.application(scope, counted, send)
        except BodyTooLarge:
            await _refuse(receive, send)


def _limit(scope: Message) -> int:
    """Files and descriptions of APIs have limits of their own, and the form around one takes a little."""
    limit, path = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE), scope.get("path", "")
    if _FILES.fullmatch(path):
        return max(settings.ATTACHMENT_MB * 2**20 + 65_536, limit)
    return MAX_BYTES + 65_536 if _DESCRIPTIONS.fullmatch(path) else limit


def _announced(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


async def _refuse(receive: Any, send: Any) -> None:
    # Most clients listen only when they have said everything: a body not far over the limit is heard out.
    heard = 0
    while heard < HEARD_OUT_BYTES:
        message = await receive()
        heard += len(message.get("body", b""))
        if not message.get("more_body", False):
            break
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": TOO_LARGE})
