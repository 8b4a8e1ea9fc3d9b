"""The description of a real service, given to the admin in a browser, is used in a conversation."""

import json

from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from agents_app.models import AgentType
from tests import people
from tests.browser import walking
from tests.tools.executors.fake_site import FakeSite
from tests.tools.openapi import published
from tools_app import vault
from tools_app.models import Tool

FIGMA = "@figma/rest-api-spec/openapi/openapi.yaml"


def test_a_published_description_becomes_a_tool_that_is_used(
    page: Page, live_site: FakeSite, settings: Settings
) -> None:
    description = published.folder() / FIGMA
    # Beside the installation this process saves too, and the service stands on this machine.
    settings.EGRESS_EXCEPTIONS = [live_site.endpoint]
    carla, carol = people.person("carla", "admin", staff=True), people.carol()
    vault.keep("figma-token", "figd-value", hosts=[live_site.endpoint], by=carol.identity)
    live_site.says("/v1/me", b'{"handle": "narwhal"}', "Content-Type: application/json")
    walking.sign_in(page, carla)
    page.goto("/admin/tools_app/apisource/add/")
    page.locator("#id_file").set_input_files(description)
    page.get_by_role("button", name="Look at it").click()
    page.get_by_label("Address of the service").fill(live_site.url("").rstrip("/"))
    page.get_by_label("Names begin with").fill("figma")
    page.get_by_label("Secret for PersonalAccessToken").select_option("figma-token")
    page.get_by_role("searchbox", name="Search").fill("get_me")
    expect(page.locator("[data-row]:visible")).to_have_count(1, timeout=walking.PATIENCE)
    page.get_by_role("button", name="Tick all shown", exact=True).click()
    expect(page.get_by_text("1 operation is ticked.")).to_be_visible()
    page.get_by_role("button", name="Import what is ticked").click()
    expect(page.get_by_text("1 added, 0 changed, 0 archived.")).to_be_visible(timeout=walking.PATIENCE)
    tool = Tool.objects.get(name="figma_get_me")
    agent = AgentType.objects.get(name="analysis", organization=carol.organization)
    granted = carol.api().post(f"/api/agents/{agent.pk}/tools/{tool.pk}", {}, format="json")
    assert granted.status_code == 201, granted.content
    asked = [{"call": [{"name": "figma_get_me", "arguments": {}}]}, {"say": "That is who you are."}]
    walking.begin(page, f"```script\n{json.dumps(asked)}\n```")
    walking.until_answered(page)
    call = walking.call(page, "figma_get_me")
    call.locator(".call__line").click()
    expect(call.locator('[data-slot="call-result"]')).to_contain_text("narwhal")
    assert live_site.requests[-1][1]["x-figma-token"] == "figd-value"
