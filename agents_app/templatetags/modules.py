"""Names every script module to the browser at once: without a build, it would find them import by import."""

from functools import lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.templatetags.static import static

register = template.Library()


@register.simple_tag
def script_modules() -> list[str]:
    return [static(name) for name in _names()]


@lru_cache(maxsize=1)
def _names() -> tuple[str, ...]:
    folder = Path(settings.BASE_DIR, "static")
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.glob("js/**/*.js")))
