"""Which of the offered tools a request means, by what the tools say of themselves. None, if none fits
well."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agents_app.providers.scripted.parameters import Parameter, parameters_of
from agents_app.providers.scripted.values import Values
from agents_app.providers.scripted.words import stems

REFERS_BACK = re.compile(
    r"\b(?:it|its|that|this|them|those|these|result|results|content|contents|answer)\b", re.IGNORECASE
)


class Tool:
    """An offered tool and the words it is known by."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.name = str(definition.get("name", ""))
        self.description = str(definition.get("description", ""))
        self.parameters: list[Parameter] = parameters_of(definition)

    @cached_property
    def named(self) -> frozenset[str]:
        return frozenset(stems(self.name.replace("_", " ")))

    @cached_property
    def described(self) -> frozenset[str]:
        texts = [self.description]
        for parameter in self.parameters:
            texts += [parameter.name.replace("_", " "), parameter.described]
            texts += [str(member) for member in parameter.schema.get("enum", ())]
        return frozenset(stems(" ".join(texts)))

    @property
    def shaped(self) -> list[Parameter]:
        return [parameter for parameter in self.parameters if parameter.is_shaped]


@dataclass(frozen=True, slots=True)
class Fit:
    tool: Tool
    score: float


def best(text: str, tools: Sequence[Tool]) -> Tool | None:
    fits = [fit for tool in tools if (fit := _fit(text, tool)) is not None]
    return max(fits, key=lambda fit: fit.score).tool if fits else None


def _fit(text: str, tool: Tool) -> Fit | None:
    values = Values(text)
    wanted = stems(values.prose())
    if re.search(rf"(?<![\w-]){re.escape(tool.name)}(?![\w-])", text) and (
        "_" in tool.name or f"`{tool.name}`" in text
    ):
        return Fit(tool, 100 + _shape_score(values, tool))
    by_name = sum(1 for word in set(wanted) if word in tool.named)
    by_text = sum(1 for word in set(wanted) if word in tool.described - tool.named)
    shape = _shape_score(values, tool)
    strange = [word for word in wanted if word not in tool.named | tool.described]
    covered = 1 - len(strange) / max(1, len(wanted))
    enough = covered >= 0.3 if by_name else by_text >= 2 and covered >= 0.5
    shaped = (shape >= 3 and (by_text or by_name or len(strange) <= 1)) or (shape and by_text and not strange)
    if not enough and not shaped:
        return None
    if _lacks_shape(values, tool) and by_name < 2 and not REFERS_BACK.search(text):
        return None
    return Fit(tool, 3 * by_name + by_text + shape + covered)


def _shape_score(values: Values, tool: Tool) -> float:
    """A value of just the kind a tool demands says more than any word."""
    return sum((3.0 if p.required else 1.5) for p in tool.shaped if values.has(p.kind))


def _lacks_shape(values: Values, tool: Tool) -> bool:
    if values.has("json"):
        return False
    return any(p.required and not values.has(p.kind) for p in tool.shaped)
