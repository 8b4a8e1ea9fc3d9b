"""A kill switch while a question waits: open pages hear of it, a yes is closed until it is lifted, then it counts."""

from playwright.sync_api import Page, expect

from tests.browser import walking
from tests.people import alice, carol, toolroom
from tools_app.governing import switches
from tools_app.models import Tool


def test_a_card_says_that_its_tool_is_stopped_and_goes_on_once_it_is_lifted(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file welcome.txt")
    card = walking.card(page)
    approve = card.get_by_role("button", name="Approve", exact=True)
    expect(approve).to_be_enabled(timeout=walking.PATIENCE)

    tool = Tool.objects.get(name="read_file", organization=toolroom())
    row = switches.throw(switches.of_tool(tool), reason="It leaks.", by=carol().identity)
    expect(card.get_by_text("Carol has stopped the tool read_file: It leaks.")).to_be_visible(
        timeout=walking.PATIENCE
    )
    expect(approve).to_be_disabled()
    expect(card.get_by_role("button", name="Deny")).to_be_enabled()

    switches.lift(row, by=carol().identity)
    expect(card.get_by_text("Stopped for now")).to_be_hidden(timeout=walking.PATIENCE)
    expect(approve).to_be_enabled()
    # What has just come to lie beneath a pointer takes no click for a moment; a person waits, too.
    expect(card).not_to_have_attribute("data-unread", "", timeout=walking.PATIENCE)
    approve.click()
    walking.until_answered(page)
