"""A pytest plugin loaded before Django's settings: it decides what they read, and starts the servers.

TEST_DATABASE=postgres chooses PostgreSQL; SQLite otherwise. Each xdist worker has a Valkey of its own and
shares the PostgreSQL of the process that started it.
"""

import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.services import Postgres, Valkey

FOLDER = Path(tempfile.mkdtemp(prefix="toolroom-tests-"))
VALKEY = Valkey(FOLDER / "valkey")
IS_XDIST_WORKER = "PYTEST_XDIST_WORKER" in os.environ
POSTGRES: Postgres | None = None

# Whoever runs the tests may have an installation configured in this shell: none of it may reach them.
OURS = (
    *("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "DEBUG", "SECRET_KEY", "SECRETS_KEY", "ALLOWED_HOSTS"),
    *(
        "ALLOWED_ORIGINS",
        "CSRF_TRUSTED_ORIGINS",
        "HTTPS",
        "EGRESS_EXCEPTIONS",
        "EGRESS_CA_FILE",
        "FILE_ROOTS",
        "FILE_ROOTS_WITH_HARD_LINKS",
        "WRITABLE_FILE_ROOTS",
        "CRASH_AT",
        "SANDBOX",
        "PORT",
    ),
)
for name in OURS:
    os.environ.pop(name, None)
os.environ.update(TESTING="true", DATA_DIR=str(FOLDER), REDIS_URL=VALKEY.url, SCRIPTED_PACE_MS="0")
if not IS_XDIST_WORKER:
    os.environ.pop("DATABASE_URL", None)
    if os.environ.get("TEST_DATABASE") == "postgres":
        POSTGRES = Postgres(Path(tempfile.mkdtemp(prefix="toolroom-postgres-")))
        os.environ["DATABASE_URL"] = POSTGRES.url


def pytest_configure(config: pytest.Config) -> None:
    if POSTGRES is not None:
        POSTGRES.start()
    VALKEY.start()
    _forbid_the_network()


def pytest_unconfigure(config: pytest.Config) -> None:
    VALKEY.stop()
    if POSTGRES is not None:
        POSTGRES.stop()
    shutil.rmtree(FOLDER, ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {'postgres' if 'DATABASE_URL' in os.environ else 'sqlite'}"


class NetworkForbidden(AssertionError):
    """A test tried to reach something beyond this machine."""


def _forbid_the_network() -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise NetworkForbidden(f"No test may connect to {address[0]}.")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]
