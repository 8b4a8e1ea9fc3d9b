"""What is allowed from now on, in the browser: made on the card, used, used up, made again and taken back."""

from pathlib import Path

from django.conf import settings
from playwright.sync_api import Locator, Page, expect

from tests.browser import walking
from tests.people import alice
from tools_app.models import OrganizationPolicy

DONE = 'tool-call[data-status="succeeded"]'


def test_allowed_from_now_on_used_up_and_taken_back(page: Page) -> None:
    notes = Path(settings.FILE_ROOTS[0], "notes")
    notes.mkdir(parents=True, exist_ok=True)
    for name in ("one", "two"):
        (notes / f"{name}.txt").write_text(f"This is {name}.")
    # Reading files is dangerous: only where the organization says so it is offered at all.
    OrganizationPolicy.objects.create(organization=alice().organization, standing_dangerous=True)
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file notes/one.txt")
    allow(waiting(page), uses="1")
    done(page, 1)
    walking.send(page, "Please read the file notes/two.txt")
    done(page, 2)
    spared = page.locator("[data-standing]:visible")
    expect(spared).to_contain_text(
        "Nobody was asked: Alice allows this from now on", timeout=walking.PATIENCE
    )
    # The only use is gone.
    walking.send(page, "Please read the file notes/two.txt")
    allow(waiting(page), uses="5")
    done(page, 3)
    spared.get_by_role("link", name="Show").click()
    expect(page.locator('[data-row][data-state="used_up"]')).to_contain_text(
        "1 of 1 uses", timeout=walking.PATIENCE
    )
    # A click before the scripts have come belongs to nobody.
    expect(page.locator("standing-list:defined")).to_be_visible(timeout=walking.PATIENCE)
    row = page.locator('[data-row][data-state="open"]')
    expect(row).to_contain_text("anything in “notes/”", timeout=walking.PATIENCE)
    row.get_by_role("button", name="Take back").click()
    expect(page.locator('[data-row][data-state="revoked"]')).to_contain_text(
        "Taken back by Alice", timeout=walking.PATIENCE
    )
    page.go_back()
    walking.send(page, "Please read the file notes/one.txt")
    expect(waiting(page)).to_be_visible(timeout=walking.PATIENCE)


def waiting(page: Page) -> Locator:
    return walking.card(page)


def allow(card: Locator, *, uses: str) -> None:
    expect(card).to_be_visible(timeout=walking.PATIENCE)
    card.get_by_text("And from now on, when …").click()
    expect(card.locator("[data-way]")).to_have_value("folder", timeout=walking.PATIENCE)
    card.get_by_label("How often, at most").fill(uses)
    card.get_by_role("button", name="Approve, and from now on").click()


def done(page: Page, count: int) -> None:
    expect(page.locator(DONE)).to_have_count(count, timeout=walking.PATIENCE)
    walking.until_answered(page)
