"""App configuration of the tool room."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections
from django.db.models.signals import post_migrate


class ToolsConfig(AppConfig):
    name = "tools_app"
    verbose_name = "Tools"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit_app import actions
        from tools_app import (
            finders,
            receivers,  # noqa: F401  (connects "call queued -> execute_call")
            sentences,
        )
        from tools_app.governing import installation_policy
        from tools_app.knowing import knowledge_tools

        actions.register(sentences.SENTENCES)
        finders.register_knowledge(knowledge_tools.find, knowledge_tools.keep)
        installation_policy.tell_if_unreadable()
        if settings.TOOL_MODULES:
            from tools_app import functions

            functions.load(settings.TOOL_MODULES)
        post_migrate.connect(_lay_triggers, sender=self)
        post_migrate.connect(_lay_index, sender=self)


def _lay_index(using: str, **_: Any) -> None:
    from tools_app.knowing import text_index

    text_index.install(connections[using])


def _lay_triggers(using: str, **_: Any) -> None:
    from audit_app import triggers
    from tools_app import unchanging

    triggers.install(connections[using], unchanging.guards())
