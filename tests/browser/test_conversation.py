"""One person, one conversation: tools, approvals, Stop, reload, a second tab; by mouse and by keyboard."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import walking
from tests.live import Live, wait_for
from tests.people import alice, bob

SLOWLY = "Count to 400"


@pytest.fixture(autouse=True)
def _file() -> None:
    folder = Path(settings.FILE_ROOTS[0])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gate.txt").write_text("The garden gate opens with tulip-77.")


@pytest.fixture
def slow_model(live_app: Live) -> Iterator[None]:
    """Answers come word by word, so that there is a middle of one."""
    live_app.kill("runs")
    live_app.start_again("runs", SCRIPTED_PACE_MS="30")
    yield
    live_app.kill("runs")
    live_app.wait_until_ended("runs")


def test_time_arrives_by_a_tool_card(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "What time is it in UTC?")
    expect(walking.call(page, "current_time")).to_have_attribute("data-status", "succeeded", timeout=20_000)
    walking.until_answered(page)
    expect(walking.answers(page).first.get_by_text("Scripted model")).to_be_visible()
    expect(page.locator(".bar").get_by_text("Scripted model")).to_be_visible()
    walking.call(page, "current_time").locator(".call__line").click()
    expect(walking.call(page, "current_time").get_by_text("Result")).to_be_visible()


def test_approval_is_decided_by_one_key(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file gate.txt")
    card = walking.card(page)
    expect(card.locator('[data-argument="path"] pre')).to_have_text("gate.txt", timeout=20_000)
    expect(card.get_by_text(alice().organization.name).first).to_be_visible()
    page.get_by_role("button", name=re.compile("One question waits")).press("Enter")
    expect(card).to_be_focused()
    page.keyboard.press("a")
    expect(walking.call(page, "read_file")).to_have_attribute("data-status", "succeeded", timeout=20_000)
    walking.until_answered(page)
    expect(walking.answers(page).last).to_contain_text("tulip-77")
    expect(page.locator("approval-card .stamp:visible")).to_have_text("Approved")
    expect(walking.composer(page)).to_be_focused()


def test_denial_with_a_reason_is_told_to_the_model(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file gate.txt")
    card = walking.card(page)
    expect(card).to_be_visible(timeout=20_000)
    card.get_by_role("button", name="Too broad").click()
    card.get_by_role("button", name="Deny").click()
    walking.until_answered(page)
    expect(walking.call(page, "read_file")).to_have_attribute("data-status", "denied")
    expect(page.locator("approval-card .stamp:visible")).to_have_text("Denied")
    expect(page.locator("main")).not_to_contain_text("tulip-77")


def test_a_tool_that_was_lost_is_asked_about_and_the_answer_goes_on(page: Page, live_app: Live) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file gate.txt")
    expect(walking.card(page)).to_be_visible(timeout=20_000)
    live_app.kill("tools")
    live_app.start_again("tools", CRASH_AT="mid-effect")
    walking.card(page).get_by_role("button", name="Approve").click()
    live_app.wait_until_ended("tools")
    live_app.start_again("tools")
    card = page.get_by_role("group", name="Question about read_file")
    expect(card.get_by_text("A worker was lost while")).to_be_visible(timeout=30_000)
    expect(card.get_by_text("asks to use")).to_be_hidden()
    expect(card.get_by_role("button", name="Approve")).to_have_count(0)
    expect(card.get_by_role("button", name="Stop here")).to_be_enabled()
    page.reload()
    card.get_by_role("button", name="It did not happen").click()
    page.get_by_role("button", name=re.compile("One question waits")).press("Enter")
    page.keyboard.press("a")
    expect(card).to_have_attribute("data-status", "pending")
    page.keyboard.press("g")
    walking.until_answered(page)
    expect(page.locator("approval-card .stamp:visible")).to_have_text("Went on")
    expect(walking.answers(page).last).to_contain_text("Alice has looked and said to go on")
    expect(walking.answers(page).last).not_to_contain_text("tulip-77")


def test_a_second_tab_shows_the_same_and_hears_the_verdict(page: Page, context: BrowserContext) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Please read the file gate.txt")
    expect(walking.card(page)).to_be_visible(timeout=20_000)
    other = context.new_page()
    other.goto(page.url)
    expect(walking.card(other)).to_be_visible()
    walking.card(page).get_by_role("button", name="Approve").click()
    walking.until_answered(other)
    walking.until_answered(page)
    assert walking.words(other) == walking.words(page)


@pytest.mark.usefixtures("slow_model")
def test_reload_in_mid_stream_loses_and_doubles_nothing(page: Page, context: BrowserContext) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, SLOWLY)
    expect(walking.answers(page).first).to_contain_text("30", timeout=20_000)
    other = context.new_page()
    other.goto(page.url)
    page.reload()
    page.reload()
    walking.until_answered(page)
    walking.until_answered(other)
    assert walking.words(page) == walking.words(other)
    counted = [int(number) for number in re.findall(r"\d+", walking.words(page)[1])]
    assert [number for number in counted if number <= 400][:400] == list(range(1, 401))


@pytest.mark.usefixtures("slow_model")
def test_escape_stops_the_answer_and_keeps_what_was_said(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, SLOWLY)
    expect(walking.answers(page).first).to_contain_text("20", timeout=20_000)
    walking.composer(page).press("Escape")
    expect(walking.answers(page).first).to_have_attribute("data-ending", "cancelled", timeout=20_000)
    expect(page.locator("message-composer[data-running]")).to_have_count(0)
    kept = walking.words(page)
    page.reload()
    expect(walking.answers(page).first).to_contain_text("20")
    assert walking.words(page) == kept
    page.get_by_role("button", name="Answer again").click()
    expect(walking.answers(page)).to_have_count(2, timeout=20_000)
    expect(page.get_by_role("button", name="Answer again")).to_be_hidden()


@pytest.mark.usefixtures("slow_model")
def test_next_message_waits_its_turn(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Count to 60")
    expect(walking.answers(page).first).to_contain_text("5", timeout=20_000)
    walking.send(page, "What time is it in UTC?")
    expect(page.locator(".message__queued:visible")).to_have_count(1)
    expect(walking.call(page, "current_time")).to_have_attribute("data-status", "succeeded", timeout=20_000)
    expect(page.locator(".message__queued:visible")).to_have_count(0)
    roles = page.locator("chat-message").evaluate_all("all => all.map(one => one.dataset.role)")
    assert roles[:3] == ["user", "assistant", "user"]


def test_what_could_not_be_sent_is_given_back(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Hello")
    walking.until_answered(page)
    page.route("**/messages", lambda route: route.abort())
    walking.send(page, "This must not be lost")
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    expect(walking.composer(page)).to_have_value("This must not be lost")
    page.reload()
    expect(walking.composer(page)).to_have_value("This must not be lost")


def test_connection_comes_back_by_itself(page: Page, live_app: Live) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Hello")
    walking.until_answered(page)
    live_app.kill("web")
    expect(page.get_by_text("Connection lost")).to_be_visible(timeout=10_000)
    live_app.start_again("web")
    expect(page.get_by_text("Connection lost")).to_be_hidden(timeout=20_000)
    walking.send(page, "What time is it in UTC?")
    expect(walking.call(page, "current_time")).to_have_attribute("data-status", "succeeded", timeout=20_000)


def test_rendered_answer_has_tables_and_code_to_copy(page: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    walking.sign_in(page, alice())
    walking.begin(page, "Show me some markdown")
    walking.until_answered(page)
    expect(page.locator(".prose table")).to_be_visible()
    expect(page.locator(".prose .tok-k").first).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "def greet" in page.evaluate("navigator.clipboard.readText()")


def test_somebody_elses_conversation_is_not_found(page: Page, context: BrowserContext) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Hello")
    address = page.url
    context.clear_cookies()
    walking.sign_in(page, bob())
    response = page.goto(address)
    assert response is not None
    assert response.status == 404
    expect(page.get_by_role("heading", name="Nothing hangs on this hook")).to_be_visible()
    wait_for(lambda: "Hello" not in page.content())
