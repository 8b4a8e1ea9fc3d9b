"""Pure: what a file is by its content, which name of it is safe, and how a model is told of it."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

LONGEST: Final = 100
LOOKED_AT: Final = 4_096
_MAGIC: Final = (
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\x1f\x8b", "application/gzip"),
)
_ZIPPED: Final = (
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
)
# Text says of itself only that it is text: these endings say which.
_TEXTS: Final = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "ndjson": "application/x-ndjson",
    "md": "text/markdown",
}
_NOT_IN_NAMES: Final = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')


def sniffed(start: bytes, name: str) -> str:
    """By how it begins; what somebody says about it decides only among kinds of text."""
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    if start.startswith(b"PK\x03\x04"):
        return next((kind for part, kind in _ZIPPED if part in start), "application/zip")
    if not _is_text(start):
        return "application/octet-stream"
    return _TEXTS.get(name.rpartition(".")[2].lower(), "text/plain")


def _is_text(start: bytes) -> bool:
    if b"\x00" in start:
        return False
    try:
        # A character may be cut at the end of what was looked at.
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def safe_name(given: str) -> str:
    """The last part of what was given, without what hides, reorders, or means something to a file system."""
    last = re.split(r"[/\\]", given)[-1]
    shown = "".join(
        letter for letter in unicodedata.normalize("NFC", last) if unicodedata.category(letter)[0] != "C"
    )
    plain = " ".join(_NOT_IN_NAMES.sub("_", shown).split()).lstrip(".").strip()
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 10:
        stem, ending = plain, ""
    # Bytes count for a file system, and a name may be of letters that take four.
    kept = stem.encode()[: LONGEST - len(ending.encode()) - 1].decode(errors="ignore").rstrip(" .")
    return f"{kept or 'file'}.{ending}" if ending else kept or "file"


def numbered(name: str, number: int) -> str:
    """The same name once more: sales.csv becomes sales (2).csv."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem} ({number}).{ending}" if dot else f"{name} ({number})"


def told(text: str, files: Iterable[Mapping[str, Any]]) -> str:
    """A message as the model reads it: what was written, and what came along."""
    named = ", ".join(f"{file['name']} ({size_text(int(file['size']))})" for file in files)
    return f"{text}\n\n[Attached: {named}. In the sandbox: attachments/]" if named else text


def size_text(count: int) -> str:
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
