"""Says whether a statement of SQL only reads, as the engine parses it: a program of its own, with little to lose.

Not imported by the house. The statement comes on standard input and is never run; one word goes out. It limits itself
before it looks at the first byte: a parser is code, and whatever ends this program ends nothing else.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

# What a statement that only reads is made of; every other node of a query changes something, or is not known here.
_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_WRITING = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "CREATE", "DROP", "ALTER")
# Functions that give rows and reach nothing: no file, no setting, no secret.
_TABLES = frozenset({"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"})
_HARMLESS = frozenset({"random", "uuid", "uuidv4", "uuidv7", "gen_random_uuid"})
# What means the same and does nothing beside its result in every engine. Of any other function, only the engine that
# will run it could say so: one of the same name may sleep, write, or call out.
_EVERYWHERE = """
    + - * / % || = <> < > <= >= ~~ !~~ ~~* !~~* ~~~ like_escape not_like_escape ilike_escape not_ilike_escape
    abs array_agg avg ceil ceiling char_length coalesce concat concat_ws count count_star cume_dist date_add date_diff
    date_part date_sub date_trunc datediff dateadd day dense_rank exp extract first first_value floor greatest hour
    if ifnull json_extract json_extract_string last last_value lag lead least left length ln log lower lpad ltrim max
    median min minute mod month now nth_value ntile nullif octet_length percent_rank position pow power quantile_cont
    rank replace reverse right round row_number rpad rtrim second sign split_part sqrt stddev stddev_pop stddev_samp
    string_agg strpos substr substring sum trim upper var_pop var_samp variance week year current_date
    get_current_timestamp current_timestamp today list_value row
"""
# Where a literal or a remark ends, and whether a remark is run, engines do not agree.
_DISPUTED = ("--", "/*", "#", "\\", "$", "`")
_SYSTEM = frozenset({"current_setting", "getenv", "getvariable"})
# Of addresses, of which an engine asks for many more than it fills.
_MEGABYTES, _SECONDS = 4_096, 5


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEGABYTES * 2**20,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    foreign = sys.argv[1:] == ["foreign"]
    sys.stdout.write(_class_of(sys.stdin.buffer.read().decode(), foreign=foreign))


def _class_of(text: str, *, foreign: bool = False) -> str:
    """`foreign` is a statement that another engine will run than the one that is asked here."""
    import duckdb

    if foreign and any(each in text for each in _DISPUTED):
        return "unreadable"
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error:
        return "unreadable"
    if len(statements) != 1:
        return "unreadable"
    if statements[0].type.name != "SELECT":
        return "write"
    connection = duckdb.connect(":memory:", config={"threads": 1, "enable_external_access": False})
    row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    return "unreadable" if tree.get("error") else _of_tree(connection, tree, foreign=foreign)


def _of_tree(connection: Any, tree: Any, *, foreign: bool) -> str:
    nodes = list(_nodes(tree))
    queries = {str(node["type"]) for node in nodes if str(node.get("type", "")).endswith("_NODE")}
    if any(kind.startswith(_WRITING) for kind in queries):
        return "write"
    if not queries or not queries <= _QUERIES:
        return "unreadable"
    # A table whose name looks like a file would be read as one.
    tables = [str(node.get("table_name", "")) for node in nodes if node.get("type") == "BASE_TABLE"]
    if any(not name.replace("$", "_").replace(" ", "_").isidentifier() for name in tables):
        return "unreadable"
    giving = {_name(node["function"]) for node in nodes if node.get("type") == "TABLE_FUNCTION"}
    called = {_name(node) for node in nodes if node.get("type") == "FUNCTION"} - giving
    if foreign:
        called |= {_name(node) for node in nodes if node.get("class") == "WINDOW"}
        return "read" if not giving and called <= {*_EVERYWHERE.split()} else "unreadable"
    return "read" if giving <= _TABLES and _are_harmless(connection, called) else "unreadable"


def _are_harmless(connection: Any, names: set[str]) -> bool:
    """Whether the engine knows each as a function of values, without an effect beside its result."""
    asked = "SELECT DISTINCT function_name, has_side_effects FROM duckdb_functions() WHERE function_type <> 'table'"
    known = {(str(name).lower(), bool(effects)) for name, effects in connection.execute(asked).fetchall()}
    effective = {name for name, effects in known if effects} - _HARMLESS
    return names <= {name for name, _ in known} and not names & (effective | _SYSTEM)


def _name(node: Any) -> str:
    return str(node.get("function_name", "")).lower()


def _nodes(tree: Any) -> Iterator[Any]:
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)


if __name__ == "__main__":
    main()
