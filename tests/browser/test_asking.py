"""What a tool asks is answered by a form in the chat."""

import json

from playwright.sync_api import Page, expect

from tests.browser import walking
from tests.people import alice

ASKS = [
    {
        "call": [
            {
                "name": "ask_user",
                "arguments": {
                    "question": "How shall the chart be?",
                    "fields": [
                        {"name": "colour", "label": "Colour", "options": ["red", "green"]},
                        {"name": "bars", "label": "Bars", "type": "number", "hint": "Between 1 and 20."},
                        {"name": "note", "label": "Anything else", "optional": True},
                    ],
                },
            }
        ]
    },
    {"say": "As you wish."},
]


def test_a_question_is_answered_by_its_form(page: Page) -> None:
    walking.sign_in(page, alice())
    walking.begin(page, f"Draw it.\n```script\n{json.dumps(ASKS)}\n```", persona="Claude the Brainstormer")
    card = page.get_by_role("group", name="Question about ask_user")
    expect(card.get_by_role("paragraph").filter(has_text="How shall the chart be?")).to_be_visible(
        timeout=20_000
    )
    card.get_by_label("green").check()
    card.get_by_role("button", name="Send answer").click()
    expect(card.get_by_label("Bars")).to_be_focused()
    expect(card.get_by_text("Please answer this.")).to_be_visible()
    card.get_by_label("Bars").fill("12")
    page.keyboard.press("Enter")
    walking.until_answered(page)
    expect(page.locator("approval-card .stamp:visible")).to_have_text("Answered")
    call = walking.call(page, "ask_user")
    call.locator(".call__line").click()
    expect(call.locator('[data-slot="call-result"]')).to_contain_text("Colour: green\n- Bars: 12")
