"""A tool is edited while its approval waits: nobody's yes to the old one runs the new one."""

from playwright.sync_api import Page, expect

from project.accounts import identity as identities
from tests.browser import walking
from tests.people import alice
from tools_app import catalog
from tools_app.models import Tool, ToolCall


def test_a_yes_to_a_tool_edited_meanwhile_runs_nothing(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file welcome.txt")
    first = walking.card(page)
    expect(first).to_be_visible(timeout=walking.PATIENCE)
    seen = first.get_attribute("data-digest")
    organization = alice().organization
    tool = Tool.objects.get(organization=organization, name="read_file")
    changes = {"description": f"{tool.description} It also counts the lines."}
    catalog.update(tool, changes, by=identities.system(organization), reason="Said more clearly.")
    first.get_by_role("button", name="Approve").click()
    # The old question is void and says so; what would run now is asked about anew, with a digest of its own.
    expect(page.locator("approval-card .stamp:visible").first).to_have_text(
        "Replaced", timeout=walking.PATIENCE
    )
    again = page.locator(f'approval-card[data-status="pending"]:not([data-digest="{seen}"])')
    expect(again).to_be_visible(timeout=walking.PATIENCE)
    assert not ToolCall.objects.filter(tool=tool, started_at__isnull=False).exists()
    again.get_by_role("button", name="Approve").click()
    walking.until_answered(page)
    assert ToolCall.objects.filter(tool=tool, started_at__isnull=False).count() == 1
