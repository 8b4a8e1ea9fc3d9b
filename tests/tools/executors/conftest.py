"""Sites that tools may reach because the operator listed them, and certificates made on the spot."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from tests.tools.executors.fake_names import Resolver
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app.executors import network

Certificate = Callable[[str], tuple[ssl.SSLContext, Path]]


@pytest.fixture
def site(settings: Settings) -> Iterator[FakeSite]:
    with fake_site() as found:
        settings.EGRESS_EXCEPTIONS = [found.endpoint]
        yield found


@pytest.fixture
def other(site: FakeSite, settings: Settings) -> Iterator[FakeSite]:
    with fake_site() as found:
        settings.EGRESS_EXCEPTIONS = [site.endpoint, found.endpoint]
        yield found


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """Make a server certificate for a name or address; returns the server's context and the file to trust."""

    def make(name: str) -> tuple[ssl.SSLContext, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        written, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        written.write_bytes(_signed(name, key).public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(written, secret)
        return context, written

    return make


def _signed(name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    alternative: x509.GeneralName = (
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    found = Resolver()
    connect, getpeername = socket.socket.connect, socket.socket.getpeername
    disguised: dict[int, str] = {}

    def connected(self: socket.socket, address: tuple[str, int]) -> None:
        found.connected.append(address)
        if found.leads_to is None or address[0] in found.dead:
            raise ConnectionRefusedError
        connect(self, ("127.0.0.1", found.leads_to))
        disguised[self.fileno()] = address[0]

    def peer(self: socket.socket) -> Any:
        real = getpeername(self)
        return (disguised.get(self.fileno(), real[0]), real[1]) if found.disguises else real

    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connected)
    monkeypatch.setattr(socket.socket, "getpeername", peer)
    return found


@pytest.fixture
def trusting(settings: Settings) -> Any:
    """Trust a certificate as an operator would, and forget it afterwards."""

    def trust(written: Path) -> None:
        settings.EGRESS_CA_FILE = str(written)
        network.client.tls.cache_clear()

    yield trust
    network.client.tls.cache_clear()
