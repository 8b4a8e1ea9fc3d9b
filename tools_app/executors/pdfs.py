"""The text of a PDF, read by a process of its own with little memory and time: a hostile file ends that alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final

from tools_app.exceptions import ToolFailed

_CHILD: Final = Path(__file__).with_name("pdf_child.py")
MAX_BYTES: Final = 16 * 2**20
MAX_PAGES: Final = 500
_MEGABYTES: Final = 768
_SECONDS: Final = 20
# A worker has many threads and few cores: the others wait their turn.
_places: Final = BoundedSemaphore(2)


class UnreadablePdf(ToolFailed):
    """This PDF cannot be read."""

    code = "unreadable_pdf"


@dataclass(frozen=True, slots=True)
class Pdf:
    """The text of its pages from the first one on; `is_whole` is false where a limit ended the reading."""

    pages: int
    title: str = ""
    texts: tuple[str, ...] = field(default=(), repr=False)
    is_whole: bool = True


def read(octets: bytes, *, characters: int, pages: int = MAX_PAGES, seconds: int = _SECONDS) -> Pdf:
    """Read pages until so many characters are there. Raises UnreadablePdf with a sentence for the model."""
    if len(octets) > MAX_BYTES:
        raise UnreadablePdf(f"The PDF has more than {MAX_BYTES // 2**20} MB, which is too much to be read.")
    told = _told(octets, [_MEGABYTES, seconds, pages, characters], seconds)
    head = told[0] if told else {}
    if head.get("problem") == "encrypted":
        raise UnreadablePdf("The PDF is protected by a password.")
    if "pages" not in head:
        raise UnreadablePdf("The PDF is damaged, or takes too much time or memory to be read.")
    texts = tuple(str(line["text"]) for line in told if "text" in line)
    return Pdf(int(head["pages"]), str(head["title"]), texts, is_whole=bool(told[-1].get("end")))


def _told(octets: bytes, limits: list[int], seconds: int) -> list[dict[str, Any]]:
    # Isolated: nothing of the environment, of the working folder or of a person's own packages is in it.
    command = [sys.executable, "-I", str(_CHILD), *map(str, limits)]
    with (
        _places,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        ) as child,
    ):
        try:
            said, _ = child.communicate(octets, timeout=seconds + 5)
        except subprocess.TimeoutExpired:
            child.kill()
            said, _ = child.communicate()
    return list(_lines(said))


def _lines(said: bytes) -> list[dict[str, Any]]:
    """Whole lines alone: an end by force may have cut the last one."""
    lines = said.decode("utf-8", "replace").split("\n")[:-1]
    return [json.loads(line) for line in lines if line]
