"""Lines of the contract's main design that are about seeds, the definition JSON and the two doors, named one by one."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from agents_app import loop, runs
from agents_app.chatting import ChatService
from agents_app.exceptions import AnswerEnded
from agents_app.models import AgentToolConfig, AgentType, Run
from agents_app.service import AgentFactory, ToolsService
from project.accounts import identity as identities
from tests import people
from tests.agents.test_service import wait
from tests.live import wait_for
from tools_app import calls
from tools_app.exceptions import InvalidTool
from tools_app.models import Tool, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)

DEFINITION: dict[str, Any] = {
    "name": "ping",
    "description": "Pings a host.",
    "input_schema": {
        "type": "object",
        "properties": {"host": {"type": "string", "description": "Whom to ping."}},
        "required": ["host"],
    },
    "category": "web",
    "requires_approval": True,
    "is_dangerous": False,
    "examples": [{"input": {"host": "a.example"}, "output": "pong"}],
}


@pytest.fixture
def service() -> ToolsService:
    return ToolsService(identity=identities.system(people.toolroom()))


@pytest.fixture
def seeded() -> None:
    people.alice()
    call_command("seed")


def test_a_definition_goes_in_and_comes_out_as_the_contract_has_it(service: ToolsService) -> None:
    """S4.79-88, S4.92: the definition JSON, stored and given back; the columns follow it (S4.234)."""
    tool = wait(service.register_tool({"definition": DEFINITION}))
    assert tool.written_definition() == DEFINITION
    assert (tool.name, tool.category, tool.requires_approval) == ("ping", "web", True)


@pytest.mark.parametrize("missing", ["name", "description", "input_schema", "category"])
def test_what_a_definition_needs_is_asked_for(service: ToolsService, missing: str) -> None:
    """S4.79-81, S4.13."""
    with pytest.raises(InvalidTool) as refused:
        wait(service.register_tool({k: v for k, v in DEFINITION.items() if k != missing}))
    assert {missing, "definition"} & set(refused.value.details)


def test_columns_and_definition_must_say_the_same(service: ToolsService) -> None:
    """S4.234."""
    with pytest.raises(InvalidTool, match=r".*") as refused:
        wait(service.register_tool({"definition": DEFINITION, "name": "pong"}))
    assert refused.value.code == "definition_mismatch"
    tool = wait(service.register_tool({"definition": DEFINITION}))
    Tool.objects.filter(pk=tool.pk).update(description="Changed behind the catalog's back.")
    found = wait(service.get_tool_by_name("ping"))
    assert found.written_definition()["description"] == "Changed behind the catalog's back."


@pytest.mark.usefixtures("seeded")
def test_the_seeded_tools_are_those_of_the_contract() -> None:
    """S4.135-137, S4.128: and web_search is on (S4.136)."""
    search, read, bash = (Tool.objects.get(name=name) for name in ("web_search", "read_file", "bash"))
    assert (search.category, search.tool_type, search.is_dangerous) == ("web", "builtin", False)
    assert (search.enabled, search.requires_approval) == (True, False)
    assert (read.category, read.tool_type, read.is_dangerous, read.requires_approval) == (
        *("filesystem", "builtin", True),
        True,
    )
    assert (bash.is_dangerous, bash.requires_approval) == (True, True)


PERSONAS: list[tuple[str, dict[str, Any]]] = [
    (
        "You are a brainstorming facilitator",
        {
            "name": "brainstorm",
            "display_name": "Claude the Brainstormer",
            "description": "Creative facilitator for product discovery sessions",
            "avatar_url": "\U0001f3a8",
            "avatar_color": "#f59e0b",
            "personality_traits": ["creative", "strategic", "goal-oriented"],
            "temperature": 0.8,
        },
    ),
    (
        "You are a code analysis expert",
        {
            "name": "analysis",
            "display_name": "Ana the Analyst",
            "description": "Detail-oriented code analysis expert",
            "avatar_url": "\U0001f50d",
            "avatar_color": "#3b82f6",
            "personality_traits": ["analytical", "precise", "thorough"],
            "temperature": 0.3,
        },
    ),
]


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(("begins", "fields"), PERSONAS, ids=["brainstorm", "analysis"])
def test_the_seeded_personas_are_those_of_the_contract(begins: str, fields: dict[str, Any]) -> None:
    """S4.138-154: the model is a current one (S4.144)."""
    row = AgentType.objects.get(name=fields["name"])
    assert {name: getattr(row, name) for name in fields} == fields
    assert row.model == settings.DEFAULT_MODEL
    assert row.system_prompt.startswith(begins)


def test_every_migration_can_be_taken_back() -> None:
    """S4.131-134: tables, unique names and defaults of the server; downgrade is the migration tool's."""
    loader = MigrationLoader(connection)
    ours = [m for key, m in loader.disk_migrations.items() if key[0] in ("tools_app", "agents_app")]
    stuck = [f"{m.app_label}.{m.name}" for m in ours if not all(step.reversible for step in m.operations)]
    assert (bool(ours), stuck) == (True, [])
    with connection.cursor() as cursor:
        columns = {each.name for each in connection.introspection.get_table_description(cursor, "tools")}
    assert {
        "id",
        "name",
        "description",
        "category",
        "tool_type",
        "definition",
        "enabled",
        "is_dangerous",
    } <= columns
    assert {"requires_approval", "version", "tags", "example_usage", "created_at", "updated_at"} <= columns


@pytest.mark.usefixtures("seeded")
def test_the_example_of_the_contract_runs_with_the_real_tools(service: ToolsService) -> None:
    """S4.189-193: a reviewer, three tools by name, two grants, and a client that carries them (S4.98-109)."""
    AgentType.objects.filter(name="code_reviewer").delete()
    reviewer = AgentType.objects.create(
        organization=people.toolroom(),
        name="code_reviewer",
        display_name="Reviewer",
        model="claude-opus-5-5",
        system_prompt="You review code.",
        temperature=0.2,
        max_context_tokens=50_000,
    )
    search, read, bash = (
        wait(service.get_tool_by_name(name)) for name in ("web_search", "read_file", "bash")
    )
    for tool in (search, read):
        open_ = AgentToolConfig(enabled_for_agent=True, requires_approval=False, usage_limit=-1)
        assert wait(service.assign_tool_to_agent(reviewer.pk, tool.pk, open_)) is None
    guarded = {"requires_approval": True, "denied_parameters": {"command": ["rm -rf", "sudo"]}}
    wait(service.assign_tool_to_agent(reviewer.pk, bash.pk, guarded))
    everything = wait(service.get_tools_for_agent(reviewer.pk, enabled_only=False))
    assert {each["name"] for each in everything} == {"web_search", "read_file", "bash"}
    client = wait(AgentFactory(None, service).create_agent_client("code_reviewer"))
    request = client.request([{"role": "user", "content": "Hello"}], tries=1)
    assert {each["name"] for each in request.tools} >= {"web_search", "read_file"}
    assert client.agent_type.model == "claude-opus-5-5"
    assert (request.system.startswith("You review code."), request.temperature) == (True, 0.2)
    # S4.219: the context is the budget of the history; the answer has a limit of its own.
    assert (client.agent_type.max_context_tokens, request.max_output_tokens) == (50_000, 8192)
    assert not wait(service.check_tool_allowed(reviewer.pk, "bash", {"command": "sudo rm -rf /"}))


def work_out(stop: threading.Event) -> None:
    """A worker: whatever is queued is worked out, until the test is over."""
    try:
        while not stop.wait(0.02):
            for run in Run.objects.select_related("conversation", "agent_type", "message").exclude(
                status__in=Run.FINAL
            ):
                if runs.claim(run):
                    loop.work(run)
            for call in ToolCall.objects.filter(status="queued"):
                calls.execute(call)
    finally:
        connection.close()


async def heard(chat: ChatService, messages: Any) -> list[str]:
    return [piece async for piece in chat.stream_brainstorm_message(messages)]


@pytest.mark.usefixtures("seeded")
def test_the_chat_service_streams_what_the_persona_says() -> None:
    """S4.155-160: made without a client, which comes with the first use; tools are there by themselves."""
    factory = AgentFactory(None, ToolsService(identity=people.alice().identity))
    chat = ChatService("", factory)
    assert (chat.client, chat.connected, chat.model) == (None, False, settings.DEFAULT_MODEL)
    stop = threading.Event()
    worker = threading.Thread(target=work_out, args=(stop,))
    worker.start()
    try:
        said = async_to_sync(heard)(chat, [{"role": "user", "content": "What time is it in Berlin?"}])
        assert chat.connected
        assert chat.client is not None
        offered = chat.client.request([], tries=1).tools
        assert "current_time" in {each["name"] for each in offered}
        assert ToolCall.objects.get().status == "succeeded"
        assert "Berlin" in "".join(said)
        again = async_to_sync(heard)(chat, [{"role": "user", "content": "Say hello."}])
        assert "".join(again).strip()
        assert Run.objects.values("conversation").distinct().count() == 1
    finally:
        stop.set()
        worker.join(60)


@pytest.mark.usefixtures("seeded")
def test_whoever_stops_listening_stops_the_answer() -> None:
    async def first_moment() -> None:
        waiting = asyncio.ensure_future(heard(chat, [{"role": "user", "content": "Hello"}]))
        while chat.run is None:  # noqa: ASYNC110 - it has no event, and one more line would be for this test alone
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    chat = ChatService(agent_factory=AgentFactory(None, ToolsService(identity=people.alice().identity)))
    async_to_sync(first_moment)()
    wait_for(lambda: Run.objects.get().status == "cancelled", what="the answer to be stopped")
    with pytest.raises(ValueError, match="last message"):
        async_to_sync(heard)(chat, [{"role": "assistant", "content": "Hi"}])


@pytest.mark.usefixtures("seeded")
def test_an_answer_that_fails_is_an_error_of_its_stream() -> None:
    chat = ChatService(agent_factory=AgentFactory(None, ToolsService(identity=people.alice().identity)))

    def stopped() -> None:
        wait_for(Run.objects.exists, what="a run")
        runs.cancel(Run.objects.get(), by=people.alice().identity)
        connection.close()

    thread = threading.Thread(target=stopped)
    thread.start()
    with pytest.raises(AnswerEnded):
        async_to_sync(heard)(chat, [{"role": "user", "content": "Hello"}])
    thread.join(60)
