"""Makes the wiring an installed app, so that its commands and checks are found."""

from importlib import import_module

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "project"
    verbose_name = "Toolroom"

    def ready(self) -> None:
        # The Celery app must exist before any task module, or `shared_task` binds to a default one.
        import_module("project.celery")
        import_module("project.working")
        import_module("project.checks")
