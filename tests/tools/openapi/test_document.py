"""A document is read strictly: what is hostile, broken or ambiguous is refused with a sentence that says why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tools.openapi.documents import OK, document
from tools_app.openapi import document as documents
from tools_app.openapi import operations, proposals
from tools_app.openapi.problems import InvalidDocument
from tools_app.openapi.proposals import Choices

SOUND = json.dumps(document({"/a": {"get": OK}})).encode()
YAML = b"openapi: 3.0.3\ninfo: {title: Shop, version: 1}\npaths:\n  /a:\n    get: {responses: {200: {}}}\n"


def refused(octets: bytes) -> str:
    with pytest.raises(InvalidDocument) as wrong:
        operations.read(octets)
    return wrong.value.message


def bomb(levels: int) -> bytes:
    lines = ['a0: &a0 ["x", "x", "x", "x", "x", "x", "x", "x", "x"]']
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (SOUND[:-1], "not valid JSON: .* line 1"),
        (SOUND.replace(b"Shop", b"Sh\x00op"), "binary"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "binary"),
        (b"PK\x03\x04\xff\xfe", "not UTF-8"),
        (SOUND.replace(b"Shop", b"Sh\xffop"), "not UTF-8: the byte at position"),
        (SOUND.decode().encode("utf-16"), "binary"),
        (b'{"openapi": "3.1.0", "openapi": "3.0.0"}', "'openapi' stands twice"),
        (b'{"openapi": NaN}', "NaN"),
        (b'{"openapi": ' + b"1" * 5_000 + b"}", "not valid JSON"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested deeper"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "nested deeper"),
        (b"[" * 10_000 + b"]" * 10_000, "nested deeper"),
        (b"- " * 10_000, "nested deeper"),
        (b"[1, 2]", "is an object"),
        (b"just words", "is an object"),
        (bomb(9), "with its aliases it stands for more than"),
        (b"a: &a [*a]", r"\*a names nothing"),
        (b"a: *b", r"\*b names nothing"),
        (b"a: 1\na: 2", "'a' stands twice .* line 2"),
        (b"? [a]\n: 1", "a name must be a text"),
        (b"a: 1\n--- \nb: 2", "more than one document"),
        (b"a: [1, 2", "not valid YAML: .* line"),
        (b"a: !!python/object/apply:os.system ['true']", "no OpenAPI description"),
        (b"<<: [1]", "takes objects"),
        (b'{"swagger": "2.0"}', "Swagger 2.0.* Convert it"),
        (b'{"openapi": "4.0.0"}', "OpenAPI 4.0.0 is not known"),
        (b'{"info": {}}', "no OpenAPI description"),
        (b'{"openapi": "3.1.0", "paths": []}', "not an object"),
        (b'{"openapi": "3.1.0"}', "no operation"),
        (b'{"openapi": "3.1.0", "webhooks": {"a": {}}}', "webhooks"),
    ],
)
def test_what_cannot_be_read_is_said(octets: bytes, told: str) -> None:
    with pytest.raises(InvalidDocument, match=told):
        operations.read(octets)


def test_what_is_too_large_is_not_even_looked_at() -> None:
    assert "at most" in refused(b" " * (documents.MAX_BYTES + 1))


def test_ten_megabytes_of_anything_else_end_soon() -> None:
    assert "no OpenAPI description" in refused(b'{"a": "' + b"x" * 10_000_000 + b'"}')
    assert "with its aliases" in refused(b"a: &a [" + b"1," * 700_000 + b"1]\nb: [*a, *a, *a, *a]\nc: [*a]\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("2026-01-02", "2026-01-02"),
        ("0o7", "0o7"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("'1'", "1"),
        ("1", 1),
        ("-0.5e3", -500.0),
        ("1.", 1.0),
        ("true", True),
        ("~", None),
        ("", None),
        ("|\n    1\n", "1\n"),
    ],
)
def test_words_of_yaml_mean_what_json_means(text: str, value: Any) -> None:
    found = documents.read(f"a: {text}\n200: b\n".encode())
    assert found == {"a": value, "200": "b"}
    assert type(found["a"]) is type(value)


@pytest.mark.parametrize("line", ["- *a", "- {*a : 1}"])
def test_a_long_text_counts_wherever_an_alias_puts_it(line: str) -> None:
    """Two megabytes would stand for two hundred gigabytes as soon as somebody wrote them down as JSON."""
    bomb = f"a: &a {'x' * 1_000_000}\ntools:\n" + f"{line}\n" * 1_000
    assert "with its aliases" in refused(bomb.encode())


def test_a_name_that_stands_twice_is_found_in_good_time() -> None:
    names = ",".join(f'"n{number}":1' for number in range(200_000))
    assert "'n199999' stands twice" in refused(f'{{{names},"n199999":1}}'.encode())


def test_aliases_and_merges_are_understood() -> None:
    text = "base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nlist: {<<: [*b, {z: 4}]}\n"
    text += "key: &k name\nmap: {*k : 1}\nagain: *b\n"
    found = documents.read(text.encode())
    assert found["use"] == {"x": 1, "y": 3}
    assert found["list"] == {"x": 1, "y": 2, "z": 4}
    assert (found["map"], found["again"]) == ({"name": 1}, {"x": 1, "y": 2})


def test_both_forms_are_one() -> None:
    for octets in (YAML, b"\xef\xbb\xbf" + YAML, SOUND):
        assert [each.key for each in operations.read(octets).operations] == ["GET /a"]


def test_parts_that_double_at_each_step_end_soon() -> None:
    parts = {f"P{n}": {"allOf": [{"$ref": f"#/components/schemas/P{n + 1}"}] * 2} for n in range(18)}
    body = {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/P0"}}}}}
    told = json.dumps(document({"/a": {"post": body}}, components={"schemas": {**parts, "P18": {}}}))
    found = operations.read(told.encode())
    assert "more than" in found.skipped[0].why


def test_thousands_of_one_name_end_soon() -> None:
    told = json.dumps(document({f"/a{n}": {"get": {"operationId": "same"}} for n in range(3_000)}))
    found = operations.read(told.encode())
    names = proposals.names(found, Choices(), {"same", "same_7"})
    assert len(set(names.values())) == 3_000


def test_a_part_that_is_referred_to_by_thousands_ends_soon() -> None:
    wide = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(300)}}
    body = {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/W"}}}}}
    paths = {f"/a{n}": {"post": {**OK, **body}} for n in range(20)}
    octets = json.dumps(document(paths, components={"schemas": {"W": wide}})).encode()
    found = operations.read(octets, most=3_000)
    assert 0 < len(found.operations) < 10
    assert len(found.operations) + len(found.skipped) == 20
    assert "too often" in found.skipped[-1].why
