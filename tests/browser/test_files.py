"""Files beside a message: attached, removed, sent, shown, and read by a tool."""

from __future__ import annotations

from playwright.sync_api import FilePayload, Page, expect

from tests.browser import walking
from tests.people import alice

SALES: FilePayload = {"name": "sales.csv", "mimeType": "text/csv", "buffer": b"region,amount\nnorth,5\n"}
NOTES: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"}


def attach(page: Page, *files: FilePayload) -> None:
    page.locator("[data-attach]").set_input_files(list(files))


def test_files_go_with_the_first_message_and_with_later_ones(page: Page) -> None:
    walking.sign_in(page, alice())
    page.get_by_role("main").get_by_text("Ana the Analyst", exact=True).click()
    attach(page, SALES, NOTES)
    chips = page.locator(".tray__file")
    expect(chips).to_have_count(2)
    page.get_by_role("button", name="Remove notes.txt").click()
    expect(chips).to_have_count(1)
    walking.send(page, "What time is it?")
    page.wait_for_url("**/c/*/")
    first = page.locator('chat-message[data-role="user"]').first
    expect(first.locator(".file")).to_have_text("sales.csv22 bytes")
    walking.until_answered(page)
    attach(page, NOTES)
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    expect(chips).to_have_count(1)
    # What was attached and not sent is still there after a reload.
    expect(chips.locator("progress")).to_be_hidden()
    page.reload()
    expect(chips).to_have_text("notes.txt5 bytes")
    walking.send(page, "What time is it now?")
    expect(page.locator('chat-message[data-role="user"]').last.locator(".file")).to_have_text(
        "notes.txt5 bytes"
    )
    expect(page.locator("file-tray")).to_be_hidden()
    with page.expect_download() as download:
        page.locator(".file").first.click()
    assert download.value.path().read_bytes() == SALES["buffer"]
    walking.until_answered(page)
