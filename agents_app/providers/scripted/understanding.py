"""From a request and the tools offered to the next turn: use tools, tell what came of them, ask back, or
talk."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents_app.providers import script
from agents_app.providers.base import ModelRequest
from agents_app.providers.script import Turn
from agents_app.providers.scripted import answering, asks, choosing, talk
from agents_app.providers.scripted.answering import Outcome
from agents_app.providers.scripted.asks import Ask
from agents_app.providers.scripted.choosing import Tool
from agents_app.providers.scripted.filling import Filled, fill
from agents_app.providers.scripted.values import Values
from agents_app.providers.scripted.words import stems

MOST_AT_ONCE = 8
# Requests longer than this hold pasted material; the patterns are for sentences, not linear in length.
LONGEST_READ = 2000
ASKING = "To use `"


@dataclass(slots=True)
class Step:
    """One use of one tool: the words that ask for it, and whose arguments it otherwise shares."""

    tool: Tool
    text: str
    like: "Step | None" = None

    def filled(self, earlier: str = "") -> Filled:
        own = fill(self.tool, self.text, earlier=earlier)
        if self.like is None:
            return own
        shared = self.like.filled(earlier).arguments
        missing = tuple(parameter for parameter in own.missing if parameter.name not in shared)
        return Filled({**shared, **own.arguments}, missing)


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything since the person's last words."""

    text: str
    outcomes: list[Outcome]
    rounds: int
    # Whether tools were looked for already.
    searched: bool = False
    plan: list[list[Step]] = field(default_factory=list)


def turn_for(request: ModelRequest) -> Turn:
    asked = _asked(request)
    if asked.rounds and any(outcome.failed for outcome in asked.outcomes[-_width(asked, asked.rounds - 1) :]):
        return {"say": answering.told(asked.outcomes, asked.text, left_undone=len(asked.plan) > asked.rounds)}
    if asked.rounds < len(asked.plan):
        return _act(asked)
    if request.search and not asked.searched and not asked.plan and not talk.knows(asked.text):
        return _look_for_a_tool(asked, request.search)
    if asked.outcomes:
        return {"say": answering.told(asked.outcomes, asked.text)}
    return {"say": talk.reply(asked.text, system=request.system, tools=request.tools)}


def _asked(request: ModelRequest) -> Asked:
    text, _ = script.last_request(request.messages)
    text = f"{_open_question(request.messages)}{script.without_block(text)}"[:LONGEST_READ]
    rounds, outcomes = answering.outcomes_of(request.messages)
    tools = [Tool(definition) for definition in request.tools if definition["name"] != request.search]
    # Looking for tools is no part of what was asked for: it comes before it.
    others = [outcome for outcome in outcomes if outcome.tool != request.search]
    looked = len(outcomes) > len(others)
    return Asked(text, others, rounds - looked, looked, plan(text, tools) if tools else [])


def _look_for_a_tool(asked: Asked, search: str) -> Turn:
    call = {"name": search, "arguments": {"query": asked.text.strip()[:300]}}
    return {"say": talk.before([call]), "call": [call]}


def _width(asked: Asked, number: int) -> int:
    return len(asked.plan[number]) if 0 <= number < len(asked.plan) else len(asked.outcomes)


def _act(asked: Asked) -> Turn:
    earlier = "\n".join(outcome.text for outcome in asked.outcomes)[:LONGEST_READ]
    calls: list[Mapping[str, Any]] = []
    for step in asked.plan[asked.rounds][:MOST_AT_ONCE]:
        filled = step.filled(earlier)
        if filled.missing:
            return {"say": answering.told(asked.outcomes, asked.text) + _question(step.tool, filled)}
        call = {"name": step.tool.name, "arguments": filled.arguments}
        if call not in calls:
            calls.append(call)
    return {"say": talk.before(calls), "call": calls}


def _question(tool: Tool, filled: Filled) -> str:
    wanted = []
    for parameter in filled.missing:
        described = parameter.described.rstrip(".")
        wanted.append(
            f"**{parameter.name}**" + (f" ({described[0].lower()}{described[1:]})" if described else "")
        )
    return f"{ASKING}{tool.name}` I still need {' and '.join(wanted)}. Which shall I take?"


def _open_question(messages: Sequence[Mapping[str, Any]]) -> str:
    """The earlier request, when the person's words only answer a question about it."""
    spoken = [(m.get("role"), script.text_of(m)) for m in messages if script.text_of(m)]
    if len(spoken) < 3 or spoken[-1][0] != "user":
        spoken = spoken[: max((n for n, (role, _) in enumerate(spoken) if role == "user"), default=0) + 1]
    if len(spoken) < 3 or f"{ASKING}" not in spoken[-2][1] or not spoken[-2][1].endswith("?"):
        return ""
    return f"{spoken[-3][1]} "


def plan(text: str, tools: Sequence[Tool]) -> list[list[Step]]:
    """Tools to use, stage after stage; empty where nothing fits."""
    stages = [_steps(stage, tools) for stage in asks.stages(text)]
    return [steps for steps in stages if steps]


def _steps(stage: Sequence[Ask], tools: Sequence[Tool]) -> list[Step]:
    steps: list[Step] = []
    lead = ""
    for ask in stage:
        tool = choosing.best(ask.text, tools)
        if tool is not None and not (steps and _continues(steps[-1], ask, tool)):
            steps.append(Step(tool, f"{lead}{ask.text}"))
            lead = ""
        elif not steps:
            lead += f"{ask.text}, "
        elif _is_another(steps[-1], ask):
            steps.append(Step(steps[-1].tool, ask.text, like=steps[-1]))
        else:
            steps[-1].text += f" and {ask.text}"
    return steps


def _continues(step: Step, ask: Ask, tool: Tool) -> bool:
    """More about the use just begun: it lacks something still, or is not asked for by name again."""
    return tool is step.tool and (bool(step.filled().missing) or not tool.named & set(stems(ask.text)))


def _is_another(step: Step, ask: Ask) -> bool:
    """ "and Berlin" after "the time in Tokyo": nothing but a value, and the first use lacks none."""
    if step.filled().missing or any(parameter.type == "array" for parameter in step.tool.parameters):
        return False
    values = Values(ask.text)
    if stems(re.sub(r"[^\w\s]", " ", values.prose())):
        return False
    kinds = {parameter.kind for parameter in step.tool.parameters}
    return any(values.has("quoted" if kind in ("text", "code") else kind) for kind in kinds)
