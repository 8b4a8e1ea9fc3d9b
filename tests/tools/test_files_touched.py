"""What the gate decides about paths, against what the tools of files really touch: the kernel is the witness.

Every path is judged under every grant; where the gate lets it pass the tool is carried out, and each file it opened or
changed has to be one that the grant means, found out in another way than the gate does: by real path alone.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.tools.watching import Watch, watching
from tools_app import builtin_tools, executors, policy
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import Work
from tools_app.governing import meanings
from tools_app.models import Tool

FILES = (
    "public/a.txt",
    "public/deep/b.txt",
    "public/deep/secret/c.txt",
    "publicity/d.txt",
    "secret/key.txt",
    "secret/.hidden",
    "Secret/e.txt",
    "sécret/f.txt",
    "public/name with space.txt",
    "public/-rf",
    "public/%2e%2e",
    "top.txt",
)
LINKS = {
    "public/to-key": "../secret/key.txt",
    "public/to-secret": "../secret",
    "public/to-outside": "../../outside/x.txt",
    "public/absolute": "/etc/hostname",
    "secret/to-a": "../public/a.txt",
    "public/loop": "loop",
    "up": ".",
}
PATHS = (
    *FILES,
    *LINKS,
    *("public/to-secret/key.txt", "up/secret/key.txt", "up/up/public/a.txt", "up/public/to-secret/.hidden"),
    *("public/../secret/key.txt", "public/deep/../a.txt", "./public/a.txt", "public//a.txt", "public/a.txt/"),
    *("public/./deep/./b.txt", "/public/a.txt", "//public/a.txt", "PUBLIC/a.txt", "public\\a.txt"),
    *("public/%2e%2e/secret/key.txt", "file:///etc/passwd", "file:secret/key.txt", "~/secret", "$HOME/x"),
    *(
        "../outside/x.txt",
        "/etc/passwd",
        "/proc/self/root/etc/passwd",
        "/proc/self/cwd",
        "/dev/zero",
        "",
        ".",
    ),
    *(
        "secret",
        "public",
        "public/",
        "secret/",
        "public/hard",
        "pipe",
        "public/\u200ba.txt",
        "public/a.txt\x00",
    ),
    *("new.txt", "public/new.txt", "secret/new.txt", "public/to-secret/new.txt", "up/public/new.txt"),
    *(
        "ROOT/public/a.txt",
        "ROOT/secret/key.txt",
        "ROOT/public/../secret/key.txt",
        "ROOT",
        "ROOT/",
        "ROOTx/a",
    ),
)


@dataclass(frozen=True)
class Rules:
    """A grant over the parameter path, and the folders and files it means, beneath the root."""

    allowed: tuple[str, ...] | None = None
    denied: tuple[str, ...] = ()

    def permit(self, real: Path, root: Path) -> bool:
        def lies_in(rule: str) -> bool:
            wanted = root if rule == "." else root / rule
            return wanted == real or wanted in real.parents

        within = root in real.parents and (self.allowed is None or any(map(lies_in, self.allowed)))
        return within and not any(map(lies_in, self.denied))


GRANTS = {
    "no rules": Rules(),
    "one folder": Rules(allowed=("public",)),
    "one folder but not what is in it": Rules(allowed=("public",), denied=("public/deep",)),
    "all but one folder": Rules(denied=("secret",)),
    "two files": Rules(allowed=("public/a.txt", "top.txt")),
    "all, said so": Rules(allowed=(".",)),
    "nothing": Rules(denied=(".",)),
    "a folder and a file in another": Rules(
        allowed=("public/deep", "secret/key.txt"), denied=("public/deep/secret",)
    ),
}
EXTRA: dict[str, dict[str, Any]] = {
    "read_file": {},
    "list_files": {"depth": 5},
    "search_files": {"query": "content of"},
    "write_file": {"content": "content of something new\n"},
    "edit_file": {"old_text": "content of", "new_text": "changed content of"},
}
WRITING = ("write_file", "edit_file")


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    root = tmp_path / "root"
    _lay_out(root)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x.txt").write_text("content of outside/x.txt\n")
    (tmp_path / "rootx").mkdir()
    (tmp_path / "rootx/a").write_text("content of rootx/a\n")
    os.link(tmp_path / "outside/x.txt", root / "public/hard")
    os.mkfifo(root / "pipe")
    settings.FILE_ROOTS = settings.WRITABLE_FILE_ROOTS = [root]
    return root


def _lay_out(root: Path) -> None:
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"content of {name}\n")
    for name, to in LINKS.items():
        if not (root / name).is_symlink():
            (root / name).symlink_to(to)


@pytest.fixture
def watch(root: Path) -> Iterator[Watch]:
    with watching(root.parent) as found:
        yield found


@dataclass(frozen=True)
class Judged:
    decision: policy.Decision
    work: Work
    arguments: dict[str, Any]


def judged(name: str, path: str, rules: Rules) -> Judged:
    """The decision about one use, from facts as `facts.gather` finds them, without rows."""
    definition = builtin_tools.named(name).definition
    tool = Tool(name=name, executor="builtin", definition=definition.as_json(), configuration={})
    given = {"path": path, **EXTRA[name]}
    meant = meanings.real(tool, given)
    grant = policy.Grant(
        id=1,
        agent_type_id=1,
        agent_name="Ana",
        agent_hash="a",
        allowed=None
        if rules.allowed is None
        else {"path": list(rules.allowed), **dict.fromkeys(EXTRA[name], True)},
        denied={"path": list(rules.denied)} if rules.denied else None,
    )
    known = policy.ToolFacts(id=1, name=name, content_hash="t", kinds=meanings.kinds_of(tool))
    call = policy.Call(given, frozenset(given), beyond=tuple(meant.beyond), also=meant.also)
    decision = policy.decide(call, policy.Facts(tool=known, grant=grant))
    return Judged(decision, Work(name, "builtin", definition.as_json(), {}, meant.targets), given)


def carried_out(found: Judged) -> str:
    try:
        return executors.of("builtin").execute(found.work, found.arguments, ToolContext()).text
    except ToolFailed:
        return ""


@pytest.mark.parametrize("grant", GRANTS.values(), ids=GRANTS)
@pytest.mark.parametrize("name", EXTRA)
def test_nothing_is_touched_that_the_grant_does_not_mean(
    name: str, grant: Rules, root: Path, watch: Watch
) -> None:
    passed = touched_at_all = 0
    for path in (each.replace("ROOT", str(root)) for each in PATHS):
        found = judged(name, path, grant)
        looked_at = _touched(watch, root)
        # What is to be changed is read for its hash, and the card's difference; what is to be read is not opened yet.
        assert name in WRITING or not looked_at, f"judging {path!r} opened {looked_at}"
        if not isinstance(found.decision, policy.Allow):
            continue
        text = carried_out(found)
        touched = _touched(watch, root)
        for file in touched:
            assert grant.permit(file, root), f"{path!r} touched {file}"
        for each in FILES:
            if not grant.permit(root / each, root):
                assert f"content of {each}" not in text, f"{path!r} gave {each}"
        passed, touched_at_all = passed + 1, touched_at_all + bool(touched)
        if name in WRITING:
            _restore(root)
            watch.seen()
    # Refusing everything is a failure too.
    wanted = 0 if grant is GRANTS["nothing"] else 2
    assert passed >= wanted
    assert touched_at_all >= (0 if name == "list_files" else wanted)


def _touched(watch: Watch, root: Path) -> set[Path]:
    """By real path. A new file is written beside its place, under a name of its own, and then put there."""
    seen = {file for file in watch.seen() if file.suffix != ".toolroom"}
    return {Path(os.path.realpath(file.parent)) / file.name for file in seen}


def _restore(root: Path) -> None:
    for name in ("new.txt", "public/new.txt", "secret/new.txt"):
        (root / name).unlink(missing_ok=True)
    for name, to in LINKS.items():
        if not (root / name).is_symlink():
            (root / name).unlink(missing_ok=True)
            (root / name).symlink_to(to)
    for name in FILES:
        if not (root / name).is_file() or (root / name).read_text() != f"content of {name}\n":
            (root / name).write_text(f"content of {name}\n")


@pytest.mark.parametrize(
    ("grant", "path"),
    [
        ("no rules", "top.txt"),
        ("no rules", "public/to-key"),
        ("no rules", "secret/.hidden"),
        ("no rules", "public/name with space.txt"),
        ("no rules", "public/-rf"),
        ("no rules", "public/%2e%2e"),
        ("one folder", "public/a.txt"),
        ("one folder", "public/deep/b.txt"),
        ("one folder", "./public//deep/./b.txt"),
        ("one folder", "up/public/a.txt"),
        ("one folder", "ROOT/public/a.txt"),
        ("one folder but not what is in it", "public/a.txt"),
        ("all but one folder", "public/deep/secret/c.txt"),
        ("all but one folder", "publicity/d.txt"),
        ("two files", "top.txt"),
        ("all, said so", "sécret/f.txt"),
        ("a folder and a file in another", "public/deep/b.txt"),
        ("a folder and a file in another", "secret/key.txt"),
    ],
)
def test_what_the_grant_means_is_read(grant: str, path: str, root: Path) -> None:
    found = judged("read_file", path.replace("ROOT", str(root)), GRANTS[grant])
    assert found.decision == policy.Allow()
    real = os.path.realpath(path.replace("ROOT", str(root)) if path.startswith("ROOT") else root / path)
    assert carried_out(found) == Path(real).read_text()


@pytest.mark.parametrize(
    ("name", "path"), list(itertools.product(("read_file", "edit_file"), ("public/a.txt", "up/public/a.txt")))
)
def test_a_file_exchanged_after_the_decision_is_not_touched(
    name: str, path: str, root: Path, watch: Watch
) -> None:
    found = judged(name, path, GRANTS["one folder"])
    assert found.decision == policy.Allow()
    (root / "public/a.txt").unlink()
    (root / "public/a.txt").symlink_to("../secret/key.txt")
    watch.seen()
    assert carried_out(found) == ""
    assert (root / "secret/key.txt").read_text() == "content of secret/key.txt\n"


def test_a_folder_exchanged_after_the_decision_gives_nothing_away(root: Path) -> None:
    found = judged("search_files", "public/deep", GRANTS["one folder"])
    assert found.decision == policy.Allow()
    (root / "public/deep").rename(root / "public/was-deep")
    (root / "public/deep").symlink_to("../secret")
    assert "content of secret" not in carried_out(found)
