"""Beneath the guarded client, asked directly: deadlines, sockets and name servers."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpcore2
import pytest

from tests.tools.executors.conftest import Certificate
from tests.tools.executors.fake_names import PUBLIC, Resolver
from tools_app.executors.network import backend
from tools_app.executors.network.backend import Deadline, GuardedBackend, GuardedStream, Unreachable

LONG = 30.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the time is: its last entry."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[-1])
    return now


def guarded(*, excepted: bool = False) -> GuardedBackend:
    return GuardedBackend(Deadline(LONG), excepted=excepted, head_bytes=100)


def test_the_last_moment_of_a_deadline_is_too_late(clock: list[float]) -> None:
    deadline = Deadline(5.0)
    clock.append(104.5)
    assert deadline.left() == 0.5
    clock.append(105.0)
    with pytest.raises(httpcore2.ReadTimeout):
        deadline.left()


def test_the_operator_reads_what_a_refused_name_stands_for(
    resolver: Resolver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=backend.__name__)
    for answer, told in ((["10.0.0.1"], "name.example stands for ['10.0.0.1']"), ([], "stands for nothing")):
        resolver.answers = [answer]
        with pytest.raises(Unreachable):
            guarded().connect_tcp("name.example", 443)
        assert caplog.messages[-1].endswith(told)
    assert resolver.connected == []


def test_who_watches_is_asked_before_anything_is_connected(resolver: Resolver) -> None:
    resolver.answers = [[PUBLIC, "1.1.1.1"]]
    watched, seen = guarded(), []

    def refuses(addresses: Any) -> None:
        seen.append(list(addresses))
        raise LookupError

    watched.reaches = refuses
    with pytest.raises(LookupError):
        watched.connect_tcp("name.example", 443)
    assert (seen, resolver.connected) == ([[PUBLIC, "1.1.1.1"]], [])


def test_sockets_of_this_machine_are_never_connected_to() -> None:
    with pytest.raises(Unreachable):
        guarded(excepted=True).connect_unix_socket("/run/docker.sock")


def test_so_many_bytes_may_come_before_the_headers_end_and_no_more(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, far = pair
    stream = GuardedStream(near, Deadline(LONG), head_bytes=10)
    far.sendall(b"0123456789a")
    assert stream.read(10) == b"0123456789"
    with pytest.raises(httpcore2.RemoteProtocolError, match="too large"):
        stream.read(10)
    stream.head_left = None
    far.sendall(b"b" * 20)
    assert stream.read(20) == b"b" * 20


def test_a_read_waits_no_longer_than_what_is_left(pair: tuple[socket.socket, socket.socket]) -> None:
    stream = GuardedStream(pair[0], Deadline(0.1), head_bytes=10)
    # As if the connection had been made with all the time there is.
    pair[0].settimeout(20.0)
    began = time.monotonic()
    with pytest.raises(httpcore2.ReadTimeout):
        stream.read(10)
    assert time.monotonic() - began < 15


def test_all_is_written_however_little_is_taken_at_a_time(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    sent, received = bytes(range(256)) * 2_000, bytearray()

    def taking() -> None:
        while piece := far.recv(3_000):
            received.extend(piece)

    taker = threading.Thread(target=taking)
    taker.start()
    GuardedStream(near, Deadline(LONG), head_bytes=10).write(sent)
    near.shutdown(socket.SHUT_WR)
    taker.join(LONG)
    assert bytes(received) == sent


def test_what_is_known_of_a_connection(
    pair: tuple[socket.socket, socket.socket], certificate: Certificate
) -> None:
    near, far = pair
    serving, written = certificate("secure.example")
    asked: list[str | None] = []
    serving.sni_callback = lambda _stream, name, _context: asked.append(name)
    stream = GuardedStream(near, Deadline(LONG), head_bytes=10)
    assert (stream.get_extra_info("ssl_object"), stream.get_extra_info("socket")) == (None, None)
    server = threading.Thread(target=lambda: serving.wrap_socket(far, server_side=True).close())
    server.start()
    assert stream.start_tls(trusted(written), "secure.example") is stream
    server.join(LONG)
    secured = stream.get_extra_info("ssl_object")
    assert isinstance(secured, ssl.SSLSocket)
    assert (secured.server_hostname, asked) == ("secure.example", ["secure.example"])
    assert stream.get_extra_info("socket") is None
    stream.close()
    assert secured.fileno() == -1


def test_a_connection_that_cannot_be_secured_is_closed(
    pair: tuple[socket.socket, socket.socket], certificate: Certificate
) -> None:
    near, far = pair
    far.sendall(b"no encryption here\r\n")
    stream = GuardedStream(near, Deadline(LONG), head_bytes=10)
    with pytest.raises(httpcore2.ConnectError):
        stream.start_tls(trusted(certificate("secure.example")[1]), "secure.example")
    assert near.fileno() == -1


def test_a_connection_there_is_no_time_left_to_secure_is_closed(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    with pytest.raises(httpcore2.TimeoutException):
        GuardedStream(pair[0], Deadline(0.0), head_bytes=10).start_tls(ssl.create_default_context())
    assert pair[0].fileno() == -1


def trusted(written: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(written))


def test_a_name_server_that_hangs_keeps_no_process_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    over, asked = threading.Event(), threading.Event()

    def hanging(*_: Any, **__: Any) -> list[Any]:
        asked.set()
        over.wait(LONG)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    try:
        with pytest.raises(httpcore2.ConnectTimeout):
            backend.resolve("slow.example", 443, Deadline(0.2))
        assert asked.wait(LONG)
        waiting = [each for each in threading.enumerate() if each.name == "resolve"]
        assert waiting
        assert all(each.daemon for each in waiting)
    finally:
        over.set()


def test_a_name_that_cannot_be_looked_up_stands_for_no_address(resolver: Resolver) -> None:
    resolver.answers = [[]]
    assert backend.resolve("nothing.example", 443, Deadline(LONG)) == []


def test_an_address_that_is_told_twice_is_one(resolver: Resolver) -> None:
    resolver.answers = [[PUBLIC, "1.1.1.1", PUBLIC]]
    assert backend.resolve("twice.example", 443, Deadline(LONG)) == [PUBLIC, "1.1.1.1"]


def test_no_address_is_waited_for_beyond_its_share_or_the_deadline(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    waits: list[float] = []

    def late(address: str, port: int, seconds: float) -> socket.socket:
        waits.append(seconds)
        clock.append(clock[-1] + seconds)
        raise TimeoutError

    monkeypatch.setattr(backend, "_connected", late)
    with pytest.raises(httpcore2.ConnectTimeout):
        backend.connect([PUBLIC, "1.1.1.1"], 443, Deadline(8.0))
    assert waits == [5.0, 3.0]


def test_a_connection_is_tried_for_as_long_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float | None] = []

    def noted(self: socket.socket, _address: object) -> None:
        seen.append(self.gettimeout())
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", noted)
    with pytest.raises(ConnectionRefusedError):
        backend._connected(PUBLIC, 443, 1.5)
    assert seen == [1.5]


@pytest.mark.parametrize(("address", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_small_pieces_are_sent_at_once(address: str, family: socket.AddressFamily) -> None:
    try:
        listener = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip("this machine does not know such addresses")
    with listener, backend._connected(address, listener.getsockname()[1], 5.0) as connection:
        assert connection.family == family
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
