"""What a model said is stored whole and repeated to it with the results, through the verbs the workers call."""

from __future__ import annotations

import json

import pytest

from agents_app import conversations, loop, runs, transcript
from agents_app.answering import history
from agents_app.models import Run, Step
from tests import world
from tools_app import calls
from tools_app.models import Tool, ToolCall

pytestmark = pytest.mark.django_db(transaction=True)
SCRIPT = [
    {
        "say": "Let me count.",
        "call": [{"id": "t1", "name": "calculate", "arguments": {"expression": "1 + 1"}}],
    },
    {"say": "Two."},
]


def test_a_tool_use_and_its_result_are_repeated_to_the_model() -> None:
    made = world.made()
    Tool.objects.update(requires_approval=False)
    conversation = conversations.start(made.agent, by=made.alice.identity)
    text = f"```script\n{json.dumps(SCRIPT)}\n```"
    run = conversations.post_message(conversation, text, client_id=None, by=made.alice.identity).run
    for _ in SCRIPT:
        run = Run.objects.get(pk=run.pk)
        assert runs.claim(run)
        loop.work(run)
        for call in ToolCall.objects.filter(run_id=run.pk, status="queued"):
            calls.execute(call)
    run = Run.objects.get(pk=run.pk)
    assert run.status == "finished"
    said = transcript.build(history.exchanges(run), budget_tokens=100_000)
    assert [message["role"] for message in said] == ["user", "assistant", "user", "assistant"]
    assert [block["type"] for block in said[1]["content"]] == ["text", "tool_use"]
    given = "<tool_output>\n2\n</tool_output>"
    assert said[2]["content"][0]["content"] == [{"type": "text", "text": given}]
    assert said[3]["content"] == [{"type": "text", "text": "Two."}]
    step = Step.objects.filter(run=run, kind="model").order_by("number")[0]
    assert step.content == said[1]["content"]
    assert (step.stop_reason, step.output_tokens > 0) == ("tool_use", True)
