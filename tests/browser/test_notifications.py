"""The browser says that a question waits: after consent, while nobody looks, and nothing of what would run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import walking
from tests.people import alice, bob

# The real thing, overheard: what was shown, and the last one to be clicked. A headless page always has the focus.
OVERHEARD = """
  globalThis.shown = [];
  const Real = Notification;
  globalThis.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      shown.push(`${title} ${options.body}`);
      globalThis.last = this;
    }
  };
  document.hasFocus = () => false;
"""


@pytest.fixture
def bobs(browser: Browser, base_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=base_url, permissions=["notifications"])
    context.add_init_script(OVERHEARD)
    yield context.new_page()
    context.close()


def test_a_new_question_is_shown_and_leads_to_the_inbox(page: Page, bobs: Page) -> None:
    walking.sign_in(bobs, bob())
    bobs.goto("/notifications/")
    bobs.get_by_role("button", name="Show notifications here").click()
    expect(bobs.get_by_text("Notifications are on in this browser.")).to_be_visible()
    assert bobs.evaluate("shown") == ["Notifications are on A question that waits for you is told here."]
    # The socket listens: what comes before it would be counted, and not told.
    expect(bobs.locator("inbox-badge[data-listening]")).to_have_count(1, timeout=walking.PATIENCE)
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file secret-plan.txt")
    expect(walking.card(page)).to_be_visible(timeout=walking.PATIENCE)
    bobs.wait_for_function("shown.length > 1", timeout=walking.PATIENCE)
    told = bobs.evaluate("shown")[1]
    assert told == "Ana the Analyst asks to use read_file Requested by Alice"
    bobs.evaluate("last.onclick()")
    bobs.wait_for_url("**/inbox/?question=*")
    expect(bobs.locator("[data-item][data-open]")).to_contain_text("read_file", timeout=walking.PATIENCE)
