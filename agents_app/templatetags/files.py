"""How large a file is, as people read it."""

from __future__ import annotations

from typing import Any

from django import template

from agents_app.showing import media

register = template.Library()


@register.filter
def size_text(count: Any) -> str:
    """ "12 kB"; "" for what is no number, as in the templates that the browser fills."""
    return media.size_text(count) if isinstance(count, int) else ""
