"""The avatar of a persona, drawn the same way on cards and beside messages."""

from collections.abc import Mapping
from typing import Any

from django import template

from agents_app.showing import rendering

register = template.Library()

SIZES = ("small", "medium", "large")


@register.inclusion_tag("agents_app/_avatar.html")
def avatar(persona: Mapping[str, Any] | None, size: str = "small") -> dict[str, str]:
    """Draw a persona's sign or image; without a persona, an empty frame for the browser to fill."""
    persona = persona or {}
    sign = persona.get("avatar") or {"kind": "emoji", "value": ""}
    if isinstance(sign, str):
        sign = rendering.avatar(sign)
    name = persona.get("display_name", "")
    return {
        "kind": sign["kind"],
        "value": sign["value"] or name[:1],
        "name": name,
        "color": persona.get("avatar_color", ""),
        "size": size if size in SIZES else "small",
    }
