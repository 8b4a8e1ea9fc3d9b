"""What the server says on a socket and what the browser listens to are the same list."""

import re
from pathlib import Path

from django.conf import settings

HANDLERS = Path(settings.BASE_DIR, "static", "js", "lib", "events.js")
TELLERS = (
    "consumers",
    "receivers",
    "answering/listening",
    "costs/gauge",
    "live/pieces",
    "live/stream",
    "live/switched",
)
# Sent by the consumer itself, for the connection and not for the thread.
OF_THE_CONNECTION = {"pong"}
# Part of the agreed protocol, sent where a step has a number but nothing to show.
RESERVED = {"tick"}


def test_every_event_has_a_handler_and_every_handler_an_event() -> None:
    handled = set(re.findall(r"^  (\w+): \(", HANDLERS.read_text(), re.MULTILINE))
    sent: set[str] = set()
    for teller in TELLERS:
        source = Path(settings.BASE_DIR, "agents_app", f"{teller}.py").read_text()
        sent |= set(re.findall(r'\{"type": ?"(\w+)"', source))
    assert sent - OF_THE_CONNECTION == handled - RESERVED
