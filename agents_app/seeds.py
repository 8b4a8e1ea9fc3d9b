"""The personas an organization starts with, and which tools each is granted."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

from agents_app.models import AgentToolConfig, AgentType
from project.accounts.models import Organization
from tools_app.cataloging import seeding
from tools_app.models import Tool

REVIEW_MODEL: Final = "claude-opus-5-5"

_PERSONAS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "brainstorm",
        "display_name": "Claude the Brainstormer",
        "description": "Creative facilitator for product discovery sessions",
        "avatar_url": "\U0001f3a8",
        "avatar_color": "#f59e0b",
        "personality_traits": ["creative", "strategic", "goal-oriented"],
        "starters": ["Give me ten unusual ideas for a team day", "What time is it in Tokyo?"],
        "temperature": 0.8,
        "is_default": True,
        "system_prompt": (
            "You are a brainstorming facilitator. Help people find the question behind their question, then widen the "
            "field: offer several genuinely different directions before going deep into one. Build on what is said, "
            "name assumptions, and end with the next small step that would tell whether an idea holds."
        ),
    },
    {
        "name": "analysis",
        "display_name": "Ana the Analyst",
        "description": "Detail-oriented code analysis expert",
        "avatar_url": "\U0001f50d",
        "avatar_color": "#3b82f6",
        "personality_traits": ["analytical", "precise", "thorough"],
        "starters": [
            "What time is it?",
            "Read welcome.txt and tell me what it says",
            "What is 17.5 % of 2,480?",
        ],
        "temperature": 0.3,
        "is_default": False,
        "system_prompt": (
            "You are a code analysis expert. Work from evidence: read before you judge, quote the line you mean, "
            "separate what you saw from what you infer, and say what you did not look at. Use tools for facts such as "
            "times, numbers and file contents instead of guessing."
        ),
    },
    {
        "name": "evaluation",
        "display_name": "Eva the Evaluator",
        "description": "Weighs options against criteria and says what speaks against each",
        "avatar_url": "\u2696\ufe0f",
        "avatar_color": "#10b981",
        "personality_traits": ["fair", "critical", "structured"],
        "starters": ["Compare renting and buying for a small office", "What is (1499.90 * 12) / 52?"],
        "temperature": 0.2,
        "is_default": False,
        "system_prompt": (
            "You are an evaluation expert. Make the criteria explicit before you judge, weigh each option against each "
            "of them, say what speaks against your own conclusion, and state how sure you are and what would change it."
        ),
    },
    {
        "name": "code_reviewer",
        "display_name": "Remy the Reviewer",
        "description": "Reviews code for correctness, clarity and safety",
        "avatar_url": "\U0001f9d0",
        "avatar_color": "#8b5cf6",
        "personality_traits": ["careful", "direct", "constructive"],
        "starters": ["Review this function: def add(a, b): return a - b"],
        "temperature": 0.3,
        "is_default": False,
        "system_prompt": (
            "You are a code review expert. Look first for what is wrong, then for what is unsafe, then for what is "
            "unclear. For each finding give the place, why it matters and what to write instead. Praise what is good "
            "in one sentence, and say plainly when there is nothing to mend."
        ),
    },
)

_GRANTS: Final[dict[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "brainstorm": (("current_time", {}), ("web_search", {}), ("web_fetch", {}), ("ask_user", {})),
    "analysis": (
        ("current_time", {}),
        ("calculate", {}),
        ("read_file", {"usage_limit": 50}),
        ("web_search", {}),
        ("web_fetch", {}),
        ("list_files", {}),
        ("search_files", {"usage_limit": 50}),
        ("ask_user", {}),
        ("python", {}),
        ("query_data", {}),
        ("change_data", {}),
    ),
    "evaluation": (
        ("calculate", {}),
        ("current_time", {}),
        ("read_file", {"usage_limit": 50}),
        ("web_fetch", {}),
        ("search_knowledge", {}),
        ("add_to_knowledge", {}),
    ),
    "code_reviewer": (
        ("web_search", {"usage_limit": -1}),
        ("read_file", {}),
        ("edit_file", {"requires_approval": True}),
        ("list_files", {}),
        ("search_files", {}),
        ("write_file", {"requires_approval": True}),
        ("bash", {"requires_approval": True, "denied_parameters": {"command": ["rm -rf", "sudo"]}}),
    ),
}


def apply(organization: Organization) -> list[str]:
    """Returns the names of the personas that were written. Grants are made with their persona, and only then."""
    written = []
    for fields in _PERSONAS:
        complete = {**fields, "organization": organization, "model": _model(fields["name"])}
        complete["is_default"] = fields["is_default"] and not _has_default(organization, fields["name"])
        rows = AgentType.objects.filter(organization=organization, name=fields["name"])
        default = seeding.Default(organization, "persona", fields["name"], complete)
        if seeding.apply(default, rows, after=_granted):
            written.append(fields["name"])
    return written


def _model(name: str) -> str:
    return REVIEW_MODEL if name == "code_reviewer" else settings.DEFAULT_MODEL


def _has_default(organization: Organization, name: str) -> bool:
    return AgentType.objects.filter(organization=organization, is_default=True).exclude(name=name).exists()


def _granted(agent: AgentType) -> None:
    for position, (tool_name, config) in enumerate(_GRANTS[agent.name], start=1):
        tool = Tool.objects.filter(organization=agent.organization, name=tool_name).first()
        if tool is not None:
            defaults = {**config, "organization": agent.organization, "order_index": position}
            AgentToolConfig.objects.get_or_create(agent_type=agent, tool=tool, defaults=defaults)
