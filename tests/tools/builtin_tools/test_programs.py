"""bash, run_program and python: what comes back, what stays in the workspace, and what a model is told at a limit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tools_app import arguments, builtin_tools, executors, rules
from tools_app.builtin_tools import programs
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import ToolResult, Work, sandbox, workspaces
from tools_app.executors.base import Attached
from tools_app.executors.sandbox import Limits, Ran
from tools_app.rules import Subject

Run = Callable[..., ToolResult]
# Ways to write one recursive delete; a list of forbidden texts meets the first of them.
SPELLINGS = (
    "rm -rf {}", "rm -fr {}", "rm  -r  -f {}", "rm -r {}", "rm --recursive --force {}", "\\rm -r -f {}",
    "'rm' -r{}f {}".replace("{}f", "''f"), "r''m -r {}", 'X=rm; "$X" -r {}', "command rm -R {}", "/bin/rm -R {}",
    "env rm -r {}", "eval 'r'm' -r {}'", "echo rm -r {} | sh", "$(printf 'r\\155') -r {}", "find {} -delete",
    "find {} -exec rm -r {{}} +", "ls -d {} | xargs rm -r", "sh -c 'rm -r \"$0\"' {}",
    "perl -e 'system(qw(rm -r), $ARGV[0])' {}", "base64 -d <<< cm0gLXIgIiQxIg== | bash -s -- {}",
)  # fmt: skip


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Run:
    if sandbox.readiness():
        pytest.skip(f"THE TOOLS THAT RUN PROGRAMS ARE NOT TESTED HERE: {sandbox.readiness()}")
    settings.DATA_DIR = tmp_path / "data"
    (tmp_path / "data").mkdir()

    def use(name: str, /, *, session: str = "one", organization: str = "1", **given: Any) -> ToolResult:
        definition = builtin_tools.named(name).definition
        plain = {key: value for key, value in given.items() if key != "attachments"}
        assert arguments.problems(definition.input_schema, plain) == []
        work = Work(name, "builtin", definition.as_json(), {}, attachments=given.pop("attachments", ()))
        context = ToolContext(name, deps={"org_id": organization, "session_id": session, "user_id": "7"})
        return executors.of("builtin").execute(work, given, context)

    return use


def test_a_command_tells_what_it_prints_and_how_it_ended(run: Run) -> None:
    found = run("bash", command="echo out; echo err >&2; echo x > made.txt; exit 3")
    assert found.text.startswith(
        "out\n[printed as errors]\nerr\n[new or changed files] made.txt (2 bytes)\n[exit code 3,"
    )
    assert found.data["exit_code"] == 3
    assert found.data["stdout"] == "out\n"
    assert found.data["files"] == [{"file": "made.txt", "bytes": 2}]


def test_a_shell_is_a_shell_and_a_program_is_not(run: Run) -> None:
    assert run("bash", command="echo $((6 * 7)) | tr 4 5").data["stdout"] == "52\n"
    plain = run("run_program", program="echo", arguments=["$(id)", "*", "| sh", "; ls"])
    assert plain.data["stdout"] == "$(id) * | sh ; ls\n"
    assert run("run_program", program="true").data["exit_code"] == 0
    assert "not found" in run("run_program", program="nosuch").text.lower().replace(
        "no such file", "not found"
    )
    assert arguments.problems(builtin_tools.named("run_program").definition.input_schema, {"program": "../x"})
    with pytest.raises(ToolFailed, match="NUL"):
        run("run_program", program="echo", arguments=["a\x00b"])


def test_python_has_its_standard_library_and_the_workspace(run: Run) -> None:
    assert run("python", code="import json, sqlite3\nprint(json.dumps([1]))").data["stdout"] == "[1]\n"
    run("python", code="open('mine.py', 'w').write('X = 5')")
    assert run("python", code="import mine; print(mine.X)").data["stdout"] == "5\n"
    assert "[installed: the standard library" in run("python", code="import django").text
    assert "ZeroDivisionError" in run("python", code="1/0").text


def test_files_stay_with_their_conversation_alone(run: Run) -> None:
    run("bash", command="echo kept > note")
    assert run("python", code="print(open('note').read())").data["stdout"] == "kept\n\n"
    for other in ({"session": "two"}, {"organization": "2"}, {"session": "1:one"}):
        assert run("bash", command="ls -A", **other).data["stdout"] == ""
    with pytest.raises(ToolFailed, match="no conversation"):
        run("bash", command="ls", session="")


def test_attached_files_can_be_read_and_not_changed(run: Run, tmp_path: Path) -> None:
    content = tmp_path / "0123456789abcdef"
    content.write_text("a,b\n1,2\n")
    files = (Attached("my sales.csv", content, 8, "text/csv"),)
    read = run("python", code="print(open('attachments/my sales.csv').read())", attachments=files)
    assert read.data["stdout"] == "a,b\n1,2\n\n"
    assert read.data["files"] == []
    tried = run(
        "bash", command="echo x >> attachments/my*; rm -f attachments/*; ls attachments", attachments=files
    )
    assert tried.data["stdout"] == "my sales.csv\n"
    assert content.read_text() == "a,b\n1,2\n"
    # Without files the link of before leads nowhere, and a program may have put something else in its place.
    run("bash", command="rm attachments; mkdir attachments; echo mine > attachments/x")
    assert run("bash", command="cat attachments/x", attachments=files).data["stdout"] == "mine\n"


def test_what_was_ended_says_why_and_what_it_said_last(run: Run) -> None:
    with pytest.raises(ToolFailed, match="ended after 1 seconds, its time limit") as ended:
        run("bash", command="sleep 60", timeout_seconds=1)
    assert ended.value.code == "timeout"
    cut = Ran(-9, "half", "of it", 1.0, "memory")
    assert programs._ended(cut, Limits()).message.endswith("The end of what it printed:\nhalfof it")


def test_arguments_are_no_way_out_of_the_text(run: Run) -> None:
    found = run("bash", command="printf 'a\\0b\\033[31mred\\377\\n'")
    assert found.data["stdout"] == "a\u2400bred\ufffd\n"


def test_forbidden_texts_are_advice_and_the_sandbox_is_the_boundary(run: Run, tmp_path: Path) -> None:
    """The seed's own rule, the spellings it does not meet, and a machine that is unhurt by any of them (S4.192)."""
    rule, kinds = {"command": ["rm -rf", "sudo"]}, {"command": "command"}
    missed = [text for text in SPELLINGS if not list(rules.denied(rule, Subject({"command": text}, kinds)))]
    assert len(SPELLINGS) == 21
    assert len(missed) == 20
    outside = tmp_path / "data" / "kept"
    outside.mkdir()
    lines = [
        f"mkdir -p w{n}/x; ({text.format(f'w{n}')}); ({text.format(outside)})"
        for n, text in enumerate(missed)
    ]
    run(
        "bash",
        command="\n".join(lines) + "\n(rm -rf --no-preserve-root /etc /dev) 2>/dev/null; ls -d w*",
        timeout_seconds=60,
    )
    assert outside.is_dir()
    assert Path("/bin/sh").exists()


def test_rules_about_a_program_hold() -> None:
    """As the README says it: what is compared is the very word that is started."""
    rule = {"program": ["grep", "wc"], "arguments": True}
    for arguments_now, refused in (
        ({"program": "grep", "arguments": ["-r", "rm -rf"]}, []),
        ({"program": "bash", "arguments": ["-c", "grep"]}, ["program"]),
        ({"program": "grep;sh"}, ["program"]),
    ):
        assert list(rules.not_allowed(rule, Subject(arguments_now))) == refused
    assert not rules.advisory({"program": ["rm"]}, {})


def test_old_workspaces_are_swept_and_hostile_ones_removed(run: Run, settings: Settings) -> None:
    deeper = "for i in $(seq 60); do mkdir $(printf 'd%.0s' $(seq 90)); cd d*; done; sleep 20"
    with pytest.raises(ToolFailed, match="workspace"):
        run("bash", command=f"mkdir locked; echo x > locked/y; chmod 0 locked; {deeper}")
    place = workspaces.conversation_folder("1", "one")
    assert place.is_dir()
    assert workspaces.sweep() == 0
    # Nobody could say how much is in there: the next use begins anew.
    assert run("bash", command="ls").data["stdout"] == ""
    run("bash", command="mkdir locked; echo x > locked/y; chmod 0 locked")
    os.utime(place, (0, 0))
    assert workspaces.sweep() == 1
    assert not place.exists()
    assert run("bash", command="ls").data["stdout"] == ""


def test_no_name_of_a_folder_comes_from_anybody(run: Run, settings: Settings) -> None:
    run("bash", command="true", session="../../../etc")
    names = [place.name for place in (Path(settings.DATA_DIR) / "workspaces").iterdir()]
    assert [len(name) for name in names] == [40]
    assert names[0].isalnum()


def test_without_a_sandbox_they_say_so(settings: Settings) -> None:
    settings.SANDBOX = "off"
    for name in ("bash", "run_program", "python"):
        assert executors.readiness("builtin", name) == (False, sandbox.readiness())
