"""What the tools that speak SQL have in common: the text of a table, and what a model is told beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tools_app.context import ToolContext
from tools_app.executors import tables
from tools_app.executors.base import ToolResult, Work

_WIDEST = 200


def schema(statement: str) -> dict[str, Any]:
    """The parameters of such a tool; `statement` says what the one SQL statement may be."""
    return {
        "type": "object",
        "properties": {
            "sql": {
                "type": "string",
                "description": statement,
                "minLength": 1,
                "maxLength": 20_000,
                "x-kind": "sql",
            },
            "timeout_seconds": {
                "type": "integer",
                "description": "Seconds after which it is ended. Default: 30.",
                "minimum": 1,
                "maximum": 300,
            },
        },
        "required": ["sql"],
        "additionalProperties": False,
    }


def answered(work: Work, arguments: Mapping[str, Any], context: ToolContext, *, writes: bool) -> ToolResult:
    query = tables.Query(
        sql=str(arguments["sql"]),
        files=work.attachments,
        writes=writes,
        seconds=int(arguments.get("timeout_seconds", 30)),
    )
    table = tables.ask(query, context)
    data = {"columns": table.columns, "rows": table.rows, "truncated": table.more}
    return ToolResult("\n".join(_lines(table, work)), data)


def _lines(table: tables.Table, work: Work) -> Iterable[str]:
    if table.columns:
        yield _row(column["name"] for column in table.columns)
        yield _row("---" for _ in table.columns)
        yield from (_row(map(_cell, row)) for row in table.rows)
        yield _count(table)
    else:
        yield "Done."
    if work.attachments:
        told = ", ".join(
            f"{name} is the table {table}" for name, table in tables.names(work.attachments).items()
        )
        yield f"[Attached files: {told}]"
    yield from (f"[Not read: {told}]" for told in table.unread)


def _count(table: tables.Table) -> str:
    if table.more:
        return (
            f"[the first {len(table.rows)} rows; there are more: aggregate, filter or use LIMIT and OFFSET]"
        )
    return f"[{len(table.rows)} {'row' if len(table.rows) == 1 else 'rows'}]"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Any) -> str:
    """On one line, and short: the whole value is in the data."""
    text = "NULL" if value is None else str(value).replace("\n", " ").replace("|", "\\|")
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"
