"""The Messages API through the `anthropic` SDK: directly, on Bedrock, on Vertex, on Foundry, or any server
alike.

The SDK opens the request (authentication, addresses, error types); reading the stream, retries and the loop
are ours. Loaded on first use only: importing the SDK takes more than a second.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing

import anthropic
import httpx2
import msgspec

from agents_app.providers import capabilities, failures, fitting, patience
from agents_app.providers.base import ModelEvent, ModelRequest, Pausing, TextPiece, ThinkingPiece
from agents_app.providers.clients import Client, client_for
from agents_app.providers.errors import ProviderInterrupted, ProviderMisconfigured
from agents_app.providers.limits import Limits
from agents_app.providers.sse import Event, Events, StreamBroken
from agents_app.providers.turn import Turn
from agents_app.providers.wire import body_of

PATH = "/v1/messages"
# A turn is not held up for the sake of its connection: making a new one costs about as much.
READ_OUT_SECONDS = 0.02


class AnthropicProvider:
    """See `base.Provider`."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        attempt = 1
        while True:
            answer = _Answer(request)
            try:
                async with aclosing(answer.pieces()) as pieces:
                    async for piece in pieces:
                        yield piece
                ending = answer.ending()
            except failures.ATTEMPT_ERRORS as error:
                if answer.turn.begun:
                    raise _interrupted(error) from error
                if _without_refused_field(request, answer, error):
                    continue
                failure = failures.failure_of(error)
                attempt += 1
                # An attempt that brought nothing may be repeated: nobody has seen anything of it.
                seconds = patience.seconds_before(attempt, failure, tries=request.tries)
            else:
                for event in ending:
                    yield event
                return
            yield Pausing(seconds, failure.reason, attempt)
            await asyncio.sleep(seconds)


class _Answer:
    """One attempt: the open stream, its clock and the turn growing out of it."""

    def __init__(self, request: ModelRequest) -> None:
        self.request = request
        self.body = body_of(request)
        limits = Limits.of(request.endpoint.options)
        self.turn = Turn(max_chars=limits.max_chars)
        self.clock = _Clock(limits)
        self.request_id = ""

    async def pieces(self) -> AsyncGenerator[TextPiece | ThinkingPiece, None]:
        async with client_for(self.request.endpoint) as client:
            self.clock.begin()
            response = await _open(client, self.body)
            self.request_id = response.headers.get("request-id", "")
            try:
                batches = _batches(client, response)
                async for events in batches:
                    for piece in self.turn.take(events):
                        yield piece
                    if self.turn.over:
                        await _read_out(batches)
                        return
                    self.clock.check(self.turn.heard)
                    self.clock.wait()
            finally:
                # Also when the reader is cancelled: the vendor must see the connection close now, and stop.
                await response.aclose()
        raise StreamBroken("cut", "the stream ended before the message did")

    def ending(self) -> list[ModelEvent]:
        return self.turn.ending(request_id=self.request_id)


class _Clock:
    """Ends a stream that keeps its connection alive without getting anywhere.

    Looked at whenever something arrives; total silence is the read timeout's. Time the reader takes to deal
    with what came is not idle time of the model.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle = 0.0
        self._heard = 0
        self.begin()

    def begin(self) -> None:
        """Count from now on: time spent in line for a place is not the model's."""
        self._began = self._waiting_since = time.monotonic()

    def wait(self) -> None:
        self._waiting_since = time.monotonic()

    def check(self, heard: int) -> None:
        now = time.monotonic()
        self._idle = 0.0 if heard != self._heard else self._idle + now - self._waiting_since
        self._heard = heard
        if self._idle > self._limits.idle_seconds:
            raise StreamBroken("idle", f"nothing but signs of life for {self._limits.idle_seconds:g} s")
        if now - self._began > self._limits.wall_seconds:
            raise StreamBroken("too_slow", f"not finished after {self._limits.wall_seconds:g} s")


async def _open(client: Client, body: dict[str, object]) -> httpx2.Response:
    """Send the request as the SDK's `messages.create(stream=True)` does and return before the body is read.

    `post` is the door below it: `create` takes no `temperature` and warns of dying models, which the admin
    does.
    """
    try:
        response: httpx2.Response = await client.post(
            PATH, cast_to=httpx2.Response, body=body, stream=True, stream_cls=anthropic.AsyncStream[object]
        )
    except failures.ATTEMPT_ERRORS:
        raise
    except Exception as error:
        # A cloud's own credential library, which need not be installed, fails with errors of its own.
        raise ProviderMisconfigured(detail=f"{type(error).__name__}: {error}") from error
    return response


async def _batches(client: Client, response: httpx2.Response) -> AsyncIterator[Iterable[Event]]:
    """The events that each read completes, together; decoded while they are taken."""
    if isinstance(client, anthropic.AsyncAnthropicBedrock):
        # Bedrock wraps events in a binary framing of its own, which stays the SDK's business.
        async for event in _framed(client, response):
            yield [msgspec.convert(event, Event)]
        return
    events = Events()
    async for chunk in response.aiter_bytes():
        yield events.feed(chunk)


def _framed(client: Client, response: httpx2.Response) -> AsyncIterator[object]:
    try:
        return anthropic.AsyncStream(cast_to=object, response=response, client=client)
    except ImportError as error:
        raise ProviderMisconfigured(
            "This installation cannot read from Bedrock. The operator has to install the package botocore.",
            detail=str(error),
        ) from error


async def _read_out(batches: AsyncIterator[Iterable[Event]]) -> None:
    """Take the end of the body too, which is there already or never comes: only then the connection is used
    again."""
    try:
        async with asyncio.timeout(READ_OUT_SECONDS):
            async for _ in batches:
                pass
    except (TimeoutError, *failures.ATTEMPT_ERRORS):
        return


def _without_refused_field(request: ModelRequest, answer: _Answer, error: Exception) -> bool:
    """True when the model refused an optional field by name: it is left out from now on."""
    if not isinstance(error, anthropic.BadRequestError):
        return False
    message = error.api_message or error.message
    return capabilities.remember_refusal(
        request, message=message, sent={*answer.body, *fitting.kinds_in(answer.body)}
    )


def _interrupted(error: Exception) -> ProviderInterrupted:
    kind = error.kind if isinstance(error, StreamBroken) else type(error).__name__
    codes = {"too_large": "answer_too_large", "too_slow": "answer_too_slow", "idle": "answer_too_slow"}
    return ProviderInterrupted(detail=f"{kind}: {error}", code=codes.get(kind, ""))
