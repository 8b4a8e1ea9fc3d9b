"""The way to a server: a process of ours, or streamable HTTP through the guarded client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from mcp.client.streamable_http import streamable_http_client

from tools_app.executors.mcp import oauth, stdio, troubles
from tools_app.executors.mcp.stdio import LastWords
from tools_app.executors.mcp.target import STDIO, Auth, Place
from tools_app.executors.network import Url, lasting, vet

__all__ = ["LastWords", "of"]

# The longest message a server may send; enough for a picture, too little to trouble a worker.
MESSAGE_BYTES: Final = 8 * 2**20


@asynccontextmanager
async def of(place: Place, words: LastWords, over: asyncio.Event) -> AsyncIterator[Any]:
    """The streams the SDK's client speaks through. `over` is set when a process has ended by itself."""
    if place.target.kind == STDIO:
        async with _process(place, words, over) as streams:
            yield streams
    else:
        async with _http(place) as streams:
            yield streams


@asynccontextmanager
async def _process(place: Place, words: LastWords, over: asyncio.Event) -> AsyncIterator[Any]:
    try:
        launcher = place.target.require_launcher()
    except LookupError as drifted:
        raise troubles.Drifted(str(drifted)) from None
    async with stdio.started(launcher, words, over, limit=MESSAGE_BYTES) as streams:
        yield streams


@asynccontextmanager
async def _http(place: Place) -> AsyncIterator[Any]:
    target, credential = place.target, place.credential
    headers = dict(target.headers)
    url = vet(target.url)
    if target.auth is not None:
        if credential is None or not url.is_listed(credential.hosts):
            told = "The secret of this server is missing or may not go there. Tell an administrator."
            raise troubles.ServerUnavailable(told, code="secret_refused")
        headers |= _credentials(target.auth, credential.value)
    auth = oauth.provider(target, credential) if credential else None

    def may_ask(other: Url) -> bool:
        """Only an authorization server may be asked besides, and only if the secret may go there."""
        return auth is not None and credential is not None and other.is_listed(credential.hosts)

    origin = lasting.Origin(target.url, MESSAGE_BYTES, headers, may_ask)
    async with (
        lasting.conversation(origin, auth=auth) as client,
        streamable_http_client(target.url, http_client=client, max_sse_event_size=MESSAGE_BYTES) as streams,
    ):
        yield streams


def _credentials(auth: Auth, value: str) -> dict[str, str]:
    if not value.isascii() or not value.isprintable():
        told = "The secret of this server cannot be sent in a header. Tell an administrator."
        raise troubles.ServerUnavailable(told, code="secret_refused")
    if auth.kind == "bearer":
        return {"Authorization": f"Bearer {value}"}
    return {auth.name: value} if auth.kind == "header" else {}
