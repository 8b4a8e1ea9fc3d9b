"""What the engine makes of statements, and rules that let a model read and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests import gate
from tools_app.executors.tables import reading, reading_child

READ = [
    "SELECT 1",
    "from sales",
    "SELECT region, sum(amount) AS total, count(*) FROM sales WHERE day > DATE '2026-01-01' GROUP BY ALL ORDER BY 2",
    "WITH big AS (SELECT * FROM sales WHERE amount > 10) SELECT * FROM big JOIN shops USING (shop) UNION ALL SELECT 1",
    "SELECT upper(name) || '-' || coalesce(x, 0)::VARCHAR, row_number() OVER (ORDER BY day) FROM sales, range(3)",
    "SELECT random(), now(), [1, 2][1], {'a': 1}.a -- a remark; DROP TABLE sales",
]
WRITE = [
    "DROP TABLE sales",
    "INSERT INTO sales VALUES (1)",
    "COPY sales TO 'x.csv'",
    "ATTACH 'x.db'",
    "SET memory_limit = '1GB'",
    "PRAGMA database_list",
    "WITH gone AS (DELETE FROM sales RETURNING *) SELECT * FROM gone",
    "EXPLAIN ANALYZE DELETE FROM sales",
]
NEITHER = [
    "SELECT 1; DROP TABLE sales",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM 'sales.csv'",
    'SELECT * FROM "https://example.org/x.parquet"',
    "SELECT read_text('/etc/passwd')",
    "SELECT current_setting('memory_limit')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM query('DROP TABLE sales')",
    "SELECT nextval('numbers')",
    "SELECT sleep_ms(10)",
    "SELECT no_such_function(1)",
    "SELEC 1",
    "",
]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        *((each, "read") for each in READ),
        *((each, "write") for each in WRITE),
        *((each, "unreadable") for each in NEITHER),
    ],
    ids=lambda value: value[:40],
)
def test_the_engine_says_what_a_statement_does(statement: str, found: str) -> None:
    assert reading_child._class_of(statement) == found


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (READ[2], "read"),
        (WRITE[0], "write"),
        ("SELECT " + "(" * 9_000 + "1" + ")" * 9_000, "unreadable"),
        ("SELECT '" + "x" * 20_000 + "'", "unreadable"),
        ("SELECT '\ud800'", "unreadable"),
    ],
    ids=lambda value: value[:20].encode("ascii", "replace").decode(),
)
def test_it_is_asked_in_a_process_of_its_own(statement: str, found: str) -> None:
    assert reading.class_of(statement) == found


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("SELECT region, sum(amount) FROM sales WHERE day > DATE '2026-01-01' GROUP BY region", "read"),
        ("SELECT a LIKE 'x%', count(*), extract(year FROM d), row_number() OVER (ORDER BY d) FROM t", "read"),
        ("SELECT round(avg(x), 2) FROM t WHERE n NOT IN (1, 2) AND s ILIKE 'a%' AND x IS NULL", "read"),
        (
            "SELECT CASE WHEN a THEN -1 ELSE CAST(b AS int) END, current_date, coalesce(a, b) || 'c' FROM t",
            "read",
        ),
        ("DROP TABLE sales", "write"),
        ("SELECT 1 /*! INTO OUTFILE '/tmp/x' */", "unreadable"),
        ("SELECT 1 -- a remark", "unreadable"),
        ("SELECT 1 # a remark", "unreadable"),
        ("SELECT $$ INTO OUTFILE '/tmp/x' $$", "unreadable"),
        (r"SELECT 'a\' OR 'b'", "unreadable"),
        ("SELECT pg_sleep(100)", "unreadable"),
        ("SELECT random()", "unreadable"),
        ("SELECT version()", "unreadable"),
        ("SELECT pg_notify(a, b) OVER () FROM t", "unreadable"),
        ("SELECT * FROM generate_series(1, 3)", "unreadable"),
    ],
)
def test_of_another_engine_only_what_all_read_alike_is_sure(statement: str, found: str) -> None:
    assert reading_child._class_of(statement, foreign=True) == found


def test_which_engine_runs_it_is_told_to_the_process_that_judges() -> None:
    assert (reading.class_of("SELECT random()"), reading.class_of("SELECT random()", foreign=True)) == (
        "read",
        "unreadable",
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("grant", "read", "written"),
    [
        ({"allowed_parameters": {"sql": [{"sql_read_only": True}]}}, "", "parameter_not_allowed"),
        ({"denied_parameters": {"sql": [{"sql_read_only": True}]}}, "denied_parameter", ""),
        ({}, "", ""),
    ],
)
def test_a_rule_lets_a_model_read_and_nothing_else(grant: dict[str, Any], read: str, written: str) -> None:
    schema = {"type": "object", "properties": {"sql": {"type": "string", "x-kind": "sql"}}}
    door = gate.opened(grant, input_schema=schema)
    assert door.ask({"sql": READ[1]}).reason == read
    assert door.ask({"sql": WRITE[0]}).reason == written
    assert bool(door.ask({"sql": NEITHER[0]}).reason) is bool(grant)
