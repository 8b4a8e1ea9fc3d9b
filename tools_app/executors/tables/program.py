"""The program that answers one SQL statement, inside the sandbox: it reads a request, locks the engine, and answers.

It runs by itself, as `python -I -S -c <this text>`, with a JSON request on its standard input, and imports nothing of
the house. The engine is locked before it sees a word of the statement: no files but the ones named, no network, no
extensions, no settings. The makers of DuckDB say that SQL is code all the same: that is what the sandbox is for.
"""

from __future__ import annotations

import json
import math
import sys
import time
from typing import Any

# One statement of these kinds; PIVOT counts as several of its own.
_READING = ("SELECT", "EXPLAIN", "MULTI")
_WRITING = (*_READING, "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "CREATE", "CREATE_FUNC", "ALTER", "DROP")
_READERS = {
    "text/csv": "read_csv",
    "text/tab-separated-values": "read_csv",
    "text/plain": "read_csv",
    "application/json": "read_json",
    "application/x-ndjson": "read_json",
    "application/vnd.apache.parquet": "read_parquet",
}
_LONGEST_VALUE = 2_000
_EXACT = 2**53
Request = dict[str, Any]
Answer = dict[str, Any]


class Refused(Exception):
    """The statement is none that may be run; the model reads why."""


def main() -> None:
    request: Request = json.loads(sys.stdin.buffer.read())
    sys.path.append(request["library"])
    import duckdb

    try:
        answer = _answer(duckdb, request)
    except Refused as refused:
        answer = {"error": str(refused)}
    except (duckdb.Error, RuntimeError, UnicodeDecodeError) as broken:
        answer = {"error": str(broken)[:_LONGEST_VALUE]}
    except MemoryError:
        answer = {"error": "It needs more memory than is allowed."}
    sys.stdout.write(json.dumps(answer))


def _answer(duckdb: Any, request: Request) -> Answer:
    _require_one(duckdb, request)
    connection = _opened(duckdb, request)
    unread = [told for file in request["files"] if (told := _shown(duckdb, connection, file))]
    _lock(connection, request)
    try:
        found = connection.execute(request["sql"])
        answer = _rows(found, request) if found.description else {"columns": [], "rows": [], "more": False}
    except duckdb.CatalogException as missing:
        raise Refused("\n".join([str(missing), _there(connection), *unread])) from None
    answer["unread"] = unread
    connection.close()
    return answer


def _require_one(duckdb: Any, request: Request) -> None:
    statements = duckdb.extract_statements(request["sql"])
    if len(statements) != 1:
        raise Refused(f"Send exactly one statement; this is {len(statements)}.")
    kind = statements[0].type.name
    if kind not in (_WRITING if request["writes"] else _READING):
        raise Refused(
            f"A statement of the kind {kind} is not allowed here."
            + ("" if request["writes"] else " This tool only reads.")
        )


def _opened(duckdb: Any, request: Request) -> Any:
    """The person's own database; while another process still holds it, wait a little."""
    plain = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    config = {**plain, "allow_community_extensions": False, "python_enable_replacements": False}
    for _ in range(20):
        try:
            return duckdb.connect(request["database"], read_only=request["read_only"], config=config)
        except duckdb.IOException as locked:
            if "lock" not in str(locked).lower():
                raise
            time.sleep(0.1)
    raise Refused("Your database is in use. Try again in a moment.")


def _shown(duckdb: Any, connection: Any, file: dict[str, str]) -> str:
    """Make a table of a file; returns why it cannot be one, or ""."""
    reader = _READERS.get(file["media_type"])
    if reader is None:
        return f"{file['name']}: no kind of file that can be read as a table."
    try:
        # Both names are the house's own, and the path is quoted besides.
        relation = f"SELECT * FROM {reader}({_quoted(file['path'])})"  # noqa: S608
        connection.execute(f'CREATE TEMP VIEW "{file["table"]}" AS {relation}')
    except duckdb.Error as broken:
        return f"{file['name']}: {str(broken).splitlines()[0][:300]}"
    return ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _lock(connection: Any, request: Request) -> None:
    paths = ", ".join(_quoted(file["path"]) for file in request["files"])
    for setting in (
        f"memory_limit = '{request['memory_mb']}MB'",
        "threads = 2",
        "temp_directory = '/tmp/spill'",
        f"max_temp_directory_size = '{request['spill_mb']}MB'",
        "max_expression_depth = 500",
        f"allowed_paths = [{paths}]",
        "enable_external_access = false",
        # The last word: nothing of the above can be set again.
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def _rows(found: Any, request: Request) -> Answer:
    """As many rows as may be shown, within as many bytes; `more` says that there are others."""
    columns = [{"name": str(column[0]), "type": str(column[1])} for column in found.description]
    rows: list[list[Any]] = []
    left, more = int(request["max_bytes"]), False
    while not more and (piece := found.fetchmany(100)):
        for row in piece:
            values = [_plain(value) for value in row]
            left -= len(json.dumps(values))
            more = left < 0 or len(rows) >= request["max_rows"]
            if more:
                break
            rows.append(values)
    return {"columns": columns, "rows": rows, "more": more}


def _plain(value: Any) -> Any:
    """A value of the engine as JSON that any reader takes for the same."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    if isinstance(value, list | tuple | dict):
        value = json.dumps(value, default=str, ensure_ascii=False)
    text = str(value)
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[:_LONGEST_VALUE]}… [{len(text) - _LONGEST_VALUE} more characters]"


def _there(connection: Any) -> str:
    names = [str(row[0]) for row in connection.execute("SHOW TABLES").fetchmany(100)]
    return f"There are the tables: {', '.join(names)}." if names else "There are no tables yet."


if __name__ == "__main__":
    main()
