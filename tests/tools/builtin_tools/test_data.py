"""query_data and change_data: tables out of files, a database of one's own, and an engine that reaches nothing else."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tools_app import arguments, builtin_tools, executors
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import ToolResult, Work, tables, workspaces
from tools_app.executors.base import Attached
from tools_app.executors.tables import program

Ask = Callable[..., ToolResult]


@pytest.fixture
def ask(settings: Settings, tmp_path: Path) -> Ask:
    if tables.readiness():
        pytest.skip(f"SQL IS NOT TESTED HERE: {tables.readiness()}")
    settings.DATA_DIR = tmp_path / "data"
    (tmp_path / "data").mkdir()

    def use(
        name: str, sql: str, *files: Attached, user: str = "7", organization: str = "1", **more: Any
    ) -> ToolResult:
        definition = builtin_tools.named(name).definition
        given = {"sql": sql, **more}
        assert arguments.problems(definition.input_schema, given) == []
        work = Work(name, "builtin", definition.as_json(), {}, attachments=files)
        context = ToolContext(name, deps={"org_id": organization, "session_id": "one", "user_id": user})
        return executors.of("builtin").execute(work, given, context)

    return use


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Attached]:
    def make(name: str, content: str | bytes, kind: str = "text/csv") -> Attached:
        path = tmp_path / os.urandom(8).hex()
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Attached(name, path, path.stat().st_size, kind)

    return make


def test_files_are_tables(ask: Ask, file: Callable[..., Attached]) -> None:
    files = (
        file("Sales 2026.csv", "region,amount\nnorth,5\nsouth,7\n"),
        file("more.tsv", "region\tamount\neast\t1\n", "text/tab-separated-values"),
        file("people.json", '[{"name": "Ann", "tags": ["a", "b"]}]', "application/json"),
        file("2nd.csv", "x\n1\n"),
        file("more.csv", "y\n2\n"),
        file("photo.png", b"\x89PNG", "image/png"),
    )
    found = ask(
        "query_data", "SELECT region, sum(amount) AS total FROM sales_2026 GROUP BY 1 ORDER BY 1", *files
    )
    assert found.text.startswith(
        "| region | total |\n| --- | --- |\n| north | 5 |\n| south | 7 |\n[2 rows]\n"
    )
    assert "Sales 2026.csv is the table sales_2026" in found.text
    assert "[Not read: photo.png: no kind of file" in found.text
    assert found.data["rows"] == [["north", 5], ["south", 7]]
    assert ask("query_data", "SELECT * FROM people, more, t_2nd, more_2", *files).data["rows"] == [
        ["Ann", '["a", "b"]', "east", 1, 1, 2]
    ]


def test_a_database_of_ones_own_stays_and_is_nobody_elses(ask: Ask, file: Callable[..., Attached]) -> None:
    sales = file("sales.csv", "region,amount\nnorth,5\n")
    assert ask("query_data", "SHOW TABLES").data["rows"] == []
    ask("change_data", "CREATE TABLE kept AS SELECT *, DATE '2026-01-02' AS day FROM sales", sales)
    assert ask("change_data", "INSERT INTO kept VALUES ('south', 7, NULL)").data["rows"] == [[1]]
    found = ask("query_data", "SELECT * FROM kept ORDER BY amount")
    assert found.data["rows"] == [["north", 5, "2026-01-02"], ["south", 7, None]]
    assert "| south | 7 | NULL |" in found.text
    for other in ({"user": "8"}, {"organization": "2"}):
        with pytest.raises(ToolFailed, match="kept does not exist"):
            ask("query_data", "SELECT * FROM kept", **other)
    with pytest.raises(ToolFailed, match="There are the tables: kept"):
        ask("query_data", "SELECT * FROM lost")


FORBIDDEN = (
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_csv('/attachments/../etc/passwd')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM read_blob('/database/*')",
    "SELECT * FROM read_json('https://example.com/x.json')",
    "SELECT * FROM duckdb_secrets()",
    "COPY (SELECT 1) TO '/tmp/out.csv'",
    "ATTACH '/tmp/other.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET memory_limit = '100GB'",
    "RESET lock_configuration",
    "CALL pragma_version()",
    "EXPORT DATABASE '/tmp/x'",
    "CREATE TABLE x AS SELECT 1",
    "DROP TABLE IF EXISTS x",
    "SELECT 1; SELECT 2",
    "BEGIN",
    "",
    ";",
    "SELECT",
    "SELECT \x00 1",
)


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_the_locked_engine_reaches_nothing_even_without_a_sandbox(sql: str, tmp_path: Path) -> None:
    """Here in this process: what holds the statement back is the engine's own lock, the first of two walls."""
    import duckdb

    secret = tmp_path / "secret.csv"
    secret.write_text("a\nroot:x\n")
    sql = sql.replace("/etc/passwd", str(secret))
    request = {"sql": sql, "writes": False, "read_only": False, "database": ":memory:", "files": []}
    limits = {"memory_mb": 200, "spill_mb": 10, "max_rows": 10, "max_bytes": 10_000}
    with pytest.raises((duckdb.Error, program.Refused)) as refused:
        program._answer(duckdb, {**request, **limits})
    assert "root:x" not in str(refused.value)


def test_the_same_through_the_tool(ask: Ask) -> None:
    for sql in (FORBIDDEN[0], FORBIDDEN[-5]):
        with pytest.raises(ToolFailed) as refused:
            ask("query_data", sql)
        assert refused.value.code == "query_failed"


@pytest.mark.parametrize(
    "sql",
    ["COPY (SELECT 1) TO 'x.csv'", "ATTACH 'other.db'", "CREATE TABLE x AS FROM read_text('/etc/passwd')"],
)
def test_writing_is_for_tables_only(ask: Ask, sql: str) -> None:
    with pytest.raises(ToolFailed):
        ask("change_data", sql)
    place = workspaces.of_person(ToolContext(deps={"org_id": "1", "user_id": "7"}))
    assert {path.name for path in place.iterdir()} <= {tables.DATABASE, f"{tables.DATABASE}.wal"}


def test_large_answers_are_cut_honestly(ask: Ask) -> None:
    found = ask("query_data", "SELECT i, repeat('x', 300) FROM range(100000) t(i)")
    assert len(found.data["rows"]) == tables.MAX_ROWS
    assert found.data["truncated"]
    assert "the first 200 rows; there are more" in found.text
    assert len(found.text) < 60_000
    wide = ask(
        "query_data",
        "SELECT repeat('y', 10000000) AS y, 9007199254740993 AS n, 'NaN'::DOUBLE AS f, 'a\\nb|' AS t",
    )
    assert "9998000 more characters" in wide.data["rows"][0][0]
    assert wide.data["rows"][0][1:3] == ["9007199254740993", "nan"]


def test_endless_and_greedy_statements_are_ended(ask: Ask) -> None:
    endless = "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r"
    with pytest.raises(ToolFailed) as ended:
        ask("query_data", endless, timeout_seconds=1)
    assert ended.value.code in ("timeout", "query_failed", "memory_limit")
    with pytest.raises(ToolFailed):
        ask("query_data", "SELECT list(i) FROM range(2000000000) t(i)", timeout_seconds=5)
    assert ask("query_data", "SELECT 1 AS x").data["rows"] == [[1]]


def test_a_broken_file_does_not_spoil_the_others(ask: Ask, file: Callable[..., Attached]) -> None:
    files = (
        file("good.csv", "x\n1\n"),
        file("bad.parquet", b"PAR1 is not enough", "application/vnd.apache.parquet"),
        file("nul.csv", b"a,b\n\x00\xff,2\n"),
        file("o\"dd 'name.csv", "z\n3\n"),
    )
    found = ask("query_data", "SELECT * FROM good, o_dd_name", *files)
    assert found.data["rows"] == [[1, 3]]
    assert "[Not read: bad.parquet:" in found.text
    with pytest.raises(ToolFailed, match=r"(?s)There are the tables: good.*bad.parquet: "):
        ask("query_data", "SELECT * FROM bad", *files)


def test_one_writes_at_a_time_and_a_dead_holder_keeps_nobody_out(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_WAIT_SECONDS", 0)
    place = workspaces.of_person(ToolContext(deps={"org_id": "1", "user_id": "7"}))
    held = os.open(f"{place}.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_SH)
    assert ask("query_data", "SELECT 1 AS x").data["rows"] == [[1]]
    with pytest.raises(ToolFailed) as busy:
        ask("change_data", "CREATE TABLE x AS SELECT 1 AS n")
    assert (busy.value.code, busy.value.retryable) == ("busy", True)
    # Whatever ends the holder closes this.
    os.close(held)
    ask("change_data", "CREATE TABLE x AS SELECT 1 AS n")
    assert ask("query_data", "SELECT * FROM x").data["rows"] == [[1]]


def test_without_a_sandbox_there_is_no_sql(settings: Settings) -> None:
    settings.SANDBOX = "off"
    assert executors.readiness("builtin", "query_data")[0] is False
