"""The SDK's client for an endpoint: made once, shared by all streams of the process, replaced when the
endpoint changes.

Making one costs 16 ms and its first request a TLS handshake; sharing one saves both.
"""

import asyncio
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.request import getproxies

import anthropic
import httpx2

from agents_app.providers import network, places
from agents_app.providers.base import Endpoint
from agents_app.providers.errors import ProviderMisconfigured
from agents_app.providers.limits import Limits
from agents_app.providers.transport import Transport

Client = Any  # the four client classes share no public base
KEPT_CLIENTS = 64


@dataclass(slots=True)
class _Kept:
    endpoint: Endpoint
    loop: asyncio.AbstractEventLoop
    client: Client
    # One for each stream that may be open at once; the others wait in line, first come, first served.
    places: AbstractAsyncContextManager[Any]
    streams: int = 0


_kept: OrderedDict[str, _Kept] = OrderedDict()


@asynccontextmanager
async def client_for(endpoint: Endpoint) -> AsyncIterator[Client]:
    """Lend the client of an endpoint for one stream; a changed endpoint gets a new one while old streams
    finish. Waits while as many streams are open as the endpoint allows."""
    loop, former = asyncio.get_running_loop(), _kept.get(endpoint.key)
    kept = former
    if kept is None or kept.endpoint != endpoint or kept.loop is not loop:
        kept = _kept[endpoint.key] = _Kept(endpoint, loop, make(endpoint), _places(endpoint))
    _kept.move_to_end(endpoint.key)
    kept.streams += 1
    try:
        if former is not None and former.loop is loop:
            await _drop_unused(former)
        async with kept.places:
            yield kept.client
    finally:
        kept.streams -= 1
        await _drop_unused(kept)


def _places(endpoint: Endpoint) -> AbstractAsyncContextManager[Any]:
    return asyncio.Semaphore(endpoint.max_connections) if endpoint.max_connections else nullcontext()


async def _drop_unused(used: _Kept) -> None:
    if used.streams == 0 and _kept.get(used.endpoint.key) is not used:
        await used.client.close()
    while len(_kept) > KEPT_CLIENTS:
        key, oldest = next(iter(_kept.items()))
        if oldest.streams:
            return
        del _kept[key]
        await oldest.client.close()


def kept_keys() -> list[str]:
    return list(_kept)


def make(endpoint: Endpoint) -> Client:
    """A new client; whatever keeps the SDK from making one is a mistake in the endpoint."""
    try:
        factory = FACTORIES[endpoint.kind]
    except KeyError:
        raise ProviderMisconfigured(detail=f"unknown kind of endpoint {endpoint.kind!r}") from None
    try:
        return factory(endpoint, _common(endpoint))
    except (
        anthropic.AnthropicError,
        network.AddressRefused,
        ValueError,
        TypeError,
        ImportError,
        OSError,
    ) as error:
        raise ProviderMisconfigured(detail=f"{type(error).__name__}: {error}") from error


def _common(endpoint: Endpoint) -> dict[str, Any]:
    if any(name.strip().lower() == "host" for name in endpoint.headers):
        # A shared front would pass the request, key and all, to whomever this header names.
        raise ProviderMisconfigured(detail=f"endpoint {endpoint.key}: a Host header of its own")
    limits = Limits.of(endpoint.options)
    timeout = httpx2.Timeout(limits.read_seconds, connect=limits.connect_seconds)
    headers = {**_withheld(endpoint), **endpoint.headers}
    # Retries are ours: they are shown, counted against the run and shared out over the process.
    return {"max_retries": 0, "timeout": timeout, "default_headers": headers, "http_client": _http(endpoint)}


def _http(endpoint: Endpoint) -> httpx2.AsyncClient | None:
    """Our sockets, without redirects; behind a proxy of the operator's the SDK's own client, which knows
    proxies."""
    trusted = bool(endpoint.options.get("trusted"))
    if trusted and getproxies():
        return None
    transport = Transport(network.by_name if trusted else network.vetted, network.tls())
    return httpx2.AsyncClient(transport=transport, trust_env=False, follow_redirects=False)


def _withheld(endpoint: Endpoint) -> dict[str, Any]:
    """ANTHROPIC_CUSTOM_HEADERS is the operator's and may hold a gateway's secret: no other endpoint gets
    it."""
    if endpoint.options.get("trusted"):
        return {}
    lines = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").split("\n")
    return {
        name.strip(): anthropic.Omit() for name, colon, _ in (line.partition(":") for line in lines) if colon
    }


def _direct(endpoint: Endpoint, common: dict[str, Any]) -> Client:
    own_credentials = {name.lower() for name in endpoint.headers} & {"authorization", "x-api-key"}
    if not own_credentials and not endpoint.options.get("keyless"):
        _require_key(endpoint)
    # Never empty: without an explicit key the SDK would look for the operator's in the environment.
    key = endpoint.api_key or "none"
    return anthropic.AsyncAnthropic(api_key=key, base_url=_vetted_url(endpoint), **common)


# For the clouds the SDK fills in whatever is left out from this process: bearer tokens, profiles, default
# credentials, regions, projects, addresses. They are the operator's, and the address is often a tenant's: nothing
# is left out.


def _bedrock(endpoint: Endpoint, common: dict[str, Any]) -> Client:
    return anthropic.AsyncAnthropicBedrock(
        api_key=_require_key(endpoint),
        aws_region=places.region(endpoint.kind, endpoint.options),
        base_url=_vetted_url(endpoint),
        **common,
    )


def _vertex(endpoint: Endpoint, common: dict[str, Any]) -> Client:
    project = endpoint.options.get("project_id")
    if not isinstance(project, str) or not project:
        raise ProviderMisconfigured(
            'This model endpoint needs "project_id" among its options.',
            detail=f"endpoint {endpoint.key}: no project_id",
        )
    return anthropic.AsyncAnthropicVertex(
        access_token=_require_key(endpoint),
        region=places.region(endpoint.kind, endpoint.options),
        project_id=project,
        base_url=_vetted_url(endpoint),
        **common,
    )


def _foundry(endpoint: Endpoint, common: dict[str, Any]) -> Client:
    return anthropic.AsyncAnthropicFoundry(
        api_key=_require_key(endpoint), base_url=_vetted_url(endpoint), **common
    )


def _require_key(endpoint: Endpoint) -> str:
    if not endpoint.api_key:
        raise ProviderMisconfigured(
            "This model endpoint has no key. An administrator can add one.",
            detail=f"endpoint {endpoint.key}: no key",
        )
    return endpoint.api_key


FACTORIES: Mapping[str, Callable[[Endpoint, dict[str, Any]], Client]] = {
    "direct": _direct,
    "bedrock": _bedrock,
    "vertex": _vertex,
    "foundry": _foundry,
}


def _vetted_url(endpoint: Endpoint) -> str:
    url = places.address(endpoint)
    if not endpoint.options.get("trusted"):
        network.require_allowed(url)
    return url
