"""Ways from a page of the record to the rows it names by their ids; the page there says whether they may be seen."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html


def to_row(page: str, number: int | None, name: str = "") -> str:
    """A link to the page of one row, with its name if it has one; nothing where there is none."""
    if number is None:
        return ""
    return _link(reverse(f"admin:{page}_change", args=[number]), name or str(number))


def to_list(page: str, searched: str | None) -> str:
    """A link to a list in which this is looked for."""
    if not searched:
        return ""
    return _link(f"{reverse(f'admin:{page}_changelist')}?{urlencode({'q': searched})}", searched)


def _link(address: str, text: str) -> str:
    link = '<a class="text-primary-600 underline dark:text-primary-500" href="{}">{}</a>'
    return format_html(link, address, text)
