"""App configuration of the room that thinks and talks; opens the doors this room holds for the one to its left."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class AgentsConfig(AppConfig):
    name = "agents_app"
    verbose_name = "Personas and conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agents_app import attachments, receivers, runs, sentences
        from agents_app.answering import halting
        from agents_app.granted import bindings, grants, tool_search
        from agents_app.live import stream, switched
        from audit_app import actions
        from tools_app import binders, doors, finders
        from tools_app.approving import groups

        actions.register(sentences.SENTENCES)
        doors.register(
            doors.Doors(
                grant_reader=grants.read,
                grants_reader=grants.of_tools,
                progress_publisher=stream.publish_progress,
                run_reader=grants.run_is_over,
                run_ender=runs.end_after,
                file_reader=attachments.for_tools,
                privacy_reader=grants.private_tools,
                interrupter=halting.interrupt,
                switch_teller=switched.tell,
            )
        )
        finders.register_tools(tool_search.find)
        binders.register(bindings.of_call)
        groups.register_namer(grants.naming)
        receivers.connect()
        post_migrate.connect(_lay_triggers, sender=self)


def _lay_triggers(using: str, **_: Any) -> None:
    from agents_app.models import Run
    from audit_app import triggers

    triggers.install(connections[using], [triggers.final_states("runs", Run.FINAL)])
