"""How processes speak to the operator: one line per event, quiet unless something needs a person."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from project.env import Misconfigured

# What a LogRecord always carries; anything else was given by `extra=` and belongs into the line.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
UNSAFE = frozenset({"request", "server_time", "status_code", "data"})


class Lines(logging.Formatter):
    """`time level logger message key=value`, with the trace beneath it."""

    def format(self, record: logging.LogRecord) -> str:
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        line = f"{_time(record)} {record.levelname.lower()} {record.name} {record.getMessage()}{extra}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """The same as one JSON object per line, for log collectors."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configuration(*, level: str, form: str) -> dict[str, Any]:
    """Build Django's LOGGING for `form` "plain" or "json"."""
    if form not in ("plain", "json"):
        raise Misconfigured(f"LOG_FORMAT must be plain or json, not {form!r}.")
    if level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise Misconfigured(f"LOG_LEVEL must be debug, info, warning or error, not {level!r}.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"()": "project.logs.Lines"},
            "json": {"()": "project.logs.JsonLines"},
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["console"], "level": level.upper()},
        "loggers": {
            # Django's own console handlers would say everything a second time.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.channels.server": {"level": "WARNING"},
            "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "httpcore2": {"level": "WARNING"},
            "axes": {"level": "WARNING"},
        },
    }


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in STANDARD | UNSAFE}
