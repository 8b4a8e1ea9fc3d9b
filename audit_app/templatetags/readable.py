"""What a page that is only read shows of a value: words where JSON would stand for nothing."""

from __future__ import annotations

from typing import Any, Final

from django import template
from django.utils.html import strip_tags

register = template.Library()
_NOTHING: Final = frozenset({"null", "[]", "{}", "None", ""})


@register.filter
def readable(contents: Any) -> Any:
    """The contents of a read-only field as they are, or "nothing" where they say just that."""
    plain = "".join(strip_tags(str(contents)).split())
    half = plain[: len(plain) // 2]
    # Coloured JSON comes twice, for light and for dark.
    return "nothing" if plain in _NOTHING or (half in _NOTHING and plain == half * 2) else contents
