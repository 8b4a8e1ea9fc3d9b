"""ToolDefinition: what a model is shown of a tool. A value; who may use the tool is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools_app.schema import schema_tree


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    name: str
    description: str
    input_schema: Mapping[str, Any]
    category: str = ""
    examples: tuple[Mapping[str, Any], ...] = ()

    def for_model(self) -> dict[str, Any]:
        """The three fields a provider takes; our own `x-` notes (kinds of parameters) stay in the house."""
        return {
            "name": self.name,
            "description": self.description,
            "input_schema": schema_tree.mapped(self.input_schema, _without_notes),
        }

    def as_json(self) -> dict[str, Any]:
        """The definition JSON of the contract (S4.79-88), without the flags, which belong to the Tool."""
        written: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "input_schema": dict(self.input_schema),
        }
        if self.category:
            written["category"] = self.category
        if self.examples:
            written["examples"] = [dict(example) for example in self.examples]
        return written


def _without_notes(schema: dict[str, Any]) -> dict[str, Any]:
    return {keyword: value for keyword, value in schema.items() if not keyword.startswith("x-")}
