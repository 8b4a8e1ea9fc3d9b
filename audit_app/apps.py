"""App configuration of the remembering room."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "audit_app"
    verbose_name = "Record"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit_app import receivers  # noqa: F401  (connects the sign-in signals)

        post_migrate.connect(_lay_triggers, sender=self)


def _lay_triggers(using: str, **_: Any) -> None:
    from audit_app import triggers

    triggers.install(connections[using])
