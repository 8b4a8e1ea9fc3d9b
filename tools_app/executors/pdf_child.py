"""Reads the text of a PDF that nobody trusts: run as a program of its own, which is ended when it takes too long.

Not imported by the house. The file comes on standard input; a line of JSON per page goes out, so that what was read
before an end by force is not lost. It limits itself before it looks at the first byte.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from typing import Any


def main(megabytes: int, seconds: int, pages: int, characters: int) -> None:
    _limit(megabytes, seconds)
    # Imported here: beneath the limits, and nowhere else.
    import io

    import pypdf

    logging.disable()
    try:
        reader = pypdf.PdfReader(io.BytesIO(sys.stdin.buffer.read()))
        if reader.is_encrypted and not reader.decrypt(""):
            _say(problem="encrypted")
            return
        count = len(reader.pages)
        _say(pages=count, title=_title(reader))
    except Exception:  # noqa: BLE001 - a hostile file may make it raise anything
        _say(problem="broken")
        return
    _pages(reader, min(count, pages), characters)
    if count <= pages:
        _say(end=True)


def _pages(reader: Any, count: int, characters: int) -> None:
    for number in range(count):
        text = _text(reader, number)
        _say(page=number + 1, text=text[:characters])
        characters -= len(text)
        if characters <= 0:
            sys.exit()


def _limit(megabytes: int, seconds: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, megabytes * 2**20),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _title(reader: Any) -> str:
    try:
        return str((reader.metadata and reader.metadata.title) or "")[:500]
    except Exception:  # noqa: BLE001 - the title is not worth the text
        return ""


def _text(reader: Any, number: int) -> str:
    """A page that cannot be read is an empty one; the others still count."""
    try:
        return str(reader.pages[number].extract_text())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a hostile page may make it raise anything
        return ""


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
