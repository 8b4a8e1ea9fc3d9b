"""`make shots`: the pictures of the README, taken of a fresh installation that is really used.

It starts as `make run` starts it, on a folder of its own, and is gone afterwards.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests import chromium
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "static" / "readme"
WISH = "What time is it in Berlin? And please read welcome.txt."
PATIENCE = 30_000
# Whatever the shell of the caller is set to, the pictures show the product as it comes.
LEFT_OUT = ("ANTHROPIC_", "DATABASE_URL", "REDIS_URL", "DEBUG", "TESTING", "FILE_ROOTS")
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@contextmanager
def installation() -> Iterator[tuple[str, str]]:
    """Address and password of an installation that lives as long as the block."""
    folder = Path(tempfile.mkdtemp(prefix="toolroom-shots-"))
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    variables = {**kept, "DATA_DIR": str(folder), "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "project.launch"], cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        if not any(line.startswith("Ready:") for line in process.stdout):
            raise RuntimeError("The installation did not start.")
        yield f"http://127.0.0.1:{port}", (folder / "admin-password").read_text().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def sign_in(page: Page, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("persona-picker:defined")).to_be_visible(timeout=PATIENCE)


def ask(page: Page) -> None:
    """Begin the conversation of the first minute and stop where a person has to decide."""
    page.get_by_role("main").get_by_text("Ana the Analyst", exact=True).click()
    page.get_by_role("textbox", name="Message", exact=True).fill(WISH)
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/*/")
    settled(page, 'tool-call[data-status="succeeded"]')
    settled(page, 'approval-card[data-status="pending"]')


def settled(page: Page, selector: str) -> None:
    expect(page.locator(selector)).to_be_visible(timeout=PATIENCE)
    # Movements of the page take less than this.
    page.wait_for_timeout(900)


def take(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled", caret="hide")
    print(f"{name}.png", flush=True)


def desk(browser: Browser, url: str, password: str) -> BrowserContext:
    context = browser.new_context(base_url=url, viewport=DESK, color_scheme="light", locale="en-GB")
    page = context.new_page()
    sign_in(page, password)
    page.wait_for_timeout(900)
    take(page, "personas")
    ask(page)
    take(page, "thread")
    return context


def phone(browser: Browser, url: str, at_desk: BrowserContext) -> None:
    """The same conversation, looked at by the same person elsewhere, before the verdict."""
    address = at_desk.pages[0].url
    context = browser.new_context(
        base_url=url,
        viewport=PHONE,
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        color_scheme="dark",
        locale="en-GB",
        storage_state=at_desk.storage_state(),
    )
    page = context.new_page()
    page.goto(address)
    settled(page, 'approval-card[data-status="pending"]')
    take(page, "thread-dark-phone")


def main() -> int:
    PICTURES.mkdir(parents=True, exist_ok=True)
    program = chromium.find_or_install()
    with installation() as (url, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
        phone(browser, url, desk(browser, url, password))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
