"""What a program in a sandbox sees and can reach; in every tier this machine has."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.tools.executors.cells import Cell, cell
from tools_app.executors import sandbox
from tools_app.executors.sandbox import Program, Tier, cells, tiers

__all__ = ["cell"]
VARIABLES = {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TERM", "TZ", "USER", "PYTHONDONTWRITEBYTECODE"}
OF_SHELLS = {"PWD", "OLDPWD", "_", "SHLVL"}


def test_it_runs_as_nobody_in_its_own_folder(cell: Cell) -> None:
    ran = cell("id -u; pwd; echo kept > note.txt; echo aside >&2; exit 3")
    assert (ran.code, ran.stdout, ran.stderr, ran.cut) == (3, "1000\n/workspace\n", "aside\n", "")
    assert (cell.place / "note.txt").read_text() == "kept\n"
    assert cell("cat note.txt").stdout == "kept\n"


def test_nothing_of_the_worker_goes_along(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "of the house")
    monkeypatch.setenv("BASH_ENV", "/etc/profile")
    # A busy worker has many, so that those of the sandbox come far behind them.
    held = [os.open("/etc/passwd", os.O_RDONLY) for _ in range(400)]
    for each in held:
        os.set_inheritable(each, True)
    try:
        ran = cell.code(
            "import os\n"
            "print(*os.environ)\n"
            "for number in range(3, 1_000):\n"
            "    try: print('open', number, os.fstat(number))\n"
            "    except OSError: pass\n"
        )
    finally:
        for each in held:
            os.close(each)
    first, *rest = ran.stdout.splitlines()
    assert VARIABLES <= set(first.split()) <= VARIABLES | OF_SHELLS
    assert rest == []


def test_nothing_of_the_house_or_the_machine_can_be_seen(cell: Cell, settings: Settings) -> None:
    data = Path(settings.DATA_DIR)
    (data / "secret-key").write_text("of the house")
    broker = settings.REDIS_URL.removeprefix("unix://").partition("?")[0]
    wanted = [data / "secret-key", data, settings.BASE_DIR / "manage.py", broker, cell.place.parent]
    wanted += ["/etc/shadow", "/etc/hostname", "/proc", "/sys", "/run", "/var", "/home", "/boot", "/opt"]
    ran = cell("; ".join(f"test -e {path} && echo SEEN {path}" for path in wanted) + "; cat /etc/passwd")
    assert "SEEN" not in ran.stdout
    assert ran.stdout.splitlines()[1] == "sandbox:x:1000:1000:sandbox:/workspace:/bin/sh"


def test_what_the_house_keeps_beneath_a_system_folder_is_covered(cell: Cell, settings: Settings) -> None:
    settings.FILE_ROOTS = [Path("/usr/share/doc")]
    ran = cell("ls -A /usr/share/doc; echo x > /usr/share/doc/y; ls /usr/share | wc -l")
    assert ran.stdout.count("\n") == 1
    assert int(ran.stdout) > 1
    assert "/usr/share/doc/y" in ran.stderr


def test_the_system_cannot_be_written(cell: Cell) -> None:
    ran = cell.code(
        "import os\n"
        "for place in ('/', '/usr', '/usr/bin', '/etc', '/dev', '/etc/passwd', '/bin/sh', '/lib', '/usr/bin/env'):\n"
        "    for act in (lambda: open(place + '/x', 'w'), lambda: open(place, 'a'), lambda: os.chmod(place, 0o777),\n"
        "                lambda: os.rename(place, '/tmp/it'), lambda: os.unlink(place), lambda: os.rmdir(place),\n"
        "                lambda: os.symlink('/tmp', place + '/link'), lambda: os.mkdir(place + '/made')):\n"
        "        try: act(); print('DONE', place)\n"
        "        except OSError: print('no')\n"
    )
    assert ran.stdout == "no\n" * 72


def test_rm_rf_hurts_only_the_workspace(cell: Cell) -> None:
    cell("mkdir -p a/b; echo x > a/b/c")
    ran = cell("rm -rf --no-preserve-root /etc /dev /workspace /bin /usr/bin; ls /usr/bin | wc -l")
    assert int(ran.stdout) > 50
    assert list(cell.place.iterdir()) == []
    assert Path("/usr/bin/env").exists()


def test_there_is_no_network(cell: Cell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ran = cell.code(
            "import socket\n"
            f"for where in (('127.0.0.1', {server.getsockname()[1]}), ('10.0.0.1', 80), ('169.254.169.254', 80)):\n"
            "    s = socket.socket(); s.settimeout(2)\n"
            "    print(s.connect_ex(where) != 0)\n"
            "for family in (16, 17, 38, 40):\n"
            "    try: socket.socket(family, socket.SOCK_RAW); print('made', family)\n"
            "    except OSError: print(True)\n"
        )
    assert ran.stdout == "True\n" * 7


def test_more_rights_cannot_be_had(cell: Cell) -> None:
    ways = [
        "unshare -Ur id",
        "unshare -m true",
        "mount -t tmpfs x /tmp",
        "chroot / id",
        "sudo id",
        "su -c id",
    ]
    ways += ["setpriv --reuid 0 id", "mknod d b 8 0", "chown 0 note", "dmesg", "kill -9 -1 1", "ip link"]
    ran = cell(
        "touch note; " + "".join(f"({way}) </dev/null && echo DONE '{way}'; " for way in ways) + "true"
    )
    assert "DONE" not in ran.stdout


def test_links_lead_nowhere(cell: Cell, settings: Settings) -> None:
    outside = Path(settings.DATA_DIR) / "outside.txt"
    outside.write_text("mine")
    ran = cell(
        f"ln -s {outside} here; cat here; ln -s / top; cat top{outside}; ln {outside} hard; echo x > here"
    )
    assert "mine" not in ran.stdout
    assert outside.read_text() == "mine"


def test_a_service_inside_can_be_spoken_to(cell: Cell) -> None:
    ran = cell.code(
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 8000))\n"
        "socket.create_connection(('localhost', 8000)); print('met')\n"
    )
    assert ran.stdout == "met\n", ran.stderr


def test_without_any_tier_nothing_runs(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.SANDBOX = "off"
    assert "switched the sandbox off" in sandbox.readiness()
    with pytest.raises(sandbox.SandboxMissing):
        sandbox.run(Program(("/bin/true",)))
    settings.SANDBOX = "bubblewrap"
    monkeypatch.setattr(tiers, "_trials", {})
    monkeypatch.setattr(tiers, "bubblewrap", lambda: "")
    assert "not installed" in sandbox.readiness()
    assert sandbox.chosen() is None


def test_a_tier_that_cannot_be_built_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho no permission to make a namespace >&2\nexit 1\n")
    fake.chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(tiers, "_trials", {})
    monkeypatch.setattr(tiers, "bubblewrap", lambda: str(fake))
    trial = sandbox.tried(Tier.BUBBLEWRAP)
    assert not trial.works
    assert "does not work here" in trial.why


def test_the_helper_knows_nothing_of_the_house() -> None:
    assert "import project" not in cells.helper()
    assert "tools_app" not in cells.helper()
