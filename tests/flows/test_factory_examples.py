"""The six use cases of S0, each as it runs by itself and through the real gate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from agents_app import conversations, personas, toolset
from agents_app.granted import bindings
from agents_app.models import AgentType, Run
from tests import people
from tests.flows import acting, bound
from tests.flows.bound import nothing_registered  # noqa: F401
from tests.tools.executors.fake_site import fake_site
from tools_app import factories
from tools_app.clearing import clear_callable_cache
from tools_app.models import Tool as Row

EXAMPLES = (
    "per_user_duckdb",
    "multi_tenant",
    "session_scratchpad",
    "role_conditional",
    "knowledge_and_tools",
)
database = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh(nothing_registered: None, settings: Any, tmp_path: Path) -> None:  # noqa: F811
    settings.DATA_DIR = tmp_path


def example(name: str) -> Any:
    """As TOOL_MODULES loads it in a process of its own."""
    sys.modules.pop(f"tools_app.examples.{name}", None)
    return import_module(f"tools_app.examples.{name}")


SHOWN = {
    "per_user_duckdb": ["[]", "Table with name sales does not exist", "file system operations are disabled"],
    "multi_tenant": ["['find_price']\n", "Shop 2 ordered 1 drill for 66.75.", "[not_offered]"],
    "session_scratchpad": ["buy milk", "There are: none."],
    "role_conditional": ["['list_invoices', 'refund']", "[not_offered]", "was refunded by 1."],
    "knowledge_and_tools": ["Salaries: ", "Person 1 has asked for 3 days.", "Person 2 has asked for 1 days."],
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_shows_what_it_is_about(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """S0.10-14: what the command prints."""
    example(name)._show()
    printed = capsys.readouterr().out
    for words in SHOWN[name]:
        assert words in printed, printed
    assert "Salaries" not in printed.partition("Person 2")[0]


def test_one_command_is_enough(tmp_path: Path) -> None:
    """S0.15, S0.45: without an installation; and a process that ends closes what it built."""
    variables = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    command = [sys.executable, "-m", "tools_app.examples.per_user_api_keys"]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=root, env=variables, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "Ann's first task" in done.stdout
    assert "Bo's first task" in done.stdout
    assert "Person 3 has []" in done.stdout
    assert "key-of" not in done.stdout + done.stderr


@database
def test_everybody_has_a_database_of_their_own() -> None:
    """S0.8, S0.10, S0.47, S0.52: the same persona and the same words, two databases; no id in a file name."""
    module = example("per_user_duckdb")
    agent = bound.persona("my_database")
    ann, bo = people.alice().identity, people.bob().identity
    bound.said(agent, ann, "run_sql", statement="CREATE TABLE mine AS SELECT 1 AS a")
    assert json.loads(bound.said(agent, ann, "run_sql", statement="SELECT * FROM mine"))["rows"] == [{"a": 1}]
    assert bound.used(agent, bo, "run_sql", statement="SELECT * FROM mine").reason == "sql_error"
    assert bound.said(agent, bo, "list_tables") == "[]"
    names = {path.stem for path in module.file_of("1", "1").parent.glob("*.duckdb")}
    assert len(names) == 2
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)
    assert len({module.file_of(*pair) for pair in (("1", "23"), ("12", "3"), ("", "123"))}) == 3
    assert module.file_of("1", "../../etc/passwd").parent == module.file_of("1", "1").parent


@database
def test_a_model_gets_nothing_but_its_database() -> None:
    example("per_user_duckdb")
    agent = bound.persona("my_database")
    for statement in (
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/out.csv'",
        "ATTACH '/tmp/other.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ):
        call = bound.used(agent, people.alice().identity, "run_sql", statement=statement)
        assert call.reason == "sql_error", statement
    many = bound.said(agent, people.alice().identity, "run_sql", statement="SELECT * FROM range(1000000)")
    assert json.loads(many)["more"]


@database
def test_what_a_tenant_has_is_the_tenants_affair(monkeypatch: pytest.MonkeyPatch) -> None:
    """S0.11, S0.40: by the id the server sets; nothing that a message brings makes more of it."""
    module = example("multi_tenant")
    monkeypatch.setitem(module.PLANS, str(people.elsewhere().pk), "partner")
    ours = bound.persona("shop_tools", callable_cache_key="tenant")
    theirs = bound.persona("shop_tools", organization=people.elsewhere(), callable_cache_key="tenant")
    ann, mallory = people.alice().identity, people.mallory().identity
    assert json.loads(bound.said(ours, ann, "find_price", product="drill"))["price"] == 89.0
    assert json.loads(bound.said(theirs, mallory, "find_price", product="drill"))["price"] == 66.75
    assert bound.said(theirs, mallory, "order", product="saw").startswith(f"Shop {people.elsewhere().pk}")
    assert bound.used(ours, ann, "order", product="saw").reason == "not_offered"
    run = bound.begin(ours, ann, "find_price", product="saw")
    run.tool_context = {"plan": "partner"}
    assert [each.definition.name for each in toolset.of(ours, ann, run)] == ["find_price"]


@database
def test_a_scratchpad_is_gone_with_its_conversation() -> None:
    """S0.12, S0.39."""
    example("session_scratchpad")
    agent, ann = bound.persona("scratchpad", callable_cache_key="session"), people.alice().identity
    talk = conversations.start(agent, by=ann)
    first = bound.in_conversation(talk, ann, "write_note", name="plan", text="buy milk")
    assert bound.carried_out(first).result_text == "Kept plan."
    bound.advanced(first.pk)
    assert (
        bound.carried_out(bound.in_conversation(talk, ann, "read_note", name="plan")).result_text
        == "buy milk"
    )
    assert bound.used(agent, ann, "read_note", name="plan").reason == "not_found"
    with factories.lent(of(agent)) as built:
        folder = built.tools["read_note"].function.__self__.folder  # type: ignore[attr-defined]
        assert folder.is_dir()
        clear_callable_cache(user_id=ann.user_id)
        assert folder.is_dir()
    assert not folder.exists()


@database
def test_which_tools_there_are_depends_on_the_role() -> None:
    """S0.13, S0.36, S0.37, S3.103: at the next answer after a change, and the gate refuses by itself."""
    example("role_conditional")
    agent = bound.persona("invoice_tools", cache_callables=False)
    alice, adam = people.alice().identity, people.adam().identity
    run = bound.begin(agent, adam, "refund", invoice=3)
    acting.approve(acting.question(run), bound.fresh(adam))
    assert bound.carried_out(run).result_text == f"Invoice 3 was refunded by {adam.user_id}."
    assert json.loads(bound.said(agent, alice, "list_invoices", limit=1)) == [
        {"number": 1, "organization": str(alice.organization_id)}
    ]
    call = acting.only_call(bound.begin(agent, alice, "refund", invoice=3))
    assert (call.status, call.reason) == ("blocked", "missing_permission")


@database
def test_knowledge_and_tools_both_come_from_factories() -> None:
    """S0.14, S0.31, S0.46."""
    example("knowledge_and_tools")
    agent = bound.persona("handbook", "holiday_requests")
    assert bound.said(agent, people.alice().identity, "request_holiday", days=3).endswith("asked for 3 days.")
    assert bound.said(agent, people.alice().identity, "request_holiday", days=2).endswith("asked for 5 days.")
    search = Row.objects.get(name="search_knowledge", organization=people.toolroom())
    personas.grant(agent, search, {}, by=people.adam().identity)
    wanted = "holiday and salaries"
    found = bound.said(agent, people.alice().identity, "search_knowledge", query=wanted)
    assert "28 days of holiday" in found
    assert "handbook/holidays" in found
    assert "Salaries" not in found
    assert "three percent" in bound.said(agent, people.adam().identity, "search_knowledge", query=wanted)


@database
def test_everybody_calls_a_service_with_their_own_key(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S0.15: the key is in no argument, result or record; who has none has no tool."""
    example("per_user_api_keys")
    alice, bob, carol = people.alice().identity, people.bob().identity, people.carol().identity
    (tmp_path / "keys.json").write_text(json.dumps({alice.user_id: "key-of-ann", bob.user_id: "key-of-bo"}))
    with fake_site() as site:
        settings.EGRESS_EXCEPTIONS = [site.endpoint]
        monkeypatch.setenv("USER_KEYS_FILE", str(tmp_path / "keys.json"))
        monkeypatch.setenv("USER_KEYS_SERVICE", f"http://{site.endpoint}")
        agent = bound.persona("task_tools")
        seen = []
        for who in (alice, bob):
            call = bound.used(agent, who, "my_tasks", limit=1)
            assert "key-of" not in f"{call.arguments} {call.result_text} {call.reason_text}"
            seen.append(site.requests[-1][1]["authorization"])
    assert seen == ["Bearer key-of-ann", "Bearer key-of-bo"]
    assert bound.used(agent, carol, "my_tasks").reason == "not_offered"


def of(agent: AgentType, who: Any = None, factory: str = "") -> Any:
    """The binding of a persona's factory for somebody's newest run."""
    who = who or people.alice().identity
    run = Run.objects.filter(user_id=who.user_id).select_related("conversation").order_by("-pk").first()
    made = bindings.of_run(agent, bindings.asking(agent, who, run), run)
    return next(each for each in made if not factory or each.factory == factory)
