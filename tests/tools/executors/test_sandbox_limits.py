"""How a program in a sandbox ends: by itself, at a limit, or because somebody stops it; and what it leaves behind."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.tools.executors.cells import PYTHON, Cell, cell
from tools_app.exceptions import ToolFailed
from tools_app.executors import sandbox, stopping
from tools_app.executors.sandbox import Limits, Program, running
from tools_app.executors.sandbox.output import Kept, harmless

__all__ = ["cell"]
STUBBORN = "import signal, time\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\n"


def _alive(mark: str) -> list[str]:
    """Processes of this machine whose command line holds a mark."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_a_fork_bomb_goes_off_inside(cell: Cell) -> None:
    cell("f() { f | f & }; f; sleep 0.3; true", processes=40)
    assert cell("echo again").stdout == "again\n"


def test_memory_is_bounded_for_each_and_for_all(cell: Cell) -> None:
    assert "MemoryError" in cell(f"{PYTHON} 'bytearray(300 * 2**20)'", addresses=256 * 2**20).stderr
    eat = f"{PYTHON} 'x = bytearray(60 * 2**20); import time; time.sleep(25)' &"
    assert cell(f"{eat} {eat} {eat} wait", memory=120 * 2**20).cut == "memory"


def test_a_full_disk_is_prevented(cell: Cell) -> None:
    ran = cell("while :; do head -c 5000000 /dev/zero > f$((n += 1)); done", workspace_bytes=20_000_000)
    assert ran.cut == "disk"
    assert "No space left" in cell("head -c 9000000 /dev/zero > /tmp/x", temporary_bytes=2_000_000).stderr
    assert "No space left" in cell("head -c 9000000 /dev/zero > /dev/shm/x", temporary_bytes=2_000_000).stderr
    # What is too much already can be tidied up.
    assert cell("rm f*; echo tidy", workspace_bytes=20_000_000).stdout == "tidy\n"


def test_one_file_cannot_be_endless(cell: Cell) -> None:
    cell("cat /dev/zero > big", file_bytes=2_000_000)
    assert (cell.place / "big").stat().st_size == 2_000_000


def test_no_memory_is_held_that_belongs_to_no_process(cell: Cell) -> None:
    """What is written into it and not mapped is counted for nobody, and lasts as long as the cell."""
    ran = cell.code(
        "import ctypes, os\n"
        "try:\n    os.memfd_create('x')\nexcept PermissionError:\n    print('no file')\n"
        "print(ctypes.CDLL(None).shmget(0, 1 << 20, 0o1600))\n"
    )
    assert ran.stdout == "no file\n-1\n", ran.stderr


def test_ten_megabytes_of_output_are_kept_in_part(cell: Cell) -> None:
    ran = cell("echo first; head -c 10000000 /dev/zero | tr '\\0' x; echo; echo last", output_bytes=1_000)
    assert ran.stdout.startswith("first\nxxx")
    assert ran.stdout.endswith("xxx\nlast\n")
    assert "bytes not shown" in ran.stdout
    assert len(ran.stdout) < 1_100


def test_endless_output_ends_it(cell: Cell) -> None:
    assert cell("yes", flood_bytes=2_000_000).cut == "output"


def test_a_program_that_will_not_end_is_ended_with_all_its_children(cell: Cell) -> None:
    mark = f"mark{os.getpid()}{cell.tier}"
    (cell.place / "stay.py").write_text(STUBBORN + "print('here', flush=True); time.sleep(60)\n")
    stay = f"{PYTHON.removesuffix(' -c')} stay.py {mark}"
    words = ("/bin/sh", "-c", f"setsid {stay} & {stay} & {stay}")
    told: list[tuple[int, int, str]] = []
    program = Program(words, workspace=cell.place, limits=Limits(seconds=50))
    with stopping.heeding(lambda: any(line for _, _, line in told)), pytest.raises(stopping.Stopped):
        running.in_cell(program, cell.tier, report=lambda *part: told.append(part))
    _until(lambda: not _alive(mark))


def test_time_ends_it(cell: Cell) -> None:
    assert cell("sleep 60", seconds=0.5).cut == "time"


def test_nothing_stays_behind_when_the_program_ends(cell: Cell) -> None:
    mark = f"left{os.getpid()}{cell.tier}"
    (cell.place / "stay.py").write_text(STUBBORN + "time.sleep(60)\n")
    before = len(list(Path("/proc/self/fd").iterdir()))
    ran = cell(f"(setsid nohup {PYTHON.removesuffix(' -c')} stay.py {mark} > /dev/null 2>&1 &) ; echo over")
    assert (ran.stdout, ran.cut) == ("over\n", "")
    _until(lambda: not _alive(mark))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_too_much_thinking_ends_it(cell: Cell) -> None:
    ran = cell(f"exec {PYTHON} 'while True: pass'", cpu_seconds=1, seconds=120)
    assert (ran.code, ran.cut) == (128 + 24, "")


def test_stop_ends_it(cell: Cell) -> None:
    begun = time.monotonic()
    with stopping.heeding(lambda: time.monotonic() - begun > 0.5), pytest.raises(stopping.Stopped):
        cell("sleep 60")


def test_what_it_prints_is_told_while_it_runs(cell: Cell) -> None:
    told: list[tuple[int, int, str]] = []
    program = Program(("/bin/sh", "-c", "echo one; sleep 0.6; echo two"), workspace=cell.place)
    running.in_cell(program, cell.tier, report=lambda *part: told.append(part))
    assert "one" in {line for _, _, line in told}


def test_input_is_given(cell: Cell) -> None:
    program = Program(("cat",), workspace=cell.place, given=b"x" * 300_000)
    assert running.in_cell(program, cell.tier).raw.count(b"x") >= 60_000


def test_a_program_that_is_not_there_is_an_answer(cell: Cell) -> None:
    ran = running.in_cell(Program(("no-such-program",)), cell.tier)
    assert (ran.code, ran.stderr) == (127, "no-such-program: No such file or directory\n")


def test_only_so_many_run_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    if sandbox.readiness():
        pytest.skip(f"THE SANDBOX IS NOT TESTED HERE: {sandbox.readiness()}")
    settings.SANDBOXES_AT_ONCE, settings.SANDBOX_WAIT_SECONDS = 1, 1
    inside, go_on = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        inside.set()
        go_on.wait(20)

    first = threading.Thread(target=lambda: sandbox.run(Program(("sleep", "1")), report=hold))
    first.start()
    assert inside.wait(20)
    with pytest.raises(sandbox.SandboxBusy) as busy:
        sandbox.run(Program(("/bin/true",)))
    assert isinstance(busy.value, ToolFailed)
    assert busy.value.retryable
    go_on.set()
    first.join(20)
    assert sandbox.run(Program(("/bin/true",))).code == 0


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"plain\n", "plain\n"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07x\x1b]8;;http://x\x1b\\link", "xlink"),
        (b"\x1b[2J\x1b[1;1H\x1bP1$r\x1b\\gone\x1bc", "gone"),
        (b"10%\r20%\r\n", "10%\n20%\n"),
        (b"a\x00b\x08\x7f", "a\u2400b\u2408\u2421"),
        (b"\xff\xfe\xc2\x9b31m", "\ufffd\ufffd"),
        ("\u202eevil".encode(), "\ufffdevil"),
    ],
)
def test_output_steers_no_terminal(octets: bytes, text: str) -> None:
    assert harmless(octets) == text


def test_beginning_and_end_are_kept() -> None:
    kept = Kept(10)
    for piece in (b"0123", b"456", b"789" * 1_000, b"end"):
        kept.add(piece)
    assert kept.total == 3_010
    assert kept.text() == "01234\n[… 3000 bytes not shown …]\n89end"
    assert Kept(10).text() == ""


def _until(holds: object) -> None:
    deadline = time.monotonic() + 20
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)
