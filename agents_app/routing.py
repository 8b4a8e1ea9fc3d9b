"""Socket addresses."""

from typing import Any

from django.urls import path, re_path

from agents_app.consumers import NOT_FOUND, ConversationConsumer, InboxConsumer


async def nowhere(_scope: Any, receive: Any, send: Any) -> None:
    """Turn a socket away whose address is nobody's, as a page would be."""
    await receive()
    await send({"type": "websocket.close", "code": NOT_FOUND})


websocket_urlpatterns = [
    path("ws/conversations/<uuid:public_id>/", ConversationConsumer.as_asgi()),
    path("ws/inbox/", InboxConsumer.as_asgi()),
    re_path(r"", nowhere),  # type: ignore[arg-type]  # an ASGI application, which Channels routes like a view
]
