"""Turns DATABASE_URL, REDIS_URL and EMAIL_URL into what Django, Celery and Channels each want to hear."""

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from project.env import Misconfigured

OLDEST_SQLITE = (3, 35)  # the first that gives back what an INSERT has made
SQLITE_PRAGMAS = """
    PRAGMA journal_mode=WAL;
    PRAGMA synchronous={};
    PRAGMA busy_timeout=20000;
    PRAGMA cache_size=-2000;
    PRAGMA mmap_size=67108864;
    PRAGMA temp_store=MEMORY;
"""


def database(url: str, *, pool_size: int) -> dict[str, Any]:
    """Read `sqlite:///path?synchronous=full` or `postgres://user:password@host:port/name?option=value`."""
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        path, _, query = url.removeprefix("sqlite://").partition("?")
        return sqlite("/" + path.lstrip("/"), synchronous=dict(parse_qsl(query)).get("synchronous", "normal"))
    if scheme in ("postgres", "postgresql"):
        return _postgres(url, pool_size=pool_size)
    raise Misconfigured("DATABASE_URL must begin with postgres:// or sqlite:///.")


def sqlite(path: str, *, synchronous: str = "normal") -> dict[str, Any]:
    """`normal` outlives any death of a process, `full` also that of the machine, for a wait at every commit."""
    if synchronous not in ("normal", "full"):
        raise Misconfigured("DATABASE_URL: synchronous is normal or full.")
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise Misconfigured(
            f"The SQLite of this Python is {sqlite3.sqlite_version}; 3.35 is needed, or a PostgreSQL in DATABASE_URL."
        )
    # WAL alone is worse than the default: a read that turns into a write fails at once.
    # IMMEDIATE takes the write lock at the start, so that writers queue up instead.
    return {
        "ENGINE": "project.fair_sqlite3",
        # A thread keeps its connection: opening one costs more than most of what is asked through it.
        "CONN_MAX_AGE": None,
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": SQLITE_PRAGMAS.format(synchronous),
        },
    }


def _postgres(url: str, *, pool_size: int) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 20}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def test_name(configuration: dict[str, Any], folder: Path) -> str:
    if configuration["ENGINE"].endswith("sqlite3"):
        return str(folder / "test.sqlite3")
    return f"test_{configuration['NAME']}"


def redis(url: str) -> str:
    """Check the form that redis-py and Channels take: redis://, rediss:// or unix://."""
    if urlsplit(url).scheme not in ("redis", "rediss", "unix"):
        raise Misconfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")
    return url


def broker(url: str) -> str:
    """Say the same address in Celery's words, which calls a unix socket `redis+socket`."""
    parts = urlsplit(redis(url))
    if parts.scheme != "unix":
        return url
    options = dict(parse_qsl(parts.query))
    query = urlencode({"virtual_host": options["db"]}) if "db" in options else ""
    return f"redis+socket://{parts.path}" + (f"?{query}" if query else "")


def embedded_redis(folder: str | os.PathLike[str]) -> str:
    """Name the socket of the server that `manage.py up` starts for this data folder."""
    return f"unix://{socket_path(folder)}"


def socket_path(folder: str | os.PathLike[str]) -> str:
    return os.path.join(folder, "valkey", "valkey.sock")


_MAIL_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


def mail(url: str) -> dict[str, Any]:
    """Read `smtp+starttls://user:password@host:587`, `smtps://…` or `smtp://…`; console:// sends nothing."""
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in _MAIL_PORTS or not parts.hostname:
        raise Misconfigured(
            "EMAIL_URL must be smtp+starttls://user:password@host:port, or begin with smtps://, smtp:// or console://."
        )
    try:
        port = parts.port or _MAIL_PORTS[parts.scheme]
    except ValueError:
        raise Misconfigured("EMAIL_URL: the port must be a number.") from None
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "HOST": parts.hostname,
        "PORT": port,
        "HOST_USER": unquote(parts.username or ""),
        "HOST_PASSWORD": unquote(parts.password or ""),
        "USE_TLS": parts.scheme == "smtp+starttls",
        "USE_SSL": parts.scheme == "smtps",
    }
