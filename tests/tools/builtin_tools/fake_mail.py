"""A mail server that speaks real SMTP and keeps what it is given; some mailboxes it does not know."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


@dataclass
class FakeMail:
    listener: socket.socket
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    # What it answers to DATA's end instead of taking the message.
    verdict: str = "250 taken"

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def message(self) -> EmailMessage:
        (octets,) = self.received
        found: Any = message_from_bytes(octets.replace(b"\r\n", b"\n"), policy=policy.default)
        return found  # type: ignore[no-any-return]

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._talk, args=(self.listener.accept()[0],), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rwb") as stream:
            self._say(stream, "220 fake.example ready")
            for line in stream:
                verb = line.decode().strip()
                word = verb.split(" ")[0].upper()
                if word == "DATA":
                    self._say(stream, "354 go on")
                    self.received.append(self._data(stream))
                    self._say(stream, self.verdict)
                elif word == "QUIT":
                    self._say(stream, "221 bye")
                    return
                else:
                    self._say(stream, self._answer(word, verb))

    def _answer(self, word: str, line: str) -> str:
        address = line.partition("<")[2].partition(">")[0]
        if word == "MAIL":
            self.sender = address
        elif word == "RCPT":
            if address.startswith("nobody"):
                return "550 no such mailbox"
            self.recipients.append(address)
        return "250 fake.example"

    @staticmethod
    def _data(stream: Any) -> bytes:
        lines = []
        for line in stream:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    @staticmethod
    def _say(stream: Any, text: str) -> None:
        stream.write(f"{text}\r\n".encode())
        stream.flush()


@contextmanager
def fake_mail() -> Iterator[FakeMail]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = FakeMail(listener)
        threading.Thread(target=server.serve, daemon=True).start()
        yield server
