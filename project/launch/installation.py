"""Starts one installation in the order its parts need each other, and tells the operator when it is ready."""

import os
import socket
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from project.env import Environment
from project.launch import fingerprint, folder, programs
from project.launch.refusal import Refusal
from project.launch.watch import Watch

ROOT = Path(__file__).resolve().parent.parent.parent
SQLITE = "project.fair_sqlite3"
CORES_FOR_ALL = 3


@dataclass(frozen=True, slots=True)
class Installation:
    """What the pieces below need to know about where they are."""

    folder: Path
    settings: ModuleType
    watch: Watch
    # Empty when REDIS_URL names a server of the operator's own.
    valkey_socket: Path | None

    @property
    def database_file(self) -> Path | None:
        default = self.settings.DATABASES["default"]
        return Path(default["NAME"]) if default["ENGINE"] == SQLITE else None


def run() -> int:
    data_folder = Environment(os.environ).folder("DATA_DIR", ROOT / ".data")
    lock = folder.prepare(data_folder)
    os.umask(0o077)
    # The settings can be read only now: the keys they ask for are in the folder.
    settings = import_module("project.settings")
    check_port(settings.PORT)
    installation = _describe(data_folder, settings)
    try:
        _start(installation)
    finally:
        installation.watch.stop()
        lock.file.close()
    print("Everything has ended.", flush=True)
    return 0


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OverflowError:
            raise Refusal(f"PORT must be between 1 and 65535, not {port}.") from None
        except OSError as error:
            reason = (error.strerror or "not available").lower()
            raise Refusal(
                f"Port {port} cannot be used ({reason}). Choose another: PORT={port % 65_535 + 1} make run"
            ) from None


def _describe(data_folder: Path, settings: ModuleType) -> Installation:
    variables = {
        **os.environ,
        "DATA_DIR": str(data_folder),
        "PORT": str(settings.PORT),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }
    # glibc gives many threads many heaps, each with its own slack.
    variables.setdefault("MALLOC_ARENA_MAX", "2")
    # Without compiled files each of the processes would translate the whole house on every start.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    own = bool(os.environ.get("REDIS_URL") or os.environ.get("REDIS_URL_FILE"))
    valkey_socket = None if own else folder.socket_for(data_folder)
    if valkey_socket is not None:
        variables |= {"REDIS_URL": f"unix://{valkey_socket}", "VALKEY_SOCKET": str(valkey_socket)}
    watch = Watch(variables=variables, port=settings.PORT, show=lambda line: print(line, flush=True))
    return Installation(data_folder, settings, watch, valkey_socket)


def _start(installation: Installation) -> None:
    watch = installation.watch
    if installation.valkey_socket is not None and not watch.until_ready(
        watch.start(programs.valkey(installation.valkey_socket))
    ):
        return
    prepared = _prepare(installation)
    if prepared is None:
        return
    web = watch.start(programs.web(installation.settings.PORT))
    runs = watch.start(programs.worker("runs", threads=512))
    # Three on two cores would all be late: whoever waits for a page waits for the web server.
    if (os.cpu_count() or 1) < CORES_FOR_ALL and not watch.until_ready(web):
        return
    tools = watch.start(programs.worker("tools", threads=32, variables=(("EMBEDDED_BEAT", "true"),)))
    if watch.until_ready(web, runs, tools):
        print(_welcome(installation, prepared), flush=True)
        watch.forever()


def _prepare(installation: Installation) -> str | None:
    """Migrate and seed unless this database has seen this code; "created" if an administrator was made."""
    database = installation.database_file
    mark = fingerprint.of_code(ROOT)
    if database is not None and fingerprint.of_database(database) == mark:
        return "kept"
    print("Preparing the database ...", flush=True)
    command = (sys.executable, str(ROOT / "manage.py"), "prepare")
    child = installation.watch.start(programs.Program("prepare", command, ready="pipe"))
    if not installation.watch.until_end(child):
        return None
    if database is not None:
        fingerprint.mark_database(database, mark)
    return child.said or "kept"


def _welcome(installation: Installation, prepared: str) -> str:
    address = f"http://127.0.0.1:{installation.settings.PORT}/"
    rows = {
        "Open": address,
        "Sign in as": "admin",
        "Password": _password(installation.folder / "admin-password", prepared),
        "Model": _model(installation.settings),
        "Data": str(installation.folder),
        "End with": "Ctrl-C",
    }
    block = "\n".join(f"  {name:<11} {value}" for name, value in rows.items())
    return f"\n{block}\n\nReady: {address}"


def _password(file: Path, prepared: str) -> str:
    if not file.is_file():
        return "the one you set (forgotten: manage.py changepassword admin)"
    if prepared == "created":
        return f"{file.read_text(encoding='utf-8').strip()}   (shown only now, kept in {file})"
    return f"in {file}"


def _model(settings: ModuleType) -> str:
    if not (settings.ANTHROPIC_API_KEY or settings.ANTHROPIC_BASE_URL):
        return "scripted, no model at all (set ANTHROPIC_API_KEY for a real one)"
    return f"{settings.DEFAULT_MODEL} at {settings.ANTHROPIC_BASE_URL or 'https://api.anthropic.com'}"
