"""change_data: changes the person's own database by one SQL statement. A tool of its own, so that a grant decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools_app.builtin_tools import sql
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.executors import tables
from tools_app.executors.base import ToolResult, Work

DEFINITION = ToolDefinition(
    name="change_data",
    description=(
        "Changes the person's own database by one SQL statement (DuckDB's dialect): CREATE TABLE, also AS SELECT "
        "from an attached file, INSERT, UPDATE, DELETE, ALTER or DROP. What is stored stays for later conversations "
        "of the same person; query_data reads it."
    ),
    input_schema=sql.schema("One statement, such as: CREATE TABLE sales_2026 AS SELECT * FROM sales"),
    category="data",
    examples=({"input": {"sql": "CREATE TABLE notes (day DATE, text VARCHAR)"}, "output": "Done."},),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    return sql.answered(work, arguments, context, writes=True)


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="🗃️",
    requires_approval=True,
    tags=("data", "sql"),
    unready=tables.readiness,
)
