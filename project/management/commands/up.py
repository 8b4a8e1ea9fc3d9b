"""Starts everything on this machine. `make run` calls the watcher directly and spares a start of Django."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Start web server, workers, schedule and (without REDIS_URL) Valkey, and watch over them."
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        sys.stdout.flush()
        # Becoming the watcher frees what Django has loaded here.
        os.execv(sys.executable, [sys.executable, "-m", "project.launch"])  # noqa: S606
