"""Brings the database up to this code: migrations, the first administrator, the seeds. Safe to repeat."""

import os
import secrets
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.sql import emit_post_migrate_signal
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from project.accounts import administrator
from project.launch.folder import keep_once


class Command(BaseCommand):
    help = "Migrate, make the first administrator (password in DATA_DIR/admin-password) and seed."
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            self._migrate()
            created = self._ensure_administrator()
            call_command("seed", verbosity=0, stdout=StringIO())
        except (DatabaseError, OSError) as error:
            raise CommandError(f"The database cannot be prepared: {error}") from error
        _tell_the_watcher("created" if created else "kept")

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=0)
        else:
            # Whoever died between the last table and its triggers has nothing left to migrate, and yet they must come.
            emit_post_migrate_signal(0, interactive=False, db=connection.alias)

    def _ensure_administrator(self) -> bool:
        # The password is on disk before the administrator exists: a crash between leaves nobody locked out.
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = settings.DATA_DIR / "admin-password"
        was_there = file.exists()
        created = administrator.ensure(keep_once(file, secrets.token_urlsafe(15)))
        if not created and not was_there:
            file.unlink()
        return created


def _tell_the_watcher(word: str) -> None:
    if settings.READY_FD:
        os.write(settings.READY_FD, word.encode())
