"""HTTP as servers really speak it, down to the odd ones: the transport reads it or says what is wrong."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agents_app.providers import network
from agents_app.providers.transport import HIGH_WATER, MAX_HEADER_BYTES, Transport
from tools_app import bridge

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
            await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = running.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}/x"
    finally:
        running.close()


def client(tls: ssl.SSLContext | None = None, timeout: float = 2) -> httpx2.AsyncClient:
    transport = Transport(network.by_name, tls or network.tls())
    return httpx2.AsyncClient(transport=transport, timeout=timeout, trust_env=False)


async def request_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    return head + await reader.readexactly(length)


def saying(*parts: bytes, pause: float = 0.0) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return talk


def answer_to(talk: Talk) -> httpx2.Response:
    async def ask() -> httpx2.Response:
        async with server(talk) as url, client() as http:
            return await http.post(url, content=b"{}")

    return bridge.run(ask(), timeout=10)


@pytest.mark.parametrize(
    ("parts", "body"),
    [
        ([OK + b"content-length: 5\r\n\r\nhello"], b"hello"),
        ([OK + b"content-length: 0\r\n\r\n"], b""),
        ([CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"], b"hello"),
        ([CHUNKED, b"2;ext=1\r\nhe\r", b"\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"], b"hello"),
        ([bytes([byte]) for byte in CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"], b"hello"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", OK + b"content-length: 2\r\n\r\nhi"], b"hi"),
        ([b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK + b"content-length: 2\r\n\r\nhi"], b"hi"),
        ([b"HTTP/1.0 200 OK\r\n\r\nuntil the end"], b"until the end"),
        ([OK + b"connection: close\r\n\r\nuntil the end"], b"until the end"),
    ],
)
def test_bodies_are_read_however_they_are_framed(parts: list[bytes], body: bytes) -> None:
    response = answer_to(saying(*parts))
    assert (response.status_code, response.content) == (200, body)


@pytest.mark.parametrize(
    "parts",
    [
        [b""],
        [b"HTTP/1.1 200 OK\r\ncontent-le"],
        [OK + b"content-length: 50\r\n\r\nhello"],
        [CHUNKED + b"5\r\nhel"],
        [CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n"],
        [OK + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\nhello"],
        [OK + b"content-length: -1\r\n\r\n"],
        [b"SSH-2.0-OpenSSH\r\n\r\n"],
        [b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"],
        [OK + b"x: " + b"y" * (MAX_HEADER_BYTES + 10) + b"\r\n\r\n"],
    ],
)
def test_what_is_cut_or_contradicts_itself_is_an_error(parts: list[bytes]) -> None:
    with pytest.raises(httpx2.TransportError):
        answer_to(saying(*parts))


def test_silence_ends_in_a_timeout() -> None:
    async def ask() -> None:
        async with server(saying(CHUNKED, b"", pause=0.5)) as url, client(timeout=0.1) as http:
            await http.post(url, content=b"")

    with pytest.raises(httpx2.ReadTimeout):
        bridge.run(ask(), timeout=5)


def test_the_request_goes_out_whole() -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request_of(reader))
        writer.write(OK + b"content-length: 0\r\n\r\n")

    async def ask() -> None:
        async with server(talk) as url, client() as http:
            await http.post(url, content=b"a" * 300_000, params={"q": "ä b"}, headers={"X-One": "1"})

    bridge.run(ask(), timeout=10)
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith((b"POST /x?q=%C3%A4+b HTTP/1.1\r\n", b"POST /x?q=%C3%A4%20b HTTP/1.1\r\n"))
    assert b"\r\nX-One: 1" in head
    assert body == b"a" * 300_000


def test_a_connection_is_used_again_only_when_it_is_clean() -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for extra in (b"", b"", b"unasked for"):
            await request_of(reader)
            writer.write(OK + b"content-length: 2\r\n\r\nok" + extra)

    async def ask() -> list[bytes]:
        async with server(talk) as url, client() as http:
            contents = []
            for _ in range(4):
                contents.append((await http.post(url, content=b"{}")).content)
                await asyncio.sleep(0.02)
            return contents

    # Bytes nobody asked for would be taken for the next answer: that connection is not used again.
    assert bridge.run(ask(), timeout=10) == [b"ok"] * 4
    assert connections == 2


def test_a_body_left_unread_closes_the_connection() -> None:
    ended = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(CHUNKED + b"5\r\nhello\r\n")
        assert await reader.read() == b""
        ended.set()

    async def ask() -> None:
        async with server(talk) as url, client() as http:
            async with http.stream("POST", url, content=b"") as response:
                assert response.status_code == 200
            await asyncio.wait_for(ended.wait(), 1)

    bridge.run(ask(), timeout=5)


def test_a_slow_reader_makes_the_sender_wait() -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request_of(reader)
        writer.write(CHUNKED)
        for _ in range(600):
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()
            sent += 0x10000
        writer.write(b"0\r\n\r\n")

    async def ask() -> tuple[int, int]:
        async with server(talk) as url, client() as http, http.stream("POST", url, content=b"") as response:
            await asyncio.sleep(0.3)
            waiting = sent
            total = sum([len(chunk) async for chunk in response.aiter_bytes()])
            return waiting, total

    waiting, total = bridge.run(ask(), timeout=20)
    assert waiting < 30 * HIGH_WATER
    assert total == 600 * 0x10000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    made = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder


def test_tls_is_spoken_and_certificates_are_checked(certificate: Path) -> None:
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    knowing = ssl.create_default_context(cafile=str(certificate / "cert.pem"))

    async def ask(tls: ssl.SSLContext | None) -> bytes:
        async with server(saying(OK + b"content-length: 2\r\n\r\nok"), serving) as url, client(tls) as http:
            return (await http.post(url, content=b"{}")).content

    assert bridge.run(ask(knowing), timeout=10) == b"ok"
    with pytest.raises(httpx2.ConnectError):
        bridge.run(ask(None), timeout=10)


def test_a_header_with_a_line_break_is_not_sent() -> None:
    async def ask() -> None:
        async with client() as http:
            await http.post("http://127.0.0.1:9/", headers=[(b"x-a", b"1\r\nx-b: 2")], content=b"")

    with pytest.raises(httpx2.LocalProtocolError):
        bridge.run(ask(), timeout=5)
