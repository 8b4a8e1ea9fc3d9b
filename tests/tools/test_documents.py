"""Files of tools and catalogs: what is read, where each part stands, and what is refused before anything is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools_app import documents
from tools_app.documents import lines
from tools_app.exceptions import InvalidCatalog

PARTS = "mcp_servers, organizations, personas, rules, secrets, toolroom, tools"
TOOL = """\
# Weather
name: weather
description: Tells the weather.   # in a city
input_schema:
  type: object
  properties:
    city: {type: string, description: "no: it is a name"}
"""


def problems(text: str | bytes, name: str = "tools.yaml") -> list[str]:
    with pytest.raises(InvalidCatalog) as refused:
        documents.read(text if isinstance(text, bytes) else text.encode(), name)
    return list(refused.value.problems)


def test_a_file_is_one_tool_a_list_or_a_catalog() -> None:
    one = documents.read(TOOL.encode(), "one.yaml")
    assert [item.name for item in one.tools] == ["weather"]
    assert str(one.tools[0].at) == "one.yaml:2 /tools/0"
    assert str(one.tools[0].at.below("input_schema", "properties", "city")) == (
        "one.yaml:7 /tools/0/input_schema/properties/city"
    )
    listed = documents.read(b"- {name: a}\n- name: b\n  description: x\n", "list.yaml")
    assert [(item.name, item.at.line) for item in listed.tools] == [("a", 1), ("b", 2)]
    assert listed.tools[1].at.below("description").line == 3
    whole = documents.read(
        b"toolroom: 1\norganizations: [acme]\ntools: []\npersonas:\n- name: p\nsecrets:\n- name: s\n",
        "c.yaml",
    )
    assert (whole.organizations, [each.name for each in (*whole.personas, *whole.secrets)]) == (
        ("acme",),
        ["p", "s"],
    )


def test_json_is_read_as_json_and_has_lines_too() -> None:
    text = '{"tools": [\n\t{"name": "a",\n\t "description": "\\ud83d\\ude00"}\n]}'
    (tool,) = documents.read(text.encode(), "a.json").tools
    assert (tool.fields["description"], tool.at.line, tool.at.below("description").line) == ("😀", 2, 3)


def test_words_stay_words() -> None:
    """YAML 1.1 reads some of these as booleans, dates and numbers to the base of sixty."""
    text = "name: a\ntags: [no, on, 2026-01-01, 12:30, 0x1F, 1_000, 007]\nrate_limit: 5\nenabled: false\nicon: ~\n"
    (tool,) = documents.read(text.encode(), "a.yaml").tools
    assert tool.fields["tags"] == ["no", "on", "2026-01-01", "12:30", "0x1F", "1_000", "007"]
    assert (tool.fields["rate_limit"], tool.fields["enabled"], tool.fields["icon"]) == (5, False, None)


def test_every_problem_is_told_with_its_place() -> None:
    text = "tools:\n- description: x\n- name: a\n- 7\n- name: a\n- name: [b]\npersonas: {}\ntool: []\n"
    assert problems(text) == [f"tools.yaml:8 /tool: a catalog has no such part; it has: {PARTS}."]
    assert problems(text.replace("tool: []\n", "")) == [
        "tools.yaml:2 /tools/0: a name is missing, or is no text.",
        "tools.yaml:4 /tools/2: this must be an object with a name.",
        "tools.yaml:6 /tools/4: a name is missing, or is no text.",
        "tools.yaml:5 /tools/3: the name 'a' stands at tools.yaml:3 /tools/1 already.",
        "tools.yaml:7 /personas: this must be a list.",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "empty"),
        (b"just words", "neither a tool"),
        (b"toolroom: 2\ntools: []\n", "this version reads format 1"),
        (b"toolroom: true\ntools: []\n", "this version reads format 1"),
        (b"organizations: acme\ntools: []\n", "list of slugs"),
        (b"name: a\nname: b\n", "stands twice"),
        (b"a: [\n", "not valid YAML"),
        (b"a: 1\n---\nb: 2\n", "more than one document"),
        (b"name: a\x00b\n", "binary"),
        (b"name: \xff\xfe\n", "not UTF-8"),
        (b"[" * 10_000, "nested deeper"),
        (b"- " * 10_000 + b"a", "nested deeper"),
        (b'{"a": ' * 10_000, "nested deeper"),
        (b'{"tools": [], "tools": []}', "stands twice"),
        (b'{"tools": NaN}', "NaN"),
        (b'{"tools": 1' + b"0" * 5_000 + b"}", "not valid JSON"),
        (b"x" * (documents.MAX_BYTES + 1), "at most"),
        (
            b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + b"".join(
                b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 10)) for n in range(9)
            ),
            "stands for more than",
        ),
        (b"a: &a [*a]\n", "names nothing"),
        (b'name: "a\\0b"\n', "cannot be stored"),
        (b'{"name": "a", "tags": [{"\\u0000": 1}]}', "/tools/0/tags/0: the name"),
        (b'{"name": "a", "description": "\\ud800"}', "/tools/0/description: this text"),
        (b"? [a, b]\n: c\n", "must be a text"),
    ],
    ids=lambda value: repr(value[:16]) if isinstance(value, bytes) else "",
)
def test_hostile_and_broken_files_are_refused(text: bytes, told: str) -> None:
    (said,) = problems(text)
    assert told in said
    assert said.startswith("tools.yaml")


def test_tags_make_nothing() -> None:
    """A tag that would build an object elsewhere is a plain value here."""
    text = b"name: !!python/object/apply:os.system [exit]\n"
    assert "no text" in problems(b"tools:\n- " + text)[0]
    (tool,) = documents.read(b"name: a\ntags: !!python/tuple [x]\n", "a.yaml").tools
    assert tool.fields["tags"] == ["x"]


def test_files_and_folders_are_read_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("name: b\n")
    (tmp_path / "a.json").write_text(json.dumps({"name": "a"}))
    (tmp_path / "notes.txt").write_text("not one")
    paths = documents.paths_of([tmp_path])
    assert [path.name for path in paths] == ["a.json", "b.yaml"]
    found = documents.read_files(paths)
    assert [item.name for item in documents.joined(found).tools] == ["a", "b"]
    (tmp_path / "c.yml").write_text("name: [\n")
    with pytest.raises(InvalidCatalog) as refused:
        documents.read_files([*documents.paths_of([tmp_path]), tmp_path / "gone.yaml"])
    assert [each.partition(":")[0].rpartition("/")[2] for each in refused.value.problems] == [
        "c.yml",
        "gone.yaml",
    ]


def test_two_files_must_not_name_one_tool() -> None:
    one, other = (documents.read(b"name: a\n", name) for name in ("one.yaml", "other.yaml"))
    with pytest.raises(InvalidCatalog) as refused:
        documents.joined([one, other])
    assert "other.yaml:1 /tools/0: the name 'a' stands at one.yaml:1" in refused.value.problems[0]


def test_what_was_read_already_is_taken_as_it_is() -> None:
    (tool,) = documents.of_value({"tools": [{"name": "a"}]}, "body").tools
    assert str(tool.at) == "body /tools/0"
    assert documents.of_value("name: a\n", "body").tools[0].at.line == 1


def test_lines_are_told_only_as_far_as_they_can_be_kept() -> None:
    """A pointer holds all names above it: a megabyte above twenty thousand parts would be twenty gigabytes."""
    parts = ", ".join(f"b{number}: 1" for number in range(20_000))
    found = lines.of(f"name: a\n? {'k' * 1_000_000}\n: {{{parts}}}\n")
    assert found["/name"] == 1
    assert sum(map(len, found)) < 200_000_000
