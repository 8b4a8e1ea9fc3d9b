"""The admin pages as they are read: how names are written, and how exact moments are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings

from audit_app.models import AuditEntry, ToolUsage
from tests import people, world
from tests.world import World
from tools_app import catalog
from tools_app.executors import sandbox

pytestmark = pytest.mark.django_db

TRAIL = re.compile(r'<(?:a|span)[^>]*tracking-tight">(.*?)</(?:a|span)\s*>', re.DOTALL)


@pytest.fixture
def now() -> World:
    return world.made()


def trail(path: str) -> list[str]:
    page = people.adam().browser().get(path).content.decode()
    return [" ".join(part.split()) for part in TRAIL.findall(page)]


def test_rows_keep_their_names_on_the_way_to_them(now: World) -> None:
    fields = {
        "name": "read_words",
        "description": "Reads.",
        "category": "web",
        "input_schema": {"type": "object", "properties": {}},
    }
    tool = catalog.register(fields, by=now.carol.identity)
    assert trail(reverse("admin:tools_app_tool_change", args=[tool.pk]))[1:] == ["Tools", "read_words"]
    assert trail(reverse("admin:agents_app_agenttype_change", args=[now.agent.pk]))[-1] == str(now.agent)
    assert trail(reverse("admin:tools_app_tool_changelist"))[-1] == "Tools"


def test_one_line_of_the_sidebar_is_where_one_is(now: World) -> None:
    browser = people.adam().browser()
    pages = ("tools_app_tool_lint", "agents_app_catalog", "tools_app_tool_changelist", "tools_app_tool_add")
    shown = {name: browser.get(reverse(f"admin:{name}")).context["sidebar_navigation"] for name in pages}
    active = {
        name: [item["title"] for group in groups for item in group["items"] if item["active"]]
        for name, groups in shown.items()
    }
    assert list(active.values()) == [["What could be better"], ["Export and import"], ["Tools"], ["Tools"]]


@pytest.mark.parametrize("tool", ["abc", "36/draft", "%00", "9" * 40])
def test_an_address_of_no_tool_leads_back(now: World, tool: str) -> None:
    browser = people.adam().browser()
    assert browser.get(f"/admin/tools_app/tool/{tool}/change/").status_code == 302
    assert browser.get(f"{reverse('admin:tools_app_toolcase_add')}?tool={tool}").status_code == 200


@pytest.mark.parametrize(("model", "moment"), [(AuditEntry, "at"), (ToolUsage, "created_at")])
def test_moments_are_told_to_the_second(now: World, model: Any, moment: str) -> None:
    usage = ToolUsage.objects.create(organization=people.toolroom(), tool_name="calculate")
    row = usage if model is ToolUsage else AuditEntry.objects.earliest("pk")
    shown = f"{getattr(row, moment):%H:%M:%S}"
    browser, name = people.adam().browser(), f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert shown in browser.get(reverse(f"{name}_changelist")).content.decode()
    assert shown in browser.get(reverse(f"{name}_change", args=[row.pk])).content.decode()


def test_the_overview_tells_which_sandbox_there_is(now: World, settings: Settings) -> None:
    browser = people.adam().browser()
    settings.SANDBOX = "off"
    page = browser.get("/admin/").content.decode()
    assert "switched the sandbox off" in page
    assert "Bubblewrap</span>:" in page
    assert "Namespaces</span>:" in page
    settings.SANDBOX = "any"
    page = browser.get("/admin/").content.decode()
    chosen = sandbox.chosen()
    assert (f">{chosen.title()}</strong>" if chosen else "no sandbox") in page
