"""ToolsService and AgentFactory under the contract's own names (S4.89-109, S4.189-193)."""

import inspect
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from pytest_django.fixtures import Settings

from agents_app import personas
from agents_app.exceptions import AgentDisabled, AgentNotFound, InvalidGrant, InvalidUsage
from agents_app.models import AgentToolConfig, AgentType
from agents_app.service import AgentFactory, ToolsService
from audit_app.models import ToolUsage
from project.accounts import identity as identities
from project.accounts.exceptions import NotAllowed
from tests import people
from tools_app import catalog
from tools_app.exceptions import InvalidTool, UnknownTool
from tools_app.models import Tool

pytestmark = pytest.mark.django_db(transaction=True)

SEVEN = [
    "get_tools_for_agent",
    "get_tool_by_name",
    "register_tool",
    "update_tool",
    "assign_tool_to_agent",
    "check_tool_allowed",
    "audit_tool_usage",
]


def wait(coroutine: Any) -> Any:
    async def whole() -> Any:
        return await coroutine

    return async_to_sync(whole)()


@pytest.fixture
def service() -> ToolsService:
    return ToolsService(identity=identities.system(people.toolroom()))


@pytest.fixture
def reviewer(service: ToolsService) -> AgentType:
    """The contract's own example: a reviewer with a built-in tool and a guarded shell."""
    by = service.identity
    command = {"type": "string", "x-kind": "command"}
    schema = {"type": "object", "properties": {"command": command}, "required": ["command"]}
    catalog.register(
        {"name": "calculate", "description": "Adds.", "category": "math", "tool_type": "builtin"}
        | {"input_schema": {"type": "object", "properties": {"expression": {"type": "string"}}}},
        by=by,
    )
    bash = {"name": "bash", "description": "Runs a command.", "category": "code", "tool_type": "builtin"}
    catalog.register(bash | {"input_schema": schema}, by=by)
    return personas.register(
        {
            "name": "code_reviewer",
            "model": "claude-opus-5-5",
            "system_prompt": "You are a code review expert.",
        },
        by=by,
    )


def equip(service: ToolsService, reviewer: AgentType) -> None:
    calculate, bash = wait(service.get_tool_by_name("calculate")), wait(service.get_tool_by_name("bash"))
    config = AgentToolConfig(enabled_for_agent=True, requires_approval=False, usage_limit=-1)
    wait(service.assign_tool_to_agent(reviewer.pk, calculate.pk, config))
    guarded = AgentToolConfig(
        enabled_for_agent=True, requires_approval=True, denied_parameters={"command": ["rm -rf", "sudo"]}
    )
    wait(service.assign_tool_to_agent(agent_type_id=reviewer.pk, tool_id=bash.pk, config=guarded))


def test_the_service_has_exactly_the_seven_coroutines() -> None:
    methods = {
        name for name, _ in inspect.getmembers(ToolsService, inspect.isfunction) if not name.startswith("_")
    }
    assert methods == set(SEVEN)
    assert all(inspect.iscoroutinefunction(getattr(ToolsService, name)) for name in SEVEN)
    assert inspect.iscoroutinefunction(AgentFactory.create_agent_client)


def test_the_reviewer_of_the_contract_carries_its_tools(
    service: ToolsService, reviewer: AgentType, settings: Settings
) -> None:
    # Whatever this machine has: without a sandbox bash is granted, and not offered.
    settings.SANDBOX = "off"
    equip(service, reviewer)
    offered = wait(service.get_tools_for_agent(reviewer.pk))
    assert [tool["name"] for tool in offered] == ["calculate"]
    assert set(offered[0]) == {"name", "description", "input_schema"}
    everything = wait(service.get_tools_for_agent(reviewer.pk, enabled_only=False))
    assert [tool["name"] for tool in everything] == ["bash", "calculate"]
    client = wait(AgentFactory(None, service).create_agent_client("code_reviewer"))
    assert [carried.tool.name for carried in client.offer.tools] == ["calculate"]
    assert client.agent_type.system_prompt == "You are a code review expert."


def test_the_gate_is_asked(service: ToolsService, reviewer: AgentType) -> None:
    def allowed(name: str, parameters: Any = None) -> bool:
        return bool(wait(service.check_tool_allowed(reviewer.pk, name, parameters)))

    assert not allowed("calculate", {"expression": "1"})
    equip(service, reviewer)
    assert allowed("calculate", {"expression": "1"})
    assert allowed("calculate"), "none counts as empty"
    assert not allowed("calculate", {"expression": 1})
    assert not allowed("calculate", {"expression": object()})
    assert not allowed("teleport")
    Tool.objects.filter(name="calculate").update(requires_approval=True)
    assert allowed("calculate"), "a person may still say yes"
    Tool.objects.filter(name="calculate").update(enabled=False)
    assert not allowed("calculate")


def test_denied_values_are_refused(service: ToolsService, reviewer: AgentType) -> None:
    equip(service, reviewer)
    calculate = wait(service.get_tool_by_name("calculate"))
    wait(
        service.assign_tool_to_agent(reviewer.pk, calculate.pk, {"denied_parameters": {"expression": ["1"]}})
    )
    assert not wait(service.check_tool_allowed(reviewer.pk, "calculate", {"expression": "1"}))
    assert wait(service.check_tool_allowed(reviewer.pk, "calculate", {"expression": "2"}))


def test_tools_are_registered_and_updated_by_the_catalog(service: ToolsService) -> None:
    schema = {"type": "object", "properties": {}}
    sent = {"name": "ping", "description": "Pings.", "category": "web", "input_schema": schema}
    tool = wait(service.register_tool(sent))
    assert wait(service.update_tool(tool.pk, {"enabled": False})).enabled is False
    with pytest.raises(InvalidTool):
        wait(service.update_tool(tool.pk, {"organization_id": 1}))
    with pytest.raises(UnknownTool):
        wait(service.update_tool(tool.pk + 1, {}))
    assert wait(service.get_tool_by_name("pong")) is None


def test_a_use_is_recorded_and_closed(service: ToolsService, reviewer: AgentType) -> None:
    told = {"expression": "1", "api_key": "sk-1234567890abcdef1234"}
    wait(
        service.audit_tool_usage(
            "s-1", reviewer.pk, "calculate", told, {"text": "1"}, "success", 12, tokens_used=3
        )
    )
    usage = ToolUsage.objects.get()
    assert (usage.session_id, usage.status, usage.execution_time_ms, usage.tokens_used) == (
        "s-1",
        "success",
        12,
        3,
    )
    assert (usage.agent_name, usage.tool_name, usage.user_name) == ("Code Reviewer", "calculate", "Toolroom")
    assert usage.parameters == {"expression": "1", "api_key": "[hidden]"}
    wait(service.audit_tool_usage("s-1", 999, "gone", None, None, "failed", 0, error_message="It is gone."))
    assert ToolUsage.objects.of_session("s-1").count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "running"},
        {"execution_time_ms": -1},
        {"session_id": "x" * 51},
        {"user_id": "somebody else"},
    ],
)
def test_a_use_that_cannot_be_is_refused(wrong: dict[str, Any], service: ToolsService) -> None:
    said: dict[str, Any] = {
        "session_id": "s",
        "agent_type_id": 1,
        "tool_name": "t",
        "parameters": {},
        "result": {},
        "status": "success",
        "execution_time_ms": 1,
    }
    with pytest.raises(InvalidUsage) as refused:
        wait(service.audit_tool_usage(**said | wrong))
    assert list(refused.value.details) == list(wrong)
    assert not ToolUsage.objects.exists()


def test_unknown_and_switched_off_personas_are_named_errors(
    service: ToolsService, reviewer: AgentType
) -> None:
    factory = AgentFactory(tools_service=service)
    with pytest.raises(AgentNotFound):
        wait(factory.create_agent_client("nobody"))
    with pytest.raises(AgentNotFound):
        wait(service.get_tools_for_agent(reviewer.pk + 1))
    AgentType.objects.update(enabled=False)
    with pytest.raises(AgentDisabled):
        wait(factory.create_agent_client("code_reviewer"))


def test_a_grant_the_gate_could_not_keep_is_refused(service: ToolsService, reviewer: AgentType) -> None:
    bash = wait(service.get_tool_by_name("bash"))
    with pytest.raises(InvalidGrant):
        wait(service.assign_tool_to_agent(reviewer.pk, bash.pk, AgentToolConfig(usage_limit=-2)))


def test_the_service_may_what_its_identity_may(service: ToolsService, reviewer: AgentType) -> None:
    mallory, alice = (
        ToolsService(identity=people.mallory().identity),
        ToolsService(identity=people.alice().identity),
    )
    assert wait(mallory.get_tool_by_name("bash")) is None
    with pytest.raises(AgentNotFound):
        wait(mallory.get_tools_for_agent(reviewer.pk))
    assert not wait(mallory.check_tool_allowed(reviewer.pk, "calculate"))
    with pytest.raises(NotAllowed):
        wait(alice.register_tool({"name": "x", "description": "x", "category": "x", "input_schema": {}}))


def test_without_an_identity_the_house_speaks_in_its_first_organization() -> None:
    people.toolroom()
    assert wait(ToolsService().get_tool_by_name("bash")) is None
