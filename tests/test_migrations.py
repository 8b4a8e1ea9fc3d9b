"""An empty database gets in one step what all migrations would give it, on both databases."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.commands import migrate as djangos
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from audit_app import triggers
from project.management.commands import migrate as migrating

pytestmark = pytest.mark.django_db

TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger",
}

# What PostgreSQL knows of a schema, in its own words; only the order of columns is left out.
POSTGRES = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
               a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation::text
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
              AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'""",
    "sequences": "SELECT sequencename, data_type::text, increment_by FROM pg_sequences WHERE schemaname = 'public'",
}


def parts(statement: str) -> tuple[str, ...]:
    """The columns and constraints of a CREATE TABLE, in alphabetical order, as those added later stand last."""
    head, _, body = statement.partition("(")
    found, depth, begun = [], 0, 0
    for place, letter in enumerate(body):
        depth += (letter == "(") - (letter == ")")
        if (letter == "," and depth == 0) or depth < 0:
            found.append(" ".join(body[begun:place].split()))
            begun = place + 1
    return (head, *sorted(found), body[begun:])


def rows(database: BaseDatabaseWrapper, query: str) -> list[Any]:
    with database.cursor() as cursor:
        cursor.execute(query)
        return sorted(cursor.fetchall(), key=repr)


def schema(database: BaseDatabaseWrapper) -> dict[str, Any]:
    if database.vendor == "postgresql":
        return {name: rows(database, query) for name, query in POSTGRES.items()}
    found = rows(database, "SELECT type, name, sql FROM sqlite_master")
    return {f"{kind} {name}": parts(sql) if kind == "table" else sql for kind, name, sql in found}


def contents(database: BaseDatabaseWrapper) -> dict[str, int]:
    """How many rows each table has: a migration that writes some would be missed at once."""
    tables = sorted(database.introspection.table_names())
    return {table: rows(database, f'SELECT count(*) FROM "{table}"')[0][0] for table in tables}


def applied(database: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    return set(MigrationRecorder(database).applied_migrations())


@contextmanager
def empty_database(folder: Path) -> Iterator[BaseDatabaseWrapper]:
    """Another database in the place of the suite's, since migrations of data speak to the default one."""
    suites = connections["default"]
    other = suites.copy("default")
    name = f"laid_{uuid.uuid4().hex}"
    # The pool belongs to the name of the connection, and would lead to the suite's database.
    other.settings_dict["OPTIONS"].pop("pool", None)
    other.settings_dict["NAME"] = name if other.vendor == "postgresql" else str(folder / name)
    if other.vendor == "postgresql":
        _on_server(f"CREATE DATABASE {name}")
    connections["default"] = other
    try:
        yield other
    finally:
        connections["default"] = suites
        other.close()
        if other.vendor == "postgresql":
            _on_server(f"DROP DATABASE {name}")


def _on_server(statement: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with closing(psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)) as server:
        server.execute(statement)


def migrate(**options: Any) -> str:
    said = StringIO()
    call_command("migrate", interactive=False, stdout=said, **options)
    return said.getvalue()


def test_both_ways_give_the_same_database(tmp_path: Path) -> None:
    with empty_database(tmp_path) as database:
        assert "laid at once" in migrate(verbosity=1)
        at_once = schema(database), contents(database), applied(database)
        assert "No migrations to apply" in migrate(verbosity=1)
    with empty_database(tmp_path) as database:
        assert "laid at once" not in migrate(verbosity=1, step_by_step=True)
        step_by_step = schema(database), contents(database), applied(database)
    for one, other in zip(at_once, step_by_step, strict=True):
        assert one == other
    assert len(at_once[0]) > 5
    assert at_once[1]["django_content_type"] > 40


def test_a_death_in_between_leaves_an_empty_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with empty_database(tmp_path) as database:
        with monkeypatch.context() as patched:
            patched.setattr(MigrationRecorder, "record_applied", _dies)
            with pytest.raises(DatabaseError):
                migrate(verbosity=0)
        assert database.introspection.table_names() == []
        assert "laid at once" in migrate(verbosity=1)


def _dies(*_: object) -> None:
    raise DatabaseError("the disk is full")


@pytest.mark.parametrize(
    ("holds", "options", "laid"),
    [
        ([], {}, True),
        (["somebodys"], {}, False),
        ([], {"step_by_step": True}, False),
        ([], {"app_label": "accounts"}, False),
        ([], {"app_label": "accounts", "migration_name": "zero"}, False),
        ([], {"plan": True}, False),
        ([], {"check_unapplied": True}, False),
        ([], {"fake": True}, False),
        ([], {"fake_initial": True}, False),
        ([], {"app_label": "accounts", "prune": True}, False),
    ],
)
def test_only_an_empty_database_wanted_whole_is_laid_at_once(
    holds: list[str], options: dict[str, Any], laid: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(connection.introspection, "table_names", lambda: holds)
    monkeypatch.setattr(migrating, "lay", lambda _connection: done.append("laid"))
    monkeypatch.setattr(djangos.Command, "handle", lambda *_, **__: done.append("migrated"))
    migrate(verbosity=0, **options)
    assert done == ["laid", "migrated"][not laid :]


def test_prepare_lays_the_triggers_of_a_start_that_died_before_them() -> None:
    """Nothing is left to migrate then, and yet they must come."""
    (name, *_) = [trigger.name for trigger in triggers.RECORD]
    triggers.remove(connection)
    call_command("prepare", stdout=StringIO())
    known = rows(connection, TRIGGERS[connection.vendor])
    assert (name,) in known
