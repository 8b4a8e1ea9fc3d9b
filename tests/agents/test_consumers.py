"""The socket of a conversation, through the whole ASGI stack and a real Valkey: who may listen, and what is heard."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from agents_app import consumers, conversations, runs
from agents_app.live import news
from agents_app.models import Conversation, Run
from project.accounts.models import Membership
from project.asgi import application
from tests import gate, people

pytestmark = pytest.mark.django_db(transaction=True)


def cookie(client: Client) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


class Ear:
    """A browser's end of a socket. (Channels' own needs a web server that is not installed.)"""

    def __init__(self, scope: dict[str, Any]) -> None:
        self._wire: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]

    async def connect(self) -> bool:
        await self._wire.send_input({"type": "websocket.connect"})
        return bool((await self._wire.receive_output(10))["type"] == "websocket.accept")

    async def say(self, frame: str) -> None:
        await self._wire.send_input({"type": "websocket.receive", "text": frame})

    async def heard(self) -> Any:
        """The next frame, as JSON; or the code it was closed with."""
        output = await self._wire.receive_output(10)
        return output["code"] if output["type"] == "websocket.close" else json.loads(output["text"])

    async def leave(self) -> None:
        await self._wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._wire.wait(10)


def ear_at(row: Conversation | str, *, cookies: str = "", origin: str = "") -> Ear:
    path = f"/ws/conversations/{row if isinstance(row, str) else row.public_id}/"
    headers = [(b"host", b"testserver"), (b"origin", (origin or settings.ALLOWED_ORIGINS[0]).encode())]
    if cookies:
        headers.append((b"cookie", cookies.encode()))
    return Ear(
        {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
    )


def listening(row: Conversation | str, act: Callable[[Ear], Awaitable[Any]], **about: Any) -> Any:
    """Connect, do something with the open socket, and leave it; "refused" if it does not open."""

    async def scene() -> Any:
        ear = ear_at(row, **about)
        if not await ear.connect():
            return "refused"
        try:
            return await act(ear)
        finally:
            await ear.leave()

    return asyncio.run(scene())


async def heard(ear: Ear) -> Any:
    return await ear.heard()


async def pinged(ear: Ear) -> Any:
    await ear.say("ping")
    return await ear.heard()


async def in_thread(act: Callable[[], Any]) -> Any:
    def alone() -> Any:
        try:
            return act()
        finally:
            connection.close()

    return await asyncio.to_thread(alone)


@pytest.fixture
def row() -> Conversation:
    return gate.opened().conversation


def test_owner_is_ready_before_anything_else_is_told(row: Conversation) -> None:
    assert listening(row, heard, cookies=cookie(people.alice().browser())) == {"type": "ready"}


def test_owner_hears_what_happens_after_ready_in_order(row: Conversation) -> None:
    who = people.alice().identity
    run = Run.objects.get(conversation=row)

    async def act(ear: Ear) -> list[Any]:
        assert await heard(ear) == {"type": "ready"}
        await in_thread(lambda: runs.cancel(run, by=who))
        await in_thread(lambda: conversations.post_message(row, "Again", client_id="x", by=who))
        return [await heard(ear) for _ in range(3)]

    told = listening(row, act, cookies=cookie(people.alice().browser()))
    assert [each["type"] for each in told] == ["run", "message", "run"]
    assert [each["item"]["status"] for each in told if each["type"] == "run"] == ["cancelled", "queued"]
    seqs = [each["seq"] for each in told if each["seq"] is not None]
    assert seqs == sorted(seqs)


def test_two_tabs_hear_the_same(row: Conversation) -> None:
    cookies = cookie(people.alice().browser())

    async def scene() -> list[Any]:
        ears = [ear_at(row, cookies=cookies) for _ in range(2)]
        for ear in ears:
            await ear.connect()
            assert await heard(ear) == {"type": "ready"}
        await in_thread(lambda: news.send(row.group, {"type": "tick", "seq": 1}))
        told = [await heard(ear) for ear in ears]
        for ear in ears:
            await ear.leave()
        return told

    assert asyncio.run(scene()) == [{"type": "tick", "seq": 1}] * 2


async def opened(row: Conversation, cookies: str) -> tuple[Ear, Any]:
    ear = ear_at(row, cookies=cookies)
    await ear.connect()
    return ear, await heard(ear)


def test_one_socket_too_many_is_closed_and_a_closed_one_makes_room(row: Conversation, settings: Any) -> None:
    settings.SOCKETS_PER_USER = 2
    hers, other = cookie(people.alice().browser()), cookie(people.mallory().browser())

    async def scene() -> list[Any]:
        (first, one), (second, two) = [await opened(row, hers) for _ in range(2)]
        (third, three), (stranger, four) = await opened(row, hers), await opened(row, other)
        await third.leave()
        late, five = await opened(row, hers)
        await late.leave()
        await first.leave()
        sixth, six = await opened(row, hers)
        seventh, seven = await opened(row, hers)
        for ear in (second, stranger, sixth, seventh):
            await ear.leave()
        return [one, two, three, four, five, six, seven]

    ready = {"type": "ready"}
    assert asyncio.run(scene()) == [ready, ready, 4429, 4404, 4429, ready, 4429]
    assert not consumers._open


@pytest.mark.parametrize("cookies", ["", "signed in"])
def test_a_socket_that_is_turned_away_is_not_counted_after_it(row: Conversation, cookies: str) -> None:
    cookies = cookies and cookie(people.mallory().browser())
    for _ in range(3):
        assert listening(row, heard, cookies=cookies) == (4404 if cookies else 4401)
    assert not consumers._open


@pytest.mark.parametrize("who", [people.bob, people.adam, people.carol, people.mallory])
def test_stranger_is_told_there_is_nothing(row: Conversation, who: Callable[[], people.Person]) -> None:
    assert listening(row, heard, cookies=cookie(who().browser())) == 4404


def test_conversation_that_never_was_is_the_same_to_its_asker(row: Conversation) -> None:
    unknown = "3f0c7c7e-0000-4000-8000-000000000000"
    assert listening(unknown, heard, cookies=cookie(people.alice().browser())) == 4404


@pytest.mark.parametrize("cookies", ["", "sessionid=invented", f"{settings.SESSION_COOKIE_NAME}=invented"])
def test_signed_out_is_told_to_sign_in(row: Conversation, cookies: str) -> None:
    assert listening(row, heard, cookies=cookies) == 4401


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://testserver:1",
        "ftp://testserver",
        "chrome-extension://abc",
        "null",
    ],
)
def test_page_of_another_origin_is_not_let_in(row: Conversation, origin: str) -> None:
    async def never(ear: Ear) -> None:
        raise AssertionError("let in")

    assert listening(row, never, cookies=cookie(people.alice().browser()), origin=origin) == "refused"


def test_account_without_a_membership_is_not_let_in(row: Conversation) -> None:
    client = people.alice().browser()
    Membership.objects.all().update(active=False)
    assert listening(row, heard, cookies=cookie(client)) == 4403


def _new_password() -> None:
    user = people.alice().user
    user.set_password("another horse battery staple")
    user.save()


# What happens while the socket is open, and what it is closed with.
LOSSES: dict[str, tuple[Callable[[], Any], int]] = {
    "membership removed": (lambda: Membership.objects.filter(user__username="alice").delete(), 4403),
    "membership suspended": (
        lambda: Membership.objects.filter(user__username="alice").update(active=False),
        4403,
    ),
    "account closed": (
        lambda: type(people.alice().user).objects.filter(username="alice").update(is_active=False),
        4401,
    ),
    "password changed": (_new_password, 4401),
    "session over": (lambda: Session.objects.update(expire_date="2026-01-01T00:00:00Z"), 4401),
    "signed out": (lambda: Session.objects.all().delete(), 4401),
    "conversation deleted": (lambda: Conversation.objects.update(deleted_at="2026-01-01T00:00:00Z"), 4404),
    "organization switched off": (lambda: type(people.toolroom()).objects.update(enabled=False), 4403),
}


@pytest.mark.parametrize(("lose", "code"), LOSSES.values(), ids=LOSSES)
def test_right_that_is_gone_closes_the_socket_at_the_next_frame(
    row: Conversation, lose: Callable[[], Any], code: int
) -> None:
    async def act(ear: Ear) -> list[Any]:
        assert await heard(ear) == {"type": "ready"}
        assert await pinged(ear) == {"type": "pong"}
        await in_thread(lose)
        return [await pinged(ear)]

    assert listening(row, act, cookies=cookie(people.alice().browser())) == [code]


@pytest.mark.parametrize(("lose", "code"), LOSSES.values(), ids=LOSSES)
def test_silent_socket_is_closed_too_when_the_right_is_gone(
    row: Conversation, lose: Callable[[], Any], code: int, settings: Any
) -> None:
    settings.SOCKET_RECHECK_SECONDS = 0.1

    async def act(ear: Ear) -> Any:
        assert await heard(ear) == {"type": "ready"}
        await in_thread(lose)
        return await heard(ear)

    assert listening(row, act, cookies=cookie(people.alice().browser())) == code


@pytest.mark.parametrize("frame", ["", "x", '{"type":"stop"}', "ping ", "PING", "x" * 5000])
def test_frames_that_are_no_ping_do_nothing(row: Conversation, frame: str) -> None:
    async def act(ear: Ear) -> Any:
        assert await heard(ear) == {"type": "ready"}
        await ear.say(frame)
        return await pinged(ear)

    assert listening(row, act, cookies=cookie(people.alice().browser())) == {"type": "pong"}
    assert Run.objects.get(conversation=row).status == "queued"
