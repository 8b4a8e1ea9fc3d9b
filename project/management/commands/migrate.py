"""Django's `migrate`, quick on an empty database: the tables are laid as the last migration leaves them.

One by one, eighty migrations make and remake tables for seconds that hold no row. Both ways end with the same schema
and the same record of what was applied, which `tests/test_migrations.py` compares on both databases. A database that
holds anything is migrated step by step, as ever.
"""

from typing import Any

from django.core.management.base import CommandParser, no_translations
from django.core.management.commands import migrate
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

# With any of these somebody wants more, or less, than a database that is up to date.
PARTIAL = ("app_label", "migration_name", "fake", "fake_initial", "plan", "check_unapplied", "prune")


class Command(migrate.Command):
    help = "Bring the database up to this code; an empty one at once, any other migration by migration."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--step-by-step", action="store_true", help="Apply every migration, also to an empty database."
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        whole = not options.pop("step_by_step") and not any(options.get(each) for each in PARTIAL)
        if whole and not connection.introspection.table_names():
            tables = lay(connection)
            if options["verbosity"] >= 1:
                self.stdout.write(f"The database was empty: {tables} models were laid at once.")
        # Finds nothing to apply then, and sends the signals that lay triggers, permissions and indexes.
        super().handle(*args, **options)


def lay(connection: BaseDatabaseWrapper) -> int:
    """Make every table as the migrations leave it, and note all of them as applied; how many models that were.

    One transaction: whoever dies here leaves an empty database behind.
    """
    connection.prepare_database()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    # From the migrations and not from the models: a change that has no migration yet must not be there.
    models = [
        model
        for model in executor.loader.project_state().apps.get_models()
        if model._meta.can_migrate(connection) and router.allow_migrate_model(connection.alias, model)
    ]
    with connection.schema_editor() as editor:
        for model in models:
            editor.create_model(model)
        executor.recorder.ensure_schema()
        for migration, _ in plan:
            executor.recorder.record_applied(migration.app_label, migration.name)
    return len(models)
