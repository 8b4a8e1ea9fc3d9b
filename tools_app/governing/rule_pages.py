"""Where the row of a rule is shown to whoever may open the administration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.urls import NoReverseMatch, reverse

from tools_app.explain.explaining import Source

# By the kind of a source: a page for the row, or a page of all of them. A grant is shown on the page of its persona.
_OF_ROW: Final[Mapping[str, str]] = {
    "tool": "admin:tools_app_tool_change",
    "persona": "admin:agents_app_agenttype_change",
    "grant": "admin:agents_app_agenttype_change",
    "organization_rule": "admin:tools_app_policyrule_change",
    "standing": "admin:tools_app_standingapproval_change",
}
_OF_ALL: Final[Mapping[str, str]] = {"organization": "admin:tools_app_organizationpolicy_changelist"}


def page_of(source: Source) -> str:
    """The address of the page; empty where the row has none."""
    name, pk = _OF_ROW.get(source.kind, ""), source.within or source.id
    listed = _OF_ALL.get(source.kind, "")
    if not listed and not (name and pk):
        return ""
    try:
        return reverse(listed) if listed else reverse(name, args=[pk])
    except NoReverseMatch:
        return ""
