"""Readings: what the people and personas in the book of use are called now, a whole page of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth import get_user_model

from agents_app.models import AgentType, ModelUsage


@dataclass(frozen=True, slots=True)
class Names:
    """Those that are gone have none."""

    people: Mapping[str, str]
    personas: Mapping[int, str]

    def person(self, row: ModelUsage) -> str:
        return self.people.get(row.user_id, "")

    def persona(self, row: ModelUsage) -> str:
        return self.personas.get(row.agent_type_id, "")


def of(rows: Iterable[ModelUsage]) -> Names:
    """In two statements, however many rows there are."""
    listed = list(rows)
    ids = {int(row.user_id) for row in listed if row.user_id.isdecimal()}
    users = get_user_model().objects.in_bulk(ids)
    agents = AgentType.objects.in_bulk({row.agent_type_id for row in listed})
    return Names(
        {str(pk): user.get_full_name() or user.get_username() for pk, user in users.items()},
        {pk: str(agent) for pk, agent in agents.items()},
    )
