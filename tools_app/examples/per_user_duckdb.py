"""Per-user DuckDB: everybody has a database of their own, behind the same tools (S0.8-10, S0.45, S0.47).

    python -m tools_app.examples.per_user_duckdb
    TOOL_MODULES=tools_app.examples.per_user_duckdb make run, then choose the factory my_database for a persona

A factory is asked in every process that needs its tools, also where the answer is only being thought about. So the
database is opened at its first use. DuckDB lets one process at a time write to a file: run one `tools` process, or
give each its own folder.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from tools_app.exceptions import ToolFailed
from tools_app.factories import RunContext, Toolkit, tool_factory, tool_method

MOST_ROWS = 200
# A model writes the statements: no files, no network, no extensions, and nothing of this can be undone by one.
LOCKED: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "lock_configuration": "true",
    "memory_limit": "256MB",
    "threads": "1",
}


class Database(Toolkit):
    """One person's database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: Any = None
        self._lock = threading.Lock()

    @tool_method(idempotent=False, category="data", icon="🦆")
    def run_sql(self, statement: str) -> dict[str, Any]:
        """Run one SQL statement in the person's own database, and get its first rows. Tables may be made and changed.

        Args:
            statement: One statement in DuckDB's SQL.
        """
        import duckdb

        try:
            found = self._cursor().execute(statement)
            rows = found.fetchmany(MOST_ROWS + 1)
        except duckdb.Error as refused:
            raise ToolFailed(f"The database says: {str(refused)[:500]}", code="sql_error") from None
        names = [column[0] for column in found.description or ()]
        shown = [dict(zip(names, row, strict=True)) for row in rows[:MOST_ROWS]]
        return {"rows": shown, "more": len(rows) > MOST_ROWS}

    @tool_method(idempotent=True, category="data", icon="🗂️")
    def list_tables(self) -> list[str]:
        """List the tables of the person's own database."""
        return [row[0] for row in self._cursor().execute("SHOW TABLES").fetchall()]

    def close(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _cursor(self) -> Any:
        """One connection for all of the person's calls; each call has a cursor of its own."""
        import duckdb

        with self._lock:
            if self._opened is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._opened = duckdb.connect(str(self.path), config=LOCKED)
            return self._opened.cursor()


@tool_factory(tools=[Database], description="A DuckDB database for each person.")
def my_database(run_context: RunContext) -> list[Any]:
    # Nobody has no database: there is no stand-in that strangers would share.
    if run_context.user_id is None or run_context.dependencies is None:
        return []
    return [Database(file_of(str(run_context.dependencies["org_id"]), run_context.user_id))]


def file_of(organization: str, user_id: str) -> Path:
    """A name that says nothing and leads nowhere, whatever the ids hold (S0.52): a keyed hash of both, as two parts."""
    parts = b"".join(
        len(part).to_bytes(4, "big") + part for part in (organization.encode(), user_id.encode())
    )
    name = hmac.new(settings.SECRET_KEY.encode(), b"per_user_duckdb" + parts, hashlib.sha256).hexdigest()[:32]
    return Path(settings.DATA_DIR) / "databases" / f"{name}.duckdb"


def _show() -> None:
    from tools_app.examples.showing import Person, Persona, say

    analyst, ann, bo = Persona(("my_database",)), Person("1"), Person("2")
    say(
        "Ann makes a table:",
        analyst.use(ann, "run_sql", statement="CREATE TABLE sales AS SELECT 42 AS total"),
    )
    say("Ann asks again, over the same connection:", analyst.use(ann, "list_tables"))
    say("Bo asks the same:", analyst.use(bo, "list_tables"))
    say("Bo guesses:", analyst.use(bo, "run_sql", statement="SELECT * FROM sales"))
    say("Bo reads files:", analyst.use(bo, "run_sql", statement="SELECT * FROM read_text('/etc/passwd')"))
    say(
        "Two files, and no name in them:",
        *sorted(path.name for path in file_of("1", "1").parent.glob("*.duckdb")),
    )


if __name__ == "__main__":
    from tools_app.examples import showing

    showing.main(_show)
