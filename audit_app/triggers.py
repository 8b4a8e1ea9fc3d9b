"""Triggers that make the database itself refuse what the record must never suffer, on PostgreSQL and SQLite alike.

They are laid after every `migrate` rather than by a migration: SQLite loses a table's triggers whenever a later
migration rebuilds the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class Trigger:
    """Refuse `event` on `table` when `condition` (SQL over OLD and NEW, the same on both databases) holds."""

    name: str
    table: str
    event: str
    condition: str = "1 = 1"

    def create(self, vendor: str) -> str:
        """SQL to lay it; on SQLite after `drop`, since there a trigger cannot be replaced."""
        head = f"{self.name} BEFORE {self.event} ON {self.table} FOR EACH ROW WHEN ({self.condition})"
        if vendor == "postgresql":
            return f"CREATE OR REPLACE TRIGGER {head} EXECUTE FUNCTION toolroom_refuse('{self.name}')"
        return f"CREATE TRIGGER {head} BEGIN SELECT RAISE(ABORT, 'refused: {self.name}'); END"

    def drop(self, vendor: str) -> str:
        on = f" ON {self.table}" if vendor == "postgresql" else ""
        return f"DROP TRIGGER IF EXISTS {self.name}{on}"


RECORD: Final = (
    Trigger("entries_never_change", "audit_entries", "UPDATE"),
    Trigger("entries_never_go", "audit_entries", "DELETE"),
    # The one UPDATE a usage gets is the one that closes it.
    Trigger(
        "usage_closes_once", "tool_usage_audit", "UPDATE", "OLD.status IS NOT NULL OR NEW.status IS NULL"
    ),
    Trigger("usage_never_goes", "tool_usage_audit", "DELETE"),
)

_REFUSE: Final = """
CREATE OR REPLACE FUNCTION toolroom_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'refused: %', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$
"""


def final_states(table: str, finals: Iterable[str]) -> Trigger:
    """Final is final: no UPDATE takes a row of this table out of one of these statuses (G12)."""
    condition = f"OLD.status IN ({_listed(finals)}) AND NEW.status <> OLD.status"
    return Trigger(f"{table}_final", table, "UPDATE OF status", condition)


def _listed(statuses: Iterable[str]) -> str:
    return ", ".join(f"'{status}'" for status in sorted(statuses))


def unchanging(name: str, table: str, columns: Iterable[str], *, once: str = "1 = 1") -> Trigger:
    """These columns keep their values, null being one, in every row for which `once` holds."""
    changed = " OR ".join(differs(column) for column in columns)
    return Trigger(name, table, "UPDATE", f"({once}) AND ({changed})")


def differs(column: str) -> str:
    """SQL that both databases read alike: neither knows the other's `IS DISTINCT FROM` in every version."""
    return f"NEW.{column} <> OLD.{column} OR (NEW.{column} IS NULL) <> (OLD.{column} IS NULL)"


def legal_moves(name: str, table: str, moves: Mapping[str, Iterable[str]]) -> Trigger:
    """Refuse every change of status that the table of moves does not have, a way out of a final one included."""
    known = " OR ".join(
        f"(OLD.status = '{was}' AND NEW.status IN ({_listed(moves[was])}))" for was in sorted(moves)
    )
    return Trigger(name, table, "UPDATE OF status", f"NEW.status <> OLD.status AND NOT ({known})")


def never_go(name: str, table: str) -> Trigger:
    return Trigger(name, table, "DELETE")


def install(connection: BaseDatabaseWrapper, triggers: Iterable[Trigger] = RECORD) -> None:
    vendor = connection.vendor
    with connection.cursor() as cursor:
        if vendor == "postgresql":
            cursor.execute(_REFUSE)
        for trigger in triggers:
            if vendor == "sqlite":
                cursor.execute(trigger.drop(vendor))
            cursor.execute(trigger.create(vendor))


def remove(connection: BaseDatabaseWrapper, triggers: Iterable[Trigger] = RECORD) -> None:
    """Only for test databases that are emptied between tests."""
    with connection.cursor() as cursor:
        for trigger in triggers:
            cursor.execute(trigger.drop(connection.vendor))
