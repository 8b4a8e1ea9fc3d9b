"""PDF files as small as they can be: real enough for any reader, and bent where a test wants them bent."""

from __future__ import annotations

import io
import zlib
from typing import Any

import pypdf
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, StreamObject


def of(*pages: str, title: str = "", password: str = "") -> bytes:
    writer = pypdf.PdfWriter()
    for text in pages:
        _add(writer, f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode("latin-1"))
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    return written(writer)


def bomb(megabytes: int) -> bytes:
    """A page of a few kilobytes that unpacks to many megabytes."""
    writer = pypdf.PdfWriter()
    packed: Any = StreamObject()
    packed._data = zlib.compress(b" " * (megabytes * 2**20), 9)
    packed[NameObject("/Filter")] = NameObject("/FlateDecode")
    _add(writer, b"")
    writer.pages[0][NameObject("/Contents")] = writer._add_object(packed)
    return written(writer)


def endless(operators: int) -> bytes:
    """A first page that is read at once, and one that takes minutes."""
    writer = pypdf.PdfWriter()
    _add(writer, b"BT /F1 12 Tf 72 700 Td (quick) Tj ET")
    _add(writer, b"BT /F1 12 Tf " + b"1 0 0 1 0 0 Tm (x) Tj q Q " * operators + b"ET")
    return written(writer)


def _add(writer: pypdf.PdfWriter, content: bytes) -> None:
    page = writer.add_blank_page(612, 792)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(content)
    page[NameObject("/Contents")] = writer._add_object(stream)


def written(writer: pypdf.PdfWriter) -> bytes:
    into = io.BytesIO()
    writer.write(into)
    return into.getvalue()
