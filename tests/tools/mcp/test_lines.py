"""Lines of bounded length, launchers the operator lists, and names made of what servers say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tools_app.cataloging import alike
from tools_app.exceptions import Misconfigured
from tools_app.executors.mcp import launchers
from tools_app.executors.mcp.lines import Lines, TooLong, id_of
from tools_app.mcp import adoption
from tools_app.schema import foreign_schemas


@given(some.lists(some.binary(max_size=40), max_size=12), some.integers(1, 9))
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], size: int) -> None:
    plain = [line.replace(b"\n", b"") for line in lines]
    stream, reader = b"".join(line + b"\n" for line in plain), Lines(1_000)
    found = [line for at in range(0, len(stream), size) for line in reader.feed(stream[at : at + size])]
    assert found == plain


def test_of_a_line_too_long_both_ends_are_kept_and_the_next_is_whole() -> None:
    reader = Lines(2_000)
    long = b'{"jsonrpc":"2.0","id":7,' + b"x" * 10_000 + b"}"
    found = [line for at in range(0, len(long), 100) for line in reader.feed(long[at : at + 100])]
    assert found == []
    first, second = reader.feed(b"\nnext\n")
    assert isinstance(first, TooLong)
    assert (id_of(first), second) == (7, b"next")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (b'{"jsonrpc":"2.0","id":12,"result":', 12),
        (b'{"jsonrpc": "2.0", "id": "a-1", "result": \xff}', "a-1"),
        (b'{"id":3,"jsonrpc":"2.0","result":{"deep', 3),
        (b'{"result":{"x":1},"jsonrpc":"2.0","id":9}', 9),
        (b'{"method":"x"}', None),
        (b"\x00\xff", None),
    ],
)
def test_an_unreadable_answer_may_still_say_whose_it_is(line: bytes, meant: Any) -> None:
    assert id_of(line) == meant


@pytest.mark.parametrize(
    "text",
    [
        "not toml [",
        '[x]\nprogram = "relative"',
        '[x]\nprogram = "/bin/true"\nshell = true',
        '[x]\nprogram = "/bin/true"\narguments = "-c"',
        '[x]\nprogram = "/bin/true"\nenvironment = ["LD_PRELOAD"]',
        '[x]\nprogram = "/bin/true"\nenvironment = ["NODE_OPTIONS"]',
        '[x]\nprogram = "/bin/true"\nenvironment = ["SECRETS_KEY"]',
        '["a b"]\nprogram = "/bin/true"',
        "x = 1",
    ],
)
def test_a_file_of_launchers_that_is_wrong_is_told_to_the_operator(
    text: str, tmp_path: Path, settings: Any
) -> None:
    settings.MCP_LAUNCHERS = str(tmp_path / "launchers.toml")
    assert launchers.known() == {}
    (tmp_path / "launchers.toml").write_text(text)
    with pytest.raises(Misconfigured):
        launchers.known()


def test_the_file_may_be_json_and_passes_on_named_variables_only(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MCP_LAUNCHERS = str(tmp_path / "launchers.json")
    (tmp_path / "launchers.json").write_text(
        '{"x": {"program": "/bin/true", "environment": ["MINE", "ABSENT"]}}'
    )
    monkeypatch.setenv("MINE", "yes")
    found = launchers.known()["x"]
    given = found.variables("/home")
    assert (given["MINE"], given["HOME"], "ABSENT" in given) == ("yes", "/home", False)
    other = launchers.Launcher("x", "/bin/true", ("-x",), ("MINE", "ABSENT"))
    assert found.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("wire", "name"),
    [("getUser", "p_get_user"), ("GET_user", "p_get_user"), ("a.b c", "p_a_b_c"), ("x" * 80, None)],
)
def test_names_are_made_legal(wire: str, name: str | None) -> None:
    found = adoption.name_for(wire, "p", {})
    assert isinstance(found, str)
    assert found == (name or found)
    assert len(found) <= 64


def test_a_name_that_looks_like_another_is_left_out() -> None:
    found = adoption.name_for("mai1", "p", {"p_mail": alike.skeleton("p_mail")})
    assert isinstance(found, adoption.LeftOut)
    assert "looks like p_mail" in found.why


@pytest.mark.parametrize("schema", [None, [], {"type": "array"}, {"type": "object", "properties": []}])
def test_what_is_no_schema_of_parameters_is_unfit(schema: Any) -> None:
    with pytest.raises(foreign_schemas.Unfit):
        foreign_schemas.adopted(schema)


def test_what_models_do_not_take_at_the_top_is_left_out_and_told() -> None:
    found = foreign_schemas.adopted(
        {"type": "object", "anyOf": [{}], "properties": {"a": {"type": "string"}}}
    )
    assert found.schema == {"type": "object", "properties": {"a": {"type": "string"}}}
    assert found.remarks == ("anyOf at the top level is left out",)
