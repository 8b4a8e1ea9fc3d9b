"""What every test may use. The servers themselves are started by `tests.before_django`."""

import gc
import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import redis
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction
from django.test import TransactionTestCase

from audit_app import triggers
from tests import before_django, sharing
from tests.live import Live
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app import executors, unchanging
from tools_app.calling import leases

# A busy machine may take its time: nothing here is judged by it.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def pytest_collection_finish() -> None:
    """What is there by now stays until the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def valkey() -> Iterator[redis.Redis]:
    """The real server everything of this session talks to."""
    client = redis.Redis.from_url(before_django.VALKEY.url)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _empty_valkey(valkey: redis.Redis) -> None:
    valkey.flushall()


@pytest.fixture(scope="session", autouse=True)
def _history_may_be_flushed() -> Iterator[None]:
    """Emptying the tables between tests is the one deletion that the audit's triggers must let pass."""
    case: Any = TransactionTestCase
    teardown = case._fixture_teardown

    def without_triggers(_self: Any) -> None:
        if connection.vendor == "postgresql":
            _empty_on_postgres(_emptied())
            return
        never_go = [*triggers.RECORD, *(each for each in unchanging.guards() if each.event == "DELETE")]
        triggers.remove(connection, never_go)
        connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), _emptied()))
        triggers.install(connection, never_go)

    case._fixture_teardown = without_triggers
    yield
    case._fixture_teardown = teardown


def _emptied() -> list[str]:
    """Every table but what `migrate` itself has written: to write that anew takes longer than all the rest."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    return sorted(tables - {"django_content_type", "auth_permission"})


# Truncating makes new files for a table and its indexes: only for what many tests have filled is that the quicker way.
GROWN_BYTES = 1_048_576


def _empty_on_postgres(tables: list[str]) -> None:
    """Delete some hundred rows where Django would make some hundred files, which takes ten times as long."""
    listed = ", ".join(connection.ops.quote_name(table) for table in tables)
    with transaction.atomic(), connection.cursor() as cursor:
        # As with TRUNCATE, nobody writes a row beside it that would speak of one that is gone.
        cursor.execute(f"LOCK TABLE {listed} IN SHARE ROW EXCLUSIVE MODE")
        # In any order, and no trigger asks why.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "SELECT quote_ident(relname), pg_relation_size(oid) FROM pg_class"
            " WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace"
            " AND pg_relation_size(oid) > 0",
            [tables],
        )
        for table, size in cursor.fetchall():
            cursor.execute(f"TRUNCATE {table} CASCADE" if size > GROWN_BYTES else f"DELETE FROM {table}")


# What a test asks for when it reads or writes rows.
ROWS = frozenset({"db", "transactional_db", "live_app"})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests with the whole installation come first, so that it is started once, and one process can have them all.

    ONLY_WITH_ROWS leaves out what touches no database: on a second database it would only say the same again.
    """
    if os.environ.get("ONLY_WITH_ROWS"):
        config.hook.pytest_deselected(items=[item for item in items if not touches_rows(item)])
        items[:] = [item for item in items if touches_rows(item)]
    items.sort(key=is_live, reverse=True)
    if not os.environ.get("NO_SECOND_TRY"):
        for item in items:
            if may_try_again(item):
                item.add_marker(pytest.mark.flaky(reruns=1))


def may_try_again(item: pytest.Item) -> bool:
    """Whether a test may fail once: it is named in the summary then, and is a defect to look at.

    Processes, browsers and foreign servers on two cores of a machine nobody knows meet a pause that nobody waited for
    about once in thirty thousand tests. What races threads against each other, or draws at random, never gets a second
    try: one failure is what it looks for.
    """
    names = getattr(item, "fixturenames", ())
    if is_live(item) or "page" in names:
        return True
    marked = item.get_closest_marker("django_db")
    has_threads = bool(marked and marked.kwargs.get("transaction")) or "transactional_db" in names
    return not has_threads and not getattr(getattr(item, "obj", None), "is_hypothesis_test", False)


def pytest_itemcollected(item: pytest.Item) -> None:
    if is_live(item):
        item.add_marker(pytest.mark.xdist_group(sharing.GROUP))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> sharing.ByFile | None:
    return sharing.ByFile(config, log) if config.getvalue("dist") == "loadgroup" else None


def is_live(item: pytest.Item) -> bool:
    return "live_app" in getattr(item, "fixturenames", ())


def touches_rows(item: pytest.Item) -> bool:
    marked = item.get_closest_marker("django_db") is not None
    return marked or not ROWS.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def live_site() -> Iterator[FakeSite]:
    """A web server the tools of the live installation may reach; bound once, so that its port stays its own."""
    with fake_site() as found:
        yield found


@pytest.fixture(scope="session")
def live_session() -> Iterator[Live]:
    live = Live({})
    yield live
    live.stop()


@pytest.fixture(scope="session")
def _ended_before_its_database(django_db_setup: None, live_session: Live) -> Iterator[None]:
    """PostgreSQL drops no database that somebody is connected to."""
    yield
    live_session.stop()


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest, live_session: Live) -> None:
    """End the installation before a test that is not about it: its workers would take what the test lays out."""
    if "live_app" not in request.fixturenames:
        live_session.stop()


@pytest.fixture(autouse=True)
def _python_is_carried_out_by_its_executor() -> Iterator[None]:
    """Whatever stood in for it (the ledger of `tests.gate`) is gone with its test."""
    yield
    executors.register("python", "tools_app.executors.python.PythonExecutor")


@pytest.fixture(autouse=True)
def _leases_are_not_asked_about(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keeper of leases has a connection of its own. What a test does in one transaction does not exist there.

    On PostgreSQL it would take every call of more than a second for lost, and its tool would be told to end.
    """
    marked = request.node.get_closest_marker("django_db")
    if not (marked and marked.kwargs.get("transaction")) and "transactional_db" not in request.fixturenames:
        monkeypatch.setattr(leases.keeper, "renew", lambda: None)


@pytest.fixture
def live_app(
    transactional_db: None, live_session: Live, _ended_before_its_database: None, live_site: FakeSite
) -> Iterator[Live]:
    """The installation as processes on this test's database. What a test killed runs again after it."""
    if not live_session.is_running:
        connection.close()
        times = {"SWEEP_SECONDS": "1", "RUN_LEASE_SECONDS": "4", "CALL_LEASE_SECONDS": "4"}
        live_session.variables = {**with_this_database(), **times}
        live_session.variables["EGRESS_EXCEPTIONS"] = live_site.endpoint
        live_session.start()
    yield live_session
    for name in ("runs", "tools", "web"):
        if live_session.ended(name):
            live_session.start_again(name)


def with_this_database() -> dict[str, str]:
    """The environment of a process that is to find this test's database."""
    name = settings.DATABASES["default"]["NAME"]
    if connection.vendor == "sqlite":
        return {**os.environ, "DATABASE_URL": f"sqlite://{name}"}
    return {**os.environ, "DATABASE_URL": os.environ["DATABASE_URL"].replace("/postgres?", f"/{name}?")}
