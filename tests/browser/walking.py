"""What the browser tests do as people: sign in, choose, write, wait for the screen to say something."""

from playwright.sync_api import Locator, Page, expect

from tests.people import PASSWORD, Person

PATIENCE = 20_000


def sign_in(page: Page, person: Person) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill(person.user.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Who should take this on?")).to_be_visible()
    # Keys pressed before the scripts have come belong to nobody.
    expect(page.locator("persona-picker:defined")).to_be_visible()


def begin(page: Page, text: str, persona: str = "Ana the Analyst") -> None:
    """Choose a persona as a person does, write, and arrive at the conversation."""
    page.goto("/")
    page.get_by_role("main").get_by_text(persona, exact=True).click()
    expect(composer(page)).to_be_focused()
    send(page, text)
    page.wait_for_url("**/c/*/")


def send(page: Page, text: str) -> None:
    composer(page).fill(text)
    page.keyboard.press("Enter")


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message", exact=True)


def answers(page: Page) -> Locator:
    return page.locator('chat-message[data-role="assistant"]')


def call(page: Page, tool: str) -> Locator:
    return page.locator("tool-call").filter(has=page.locator(".tag", has_text=tool))


def card(page: Page) -> Locator:
    """The approval that waits on this page."""
    return page.locator('approval-card[data-status="pending"]')


def until_answered(page: Page) -> None:
    """Nothing is being worked out any more: Stop is gone and the last answer is complete."""
    expect(page.locator("message-composer[data-running]")).to_have_count(0, timeout=PATIENCE)
    expect(answers(page).last).to_have_attribute("data-ending", "complete", timeout=PATIENCE)


def words(page: Page) -> list[str]:
    """Every message as it reads, for comparing two views of one conversation."""
    return [" ".join(text.split()) for text in page.locator(".message__body").all_inner_texts()]
