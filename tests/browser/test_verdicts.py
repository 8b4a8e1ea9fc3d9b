"""Several people and one question: an approver changes an argument, and two of them click at the same moment."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import walking
from tests.people import Person, adam, alice, bob
from tools_app.models import Approval, ApprovalVote, ToolCall

Opened = Callable[[Person], Page]


@pytest.fixture(autouse=True)
def _files() -> None:
    folder = Path(settings.FILE_ROOTS[0])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gate.txt").write_text("The garden gate opens with tulip-77.")
    (folder / "shed.txt").write_text("The shed is never locked.")


@pytest.fixture
def inbox_of(browser: Browser, base_url: str) -> Iterator[Opened]:
    """The inbox of a person, in a window of their own."""
    with ExitStack() as windows:

        def opened(person: Person) -> Page:
            context = browser.new_context(base_url=base_url)
            windows.callback(context.close)
            page = context.new_page()
            walking.sign_in(page, person)
            page.goto("/inbox/")
            return page

        yield opened


def waiting(page: Page) -> Locator:
    return page.locator('approval-card[data-status="pending"]')


def unfold(page: Page) -> Locator:
    """The one question that waits in an inbox, open to be read."""
    # Keys pressed before the scripts have come belong to nobody.
    expect(page.locator("inbox-list:defined")).to_be_visible(timeout=walking.PATIENCE)
    expect(page.locator("[data-item]")).to_have_count(1, timeout=walking.PATIENCE)
    page.keyboard.press("j")
    expect(waiting(page)).to_be_visible(timeout=walking.PATIENCE)
    return waiting(page)


def test_who_asked_sees_what_an_approver_changed(page: Page, inbox_of: Opened) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file gate.txt")
    expect(walking.card(page)).to_be_visible(timeout=walking.PATIENCE)
    bobs = inbox_of(bob())
    card = unfold(bobs)
    card.get_by_role("button", name="Change the arguments").click()
    card.get_by_role("textbox", name="path").fill("shed.txt")
    # A yes beside what is being written would be one to what it was: neither a click nor a key gives it.
    expect(card.get_by_role("button", name="Approve")).to_have_count(0)
    expect(card.get_by_role("button", name="Deny")).to_have_count(0)
    card.focus()
    bobs.keyboard.press("a")
    card.get_by_role("button", name="Leave it as it was").click()
    expect(card.get_by_role("button", name="Approve", exact=True)).to_be_enabled()
    card.get_by_role("button", name="Change the arguments").click()
    expect(card.get_by_role("textbox", name="path")).to_have_value("shed.txt")
    card.get_by_role("button", name="Ask with these").click()

    changed = page.locator("approval-card[data-status='pending'] changed-arguments")
    expect(changed).to_be_visible(timeout=walking.PATIENCE)
    expect(changed.locator("del")).to_have_text("gate.txt")
    expect(changed.locator("ins")).to_have_text("shed.txt")
    expect(changed).to_contain_text("Bob changed the arguments")
    first = walking.call(page, "read_file").first
    expect(first.locator(".chip:visible")).to_have_text("Changed by a person", use_inner_text=True)

    # What Bob wrote is asked about like anything else, and only then it runs.
    walking.card(page).get_by_role("button", name="Approve").click()
    walking.until_answered(page)
    second = walking.call(page, "read_file").last
    second.locator("summary").first.click()
    expect(second.locator('[data-slot="call-result"]')).to_contain_text("never locked")
    expect(second.locator(".call__body changed-arguments")).to_contain_text("Bob changed the arguments")
    assert [call.status for call in ToolCall.objects.order_by("pk")] == ["blocked", "succeeded"]


def test_two_approvers_who_click_at_once_see_one_verdict(page: Page, inbox_of: Opened) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file gate.txt")
    expect(walking.card(page)).to_be_visible(timeout=walking.PATIENCE)
    windows = [inbox_of(bob()), inbox_of(adam())]
    cards = [unfold(window) for window in windows]
    for card in cards:
        # Each clicks by itself, a moment after both were told to.
        card.get_by_role("button", name="Deny").evaluate(
            "(button) => void setTimeout(() => button.click(), 700)"
        )
    for window in windows:
        item = window.locator("[data-item]").first
        expect(item).to_have_attribute("data-status", "denied", timeout=walking.PATIENCE)
    walking.until_answered(page)
    verdict = Approval.objects.get()
    assert (verdict.status, ApprovalVote.objects.count()) == ("denied", 1)
    expect(page.locator("approval-card .approval__by")).to_have_text(verdict.decided_by_name)


def asked_to_change(page: Page) -> Locator:
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file gate.txt")
    card = walking.card(page)
    expect(card).to_be_visible(timeout=walking.PATIENCE)
    card.get_by_role("button", name="Change the arguments").click()
    card.get_by_role("textbox", name="path").fill("shed.txt")
    return card


def test_a_double_click_decides_nothing_that_only_then_came_to_lie_there(page: Page) -> None:
    button = asked_to_change(page).get_by_role("button", name="Ask with these")
    button.hover()
    for _ in range(2):
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(350)
    # Nobody has decided about what is asked anew. Where the second click went depends on what the page moved.
    successor = walking.card(page)
    expect(successor.locator("changed-arguments ins")).to_have_text("shed.txt", timeout=walking.PATIENCE)
    successor.focus()
    page.keyboard.press("d")
    walking.until_answered(page)
    assert [each.status for each in Approval.objects.order_by("pk")] == ["superseded", "denied"]


def test_escape_goes_back_from_a_card_and_takes_nothing_back(page: Page) -> None:
    card = asked_to_change(page)
    page.keyboard.press("Escape")
    expect(card.get_by_role("button", name="Change the arguments")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_be_focused()
    page.keyboard.press("Escape")
    expect(walking.composer(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_be_focused()
    card.get_by_role("button", name="Change the arguments").click()
    expect(card.get_by_role("textbox", name="path")).to_have_value("shed.txt")
    assert Approval.objects.get().status == "pending"
    # What is asked anew takes over the focus of the one it stands in for.
    card.get_by_role("button", name="Ask with these").press("Enter")
    expect(walking.card(page).locator("changed-arguments ins")).to_have_text(
        "shed.txt", timeout=walking.PATIENCE
    )
    expect(walking.card(page)).to_be_focused()
