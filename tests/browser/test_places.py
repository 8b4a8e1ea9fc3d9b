"""Signing in, the list of conversations, themes and small screens."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import walking
from tests.people import PASSWORD, alice, mallory


def test_a_wrong_password_is_told_kindly(page: Page) -> None:
    alice()
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("not it")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value("alice")


def test_pages_ask_for_a_sign_in_and_lead_back(page: Page) -> None:
    alice()
    page.goto("/?archived=true")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url("**/?archived=true")
    expect(page.get_by_text("Nothing is archived.")).to_be_visible()


def test_signing_out_ends_it(page: Page) -> None:
    walking.sign_in(page, alice())
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    page.goto("/")
    page.wait_for_url("**/accounts/login/**")


def test_cards_say_who_they_are_and_what_they_may_use(page: Page) -> None:
    walking.sign_in(page, alice())
    cards = page.locator(".persona")
    expect(cards).to_have_count(4)
    ana = cards.filter(has_text="Ana the Analyst")
    for text in ("analytical", "precise", "thorough", "Asks before", "read_file", "Scripted model"):
        expect(ana.get_by_text(text).first).to_be_visible()
    color = ana.locator(".avatar").evaluate("one => getComputedStyle(one).backgroundColor")
    assert color == "rgb(59, 130, 246)"
    columns = page.locator(".home__grid").evaluate("one => getComputedStyle(one).gridTemplateColumns")
    assert len(columns.split()) == 3


def test_personas_are_chosen_by_arrow_keys(page: Page) -> None:
    walking.sign_in(page, alice())
    page.get_by_role("radio", checked=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(walking.composer(page)).to_be_focused()
    expect(walking.composer(page)).to_have_attribute("placeholder", re.compile("^Message "))


def test_conversations_are_renamed_archived_and_deleted(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Hello there")
    walking.until_answered(page)
    _menu(page, "Rename")
    page.get_by_role("textbox", name="Title").fill("The garden")
    page.keyboard.press("Enter")
    expect(page.locator(".conversation__title")).to_have_text("The garden")
    _menu(page, "Archive")
    expect(page.locator(".conversation")).to_have_count(0)
    page.get_by_text("Show archived").click()
    expect(page.locator(".conversation__title")).to_have_text("The garden")
    _menu(page, "Restore")
    page.get_by_text("Back to current").click()
    _menu(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(re.compile(r"/$"))
    expect(page.get_by_text("Your conversations will be kept here.")).to_be_visible()


def test_search_finds_by_words_and_keys_move_in_the_list(page: Page) -> None:
    walking.sign_in(page, alice())
    for text in ("Hello garden", "Hello kitchen"):
        walking.begin(page, text)
        walking.until_answered(page)
    page.locator("h1").click()
    page.keyboard.press("/")
    page.keyboard.type("garden")
    expect(page.locator(".conversation")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".message").first).to_contain_text("Hello garden")


def test_keys_are_listed_on_a_sheet(page: Page) -> None:
    walking.sign_in(page, alice())
    page.get_by_role("radio", checked=True).focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_the_theme_is_switched_and_remembered(page: Page) -> None:
    walking.sign_in(page, alice())
    light = _background(page)
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = _background(page)
    assert dark != light
    page.reload()
    assert _background(page) == dark


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_list_on_demand_and_never_scrolls_sideways(
    browser: Browser, base_url: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        base_url=base_url,
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    walking.sign_in(page, alice())
    assert _overflow(page) == 0
    page.get_by_role("main").get_by_text("Ana the Analyst", exact=True).tap()
    walking.composer(page).fill("Please read the file welcome.txt")
    page.get_by_role("button", name="Send").tap()
    expect(walking.card(page)).to_be_visible(timeout=20_000)
    assert _overflow(page) == 0
    expect(page.locator(".conversation")).to_be_hidden()
    page.get_by_role("button", name="Conversations").tap()
    expect(page.locator(".conversation")).to_be_visible()
    page.get_by_role("button", name="Close the list").tap()
    expect(page.locator(".conversation")).to_be_hidden()
    walking.card(page).get_by_role("button", name="Approve").tap()
    walking.until_answered(page)
    context.close()


def test_mallory_sees_nothing_of_it(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, "Hello garden")
    address = page.url
    page.context.clear_cookies()
    walking.sign_in(page, mallory())
    expect(page.locator(".conversation")).to_have_count(0)
    response = page.goto(address)
    assert response is not None
    assert response.status == 404


def _menu(page: Page, word: str) -> None:
    page.get_by_label("More for this conversation").first.click()
    page.get_by_role("button", name=word).click()


def _background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def _overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
