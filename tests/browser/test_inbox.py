"""The inbox: questions of others arrive, are walked through and decided by keys, and whoever watches sees it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from tests.browser import walking
from tests.people import alice, bob


@pytest.fixture(autouse=True)
def _file() -> None:
    folder = Path(settings.FILE_ROOTS[0])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gate.txt").write_text("The garden gate opens with tulip-77.")


@pytest.fixture
def bobs(browser: Browser, base_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=base_url)
    page = context.new_page()
    walking.sign_in(page, bob())
    yield page
    context.close()


def test_questions_arrive_and_are_decided_by_keys(page: Page, bobs: Page) -> None:
    bobs.goto("/inbox/")
    expect(bobs.get_by_text("Nothing waits for anybody")).to_be_visible()
    walking.sign_in(page, alice())
    for _ in range(2):
        walking.begin(page, "Please read the file gate.txt")
        expect(walking.card(page)).to_be_visible(timeout=20_000)
    items = bobs.locator("[data-item]")
    expect(items).to_have_count(2, timeout=20_000)
    expect(bobs).to_have_title("(2) Inbox · Toolroom", timeout=20_000)
    expect(bobs.locator('[data-slot="inbox-count"]')).to_have_text("2")

    bobs.keyboard.press("j")
    bobs.keyboard.press("j")
    expect(items.nth(0).locator("approval-card")).to_be_hidden()
    expect(items.nth(1).locator("approval-card")).to_be_focused()
    bobs.keyboard.press("k")
    expect(items.nth(0).locator("approval-card")).to_be_focused()
    bobs.keyboard.press("d")
    # It keeps its place with its verdict, and the next one is at hand.
    expect(items.nth(0)).to_have_attribute("data-status", "denied")
    expect(items.nth(1).locator("approval-card")).to_be_focused()
    expect(bobs).to_have_title("(1) Inbox · Toolroom", timeout=20_000)

    # Alice decides about the other one herself, in the chat: the inbox shows it without being asked.
    walking.card(page).get_by_role("button", name="Deny").click()
    expect(items.nth(1)).to_have_attribute("data-status", "denied", timeout=20_000)
    expect(items.nth(1).locator(".stamp:visible")).to_have_text("Denied")
    bobs.get_by_role("link", name="Decided").click()
    expect(items).to_have_count(2)
    expect(bobs.locator(".inbox-item__state").first).to_have_text(re.compile("^Denied by (Alice|Bob)$"))


def test_alike_questions_are_decided_together(page: Page, bobs: Page) -> None:
    walking.sign_in(page, alice())
    for _ in range(2):
        walking.begin(page, "Please read the file gate.txt")
        expect(walking.card(page)).to_be_visible(timeout=20_000)
    bobs.goto("/inbox/")
    items = bobs.locator("[data-item]")
    expect(items).to_have_count(2, timeout=20_000)
    bobs.keyboard.press("j")
    first = items.nth(0)
    expect(first.get_by_text("2 questions ask for exactly this")).to_be_visible(timeout=20_000)
    shown = first.locator("[data-digests] li")
    expect(shown).to_have_count(2)
    first.get_by_label("Reason or note, optional").fill("Not these")
    first.get_by_role("button", name="Deny all 2").click()
    for at in range(2):
        expect(items.nth(at)).to_have_attribute("data-status", "denied", timeout=20_000)
    expect(first.locator(".approval__signed")).to_contain_text("Not these")
    # What was decided about is still there to be read.
    expect(first.locator('[data-argument="path"] pre')).to_be_visible()
