"""The seed's own example (S4.192): forbidden texts of a command are expressible, labelled, and never the only guard."""

from __future__ import annotations

import pytest

from agents_app.models import AgentToolConfig, AgentType
from tests import people
from tests.flows import acting
from tools_app.models import Tool

pytestmark = pytest.mark.django_db
RULE = {"command": ["rm -rf", "sudo"]}


def test_it_is_labelled_and_cannot_be_all_that_protects() -> None:
    carol = people.carol()
    acting.seeded()
    agent = AgentType.objects.get(name="code_reviewer")
    tool = Tool.objects.get(name="bash")
    tools = carol.api().get(f"/api/agents/{agent.pk}/tools").json()
    rows = tools["results"] if isinstance(tools, dict) else tools
    (bash,) = [row for row in rows if row["name"] == "bash"]
    assert bash["grant"]["denied_parameters"] == RULE
    assert bash["grant"]["advisory"] == ["command"]
    assert {row["name"]: row["grant"]["advisory"] for row in rows}["read_file"] == []
    page = people.adam().browser().get(f"/admin/agents_app/agenttype/{agent.pk}/change/").content.decode()
    assert "forbidden texts can be written otherwise" in page
    Tool.objects.filter(pk=tool.pk).update(is_dangerous=False, requires_approval=False)
    AgentToolConfig.objects.filter(agent_type=agent, tool=tool).delete()
    answer = carol.api().post(
        f"/api/agents/{agent.pk}/tools/{tool.pk}", {"denied_parameters": RULE}, format="json"
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_grant")
