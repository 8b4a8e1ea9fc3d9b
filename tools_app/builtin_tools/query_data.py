"""query_data: answers one SQL statement over the person's own database and the files of the conversation."""

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
    name="query_data",
    description=(
        "Answers one SQL query (DuckDB's dialect) over the person's own tables and the files attached to this "
        "conversation: CSV, TSV, JSON, JSON Lines and Parquet files are tables named after the file, so that "
        "sales.csv is sales. SHOW TABLES lists them, DESCRIBE and SUMMARIZE tell what is in one. It only reads. "
        f"At most {tables.MAX_ROWS} rows come back: aggregate instead of fetching everything."
    ),
    input_schema=sql.schema("One statement, such as: SELECT region, sum(amount) FROM sales GROUP BY region"),
    category="data",
    examples=(
        {"input": {"sql": "SELECT 6 * 7 AS answer"}, "output": "| answer |\n| --- |\n| 42 |\n[1 row]"},
    ),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    return sql.answered(work, arguments, context, writes=False)


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="📊",
    idempotent=True,
    tags=("data", "sql"),
    unready=tables.readiness,
)
