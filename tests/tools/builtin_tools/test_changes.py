"""The difference that is shown is a true one: applied to the old text it gives the new one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tools_app.builtin_tools import changes

TEN = "".join(f"line {n}\n" for n in range(1, 11))


def applied(diff: str, before: str) -> str:
    """What `patch` would make of it."""
    old, new, at = before.split("\n"), list[str](), 0
    pieces = diff.split("\n")[2:]
    for index, line in enumerate(pieces):
        ends = index + 1 < len(pieces) and pieces[index + 1].startswith("\\")
        if line.startswith("@@"):
            start, count = (int(each) for each in line.split()[1][1:].split(","))
            start = start - 1 if count else start
            new += [f"{each}\n" for each in old[at:start]]
            at = start
        elif line[:1] in (" ", "+"):
            new.append(line[1:] + ("" if ends else "\n"))
        at += line[:1] in (" ", "-")
    return "".join(new) + "\n".join(old[at:]) if not _ended(diff) else "".join(new)


def _ended(diff: str) -> bool:
    return "\\ No newline" in diff


@pytest.mark.parametrize("pairs", [changes.MAX_PAIRS, 0])
@given(
    before=some.lists(some.sampled_from(["a", "b", "", "@@ x", "-c", "+d"])),
    after=some.lists(some.sampled_from("abc")),
)
def test_applied_to_the_old_text_it_gives_the_new_one(
    pairs: int, before: list[str], after: list[str]
) -> None:
    was, known = "".join(f"{line}\n" for line in before), changes.MAX_PAIRS
    wanted = "".join(f"{line}\n" for line in after)
    changes.MAX_PAIRS = pairs
    try:
        diff = changes.unified("a.txt", was, wanted)
    finally:
        changes.MAX_PAIRS = known
    assert (diff == "") == (was == wanted)
    assert not diff or applied(diff, was) == wanted


def test_distant_changes_have_hunks_of_their_own() -> None:
    diff = changes.unified("a.txt", TEN, TEN.replace("line 1\n", "LINE 1\n").replace("line 10", "LINE 10"))
    assert diff.split("\n") == [
        *("--- a.txt", "+++ a.txt"),
        *("@@ -1,4 +1,4 @@", "-line 1", "+LINE 1", " line 2", " line 3", " line 4"),
        *("@@ -7,4 +7,4 @@", " line 7", " line 8", " line 9", "-line 10", "+LINE 10"),
    ]


def test_new_files_missing_last_breaks_and_foreign_line_ends_are_said() -> None:
    assert changes.unified("a", None, "x\ny") == (
        "--- no file yet\n+++ a\n@@ -0,0 +1,2 @@\n+x\n+y\n\\ No newline at end of file"
    )
    assert changes.unified("a", None, "") == "--- no file yet\n+++ a"
    assert "\\ No newline" in changes.unified("a", "x", "x\n")
    crlf = changes.unified("a", "x\r\ny\r\n", "x\r\nz\r\n")
    assert "CR LF" in crlf
    assert "\r" not in crlf
    assert "\r" in changes.unified("a", "x\r\ny\r\n", "x\ny\n")


def test_texts_of_many_equal_lines_are_compared_in_good_time() -> None:
    before, after = "x\n" * 200_000, "y\n" + "x\n" * 100_000 + "y\n" + "x\n" * 99_999
    diff = changes.unified("a.txt", before, "y\n" + before + "y\n")
    assert diff
    assert changes.unified("a.txt", "y\n" + before, after)
