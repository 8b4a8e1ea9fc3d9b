"""The client for long conversations: one origin, nothing raised into them, everything judged again below."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from pytest_django.fixtures import Settings

from tests.tools.executors.conftest import Certificate
from tests.tools.executors.fake_lasting import PIECE, Held, Leading, answering
from tests.tools.executors.fake_names import PUBLIC
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app.executors.network import EgressRefused, lasting
from tools_app.executors.network.backend import Unreachable
from tools_app.executors.network.lasting import Broken, Origin

T = TypeVar("T")
LONG = 30.0
MOST = 1_000


def talk(origin: Origin, scene: Callable[[httpx2.AsyncClient], Awaitable[T]], **more: Any) -> T:
    """Play a scene with a client for this origin, on a loop of its own."""

    async def played() -> T:
        async with lasting.conversation(origin, **more) as client:
            return await asyncio.wait_for(scene(client), LONG)

    return asyncio.run(played())


def got(origin: Origin, url: str, **more: Any) -> httpx2.Response:
    return talk(origin, lambda client: client.get(url, **more))


def told(answer: httpx2.Response) -> str:
    """What a program is told where there is no answer: JSON-RPC, under a code of ours."""
    assert (answer.status_code, answer.headers["content-type"]) == (502, "application/json")
    body = answer.json()
    assert body == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32098, "message": body["error"]["message"]},
    }
    return str(body["error"]["message"])


# --- what is sent, and to whom ------------------------------------------------------------------------------


def test_a_request_and_its_answer_are_passed_on_whole(site: FakeSite) -> None:
    url = site.says("/mcp", b'{"a": 1}', "Content-Type: application/json", status="201 Created")
    answer = talk(Origin(url, MOST), lambda client: client.post(f"{url}?b=2", content=b"question"))
    assert (answer.status_code, answer.json()) == (201, {"a": 1})
    assert answer.headers["content-type"] == "application/json"
    first, headers, body = site.requests[0]
    assert (first, body) == ("POST /mcp?b=2 HTTP/1.1", b"question")
    assert (headers["host"], headers["user-agent"]) == (site.endpoint, "Toolroom/1.0")
    assert headers["accept-encoding"] == "identity"


def test_credentials_of_the_origin_replace_what_was_sent_by_that_name(site: FakeSite) -> None:
    url = site.says("/")
    origin = Origin(url, MOST, {"Authorization": "Bearer s3cret"})
    got(origin, url, headers={"authorization": "Bearer mine", "X-Other": "1"})
    headers = site.requests[0][1]
    assert (headers["authorization"], headers["x-other"]) == ("Bearer s3cret", "1")
    assert site.heads[0].lower().count("authorization:") == 1
    assert "s3cret" not in repr(origin)


def test_how_to_sign_in_is_asked_for_each_request(site: FakeSite) -> None:
    url = site.says("/")
    talk(Origin(url, MOST), lambda client: client.get(url), auth=httpx2.BasicAuth("ann", "pw"))
    assert site.requests[0][1]["authorization"].startswith("Basic ")


def test_another_origin_is_asked_only_where_it_may_be_and_without_credentials(
    site: FakeSite, other: FakeSite
) -> None:
    there = other.says("/token", b"granted")
    headers = {"Authorization": "Bearer s3cret"}
    assert "leads to another host" in told(got(Origin(site.url(), MOST, headers), there))
    nobody = Origin(site.url(), MOST, headers, lambda _url: False)
    assert "leads to another host" in told(got(nobody, there))
    assert other.requests == []
    asked: list[str] = []
    origin = Origin(site.url(), MOST, headers, lambda url: not asked.append(url.endpoint))  # type: ignore[func-returns-value]
    assert got(origin, there).text == "granted"
    assert asked == [other.endpoint]
    assert "authorization" not in other.requests[0][1]


def test_redirects_are_left_to_the_program(site: FakeSite, other: FakeSite) -> None:
    answer = got(Origin(site.url(), MOST), site.redirects("/go", other.says("/")))
    assert (answer.status_code, len(site.requests), other.requests) == (302, 1, [])


def test_what_the_installation_forbids_is_refused_before_anything_is_opened(site: FakeSite) -> None:
    for url in ("http://example.org/", "https://127.0.0.1/", "https://example.org:22/"):
        with pytest.raises(EgressRefused):
            lasting.conversation(Origin(url, MOST))
        assert told(got(Origin(site.url(), MOST, others=lambda _url: True), url))


def test_how_long_it_waits() -> None:
    async def waits() -> httpx2.Timeout:
        async with lasting.conversation(Origin("https://example.org/", MOST)) as client:
            return client.timeout

    # A stream of events may be silent for minutes; connecting may not.
    assert asyncio.run(waits()) == httpx2.Timeout(10.0, read=300.0)


# --- what comes back ----------------------------------------------------------------------------------------


def test_an_answer_has_as_many_bytes_as_are_read_of_one_and_no_more(site: FakeSite) -> None:
    for length, kind in ((MOST, "application/json"), (10 * MOST, "text/event-stream; charset=utf-8")):
        url = site.says("/", b"x" * length, "X-First: 1", f"CONTENT-TYPE: {kind}")
        assert len(got(Origin(url, MOST), url).content) == length
    for more in (["Content-Type: application/json", "X-Like: text/event-stream"], []):
        url = site.says("/", b"x" * (MOST + 1), *more)
        with pytest.raises(Broken, match="longer than what is read"):
            got(Origin(url, MOST), url)


def test_an_answer_is_measured_over_all_its_pieces(site: FakeSite) -> None:
    site.answers["/"] = answering(b"x" * 800, b"x" * 800)
    with pytest.raises(Broken):
        got(Origin(site.url(), MOST), site.url())


def test_an_answer_that_is_cut_off_is_no_answer(site: FakeSite) -> None:
    site.answers["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"
    with pytest.raises(Broken, match="cut off"):
        got(Origin(site.url(), MOST), site.url())


def test_compressed_answers_are_refused_and_their_connections_given_back(site: FakeSite) -> None:
    url = site.says("/", b"x", "Content-Encoding: gzip")
    plain = site.says("/plain", b"plain", "Content-Encoding: identity")

    async def scene(client: httpx2.AsyncClient) -> str:
        for _ in range(20):
            assert "compresses" in told(await client.get(url))
        return (await client.get(plain)).text

    assert talk(Origin(url, MOST), scene) == "plain"


def test_answers_nobody_reads_to_the_end_give_their_connections_back(site: FakeSite) -> None:
    url = site.says("/", b"x" * MOST)

    async def scene(client: httpx2.AsyncClient) -> int:
        for _ in range(20):
            async with client.stream("GET", url):
                pass
        return len((await client.get(url)).content)

    assert talk(Origin(url, MOST), scene) == MOST


def test_whoever_says_nothing_is_waited_for_as_long_as_asked(site: FakeSite) -> None:
    over = threading.Event()
    site.answers["/"] = lambda _stream: over.wait(LONG)  # type: ignore[assignment]
    try:
        answer = got(Origin(site.url(), MOST), site.url(), timeout=0.2)
    finally:
        over.set()
    assert told(answer) == "127.0.0.1 did not answer in time."


@pytest.mark.parametrize("octets", [b"", b"SSH-2.0-OpenSSH_9.0\r\n"])
def test_whoever_speaks_no_http_cannot_be_reached(site: FakeSite, octets: bytes) -> None:
    site.answers["/"] = octets
    answer = got(Origin(site.url(), MOST), site.url())
    assert told(answer) == "127.0.0.1 cannot be reached from here, or does not speak HTTP."


# --- connections --------------------------------------------------------------------------------------------


def test_twenty_connections_at_most_and_four_of_them_are_kept(site: FakeSite) -> None:
    held = Held()
    site.answers["/"] = held

    async def scene(client: httpx2.AsyncClient) -> list[bytes]:
        asking = [asyncio.create_task(client.get(site.url())) for _ in range(21)]
        await asyncio.to_thread(held.waits_for, "open", 20)
        # A moment in which one more would come.
        await asyncio.sleep(0.3)
        assert held.open == 20
        held.may_answer.set()
        answers = [(await each).content for each in asking]
        await asyncio.to_thread(held.waits_for, "closed", 16)
        await asyncio.sleep(0.1)
        assert held.open - held.closed == 4
        return answers

    assert talk(Origin(site.url(), MOST), scene) == [PIECE] * 21
    held.waits_for("closed", held.open)


def test_a_connection_nobody_uses_is_kept_for_a_minute(
    site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    held.may_answer.set()
    site.answers["/"] = held
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[-1])

    async def scene() -> list[int]:
        opened = []
        async with lasting.conversation(Origin(site.url(), MOST)) as client:
            for later in (0.0, 59.5, 60.5):
                now.append(now[-1] + later)
                await client.get(site.url())
                opened.append(held.open)
        return opened

    assert asyncio.run(scene()) == [1, 1, 2]
    held.waits_for("closed", 2)


@pytest.fixture
def leading(monkeypatch: pytest.MonkeyPatch) -> Leading:
    return Leading(monkeypatch)


@pytest.fixture
def secure(certificate: Certificate, trusting: Callable[[Path], None], leading: Leading) -> Any:
    context, written = certificate("secure.example")
    trusting(written)
    with fake_site(context) as site:
        leading.to = site.port
        site.says("/", b"safe")
        yield site


HOME = Origin("https://secure.example/", MOST)


def test_a_name_is_asked_once_and_an_address_it_stands_for_connected_to(
    secure: FakeSite, leading: Leading
) -> None:
    leading.names.answers = [[PUBLIC, "1.1.1.1"], ["127.0.0.1"]]
    assert got(HOME, HOME.url).text == "safe"
    assert (leading.names.asked, leading.connected) == (["secure.example"], [(PUBLIC, 443)])


def test_the_next_address_is_tried_when_one_does_not_answer(secure: FakeSite, leading: Leading) -> None:
    leading.names.answers, leading.dead = [["1.1.1.1", "8.8.8.8", PUBLIC]], {"1.1.1.1", "8.8.8.8"}
    assert got(HOME, HOME.url).text == "safe"
    assert [address for address, _ in leading.connected] == ["1.1.1.1", "8.8.8.8", PUBLIC]
    leading.dead = {"1.1.1.1", "8.8.8.8", PUBLIC}
    assert "cannot be reached" in told(got(HOME, HOME.url))


@pytest.mark.parametrize("addresses", [[], ["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1"]])
def test_names_that_stand_for_what_is_not_public_are_not_connected_to(
    secure: FakeSite, leading: Leading, addresses: list[str]
) -> None:
    leading.names.answers = [addresses]
    assert "cannot be reached" in told(got(HOME, HOME.url))
    assert leading.connected == []


def test_an_address_the_operator_listed_may_stand_for_anything(
    site: FakeSite, leading: Leading, settings: Settings
) -> None:
    settings.EGRESS_EXCEPTIONS = ["inside.example:8080"]
    leading.names.answers, leading.to = [["10.0.0.1"]], site.port
    site.says("/", b"inside")
    url = "http://inside.example:8080/"
    assert got(Origin(url, MOST), url).text == "inside"
    leading.names.answers = [[]]
    assert "cannot be reached" in told(got(Origin(url, MOST), url))


@pytest.mark.parametrize("peer", ["10.0.0.1", None])
def test_a_connection_that_ends_elsewhere_is_closed(
    secure: FakeSite, leading: Leading, peer: str | None
) -> None:
    leading.names.answers, leading.peer = [[PUBLIC]], peer
    assert "cannot be reached" in told(got(HOME, HOME.url))
    assert (leading.closed, secure.requests) == ([PUBLIC], [])


def test_a_certificate_that_does_not_fit_is_refused(secure: FakeSite, leading: Leading) -> None:
    leading.names.answers = [[PUBLIC]]
    assert "cannot be reached" in told(got(Origin("https://other.example/", MOST), "https://other.example/"))
    assert secure.requests == []


def test_a_name_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(lasting, "_CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [over.wait(LONG)][1:])

    async def scene(client: httpx2.AsyncClient) -> httpx2.Response:
        try:
            return await client.get(HOME.url)
        finally:
            over.set()

    assert "cannot be reached" in told(talk(HOME, scene))


def test_a_name_that_cannot_be_looked_up_stands_for_no_address(leading: Leading) -> None:
    leading.names.answers = [[]]
    assert asyncio.run(lasting._looked_up("nothing.example", 443)) == []


def test_sockets_of_this_machine_are_never_connected_to() -> None:
    with pytest.raises(Unreachable):
        asyncio.run(lasting._GuardedBackend().connect_unix_socket("/run/docker.sock"))
