"""Limits as people meet them: reached by parallel calls, and where an answer rests until its person says what next."""

import json

from playwright.sync_api import Page, expect

from agents_app import personas
from agents_app.costs import budgeting, pricing
from agents_app.models import AgentType, ModelPrice
from project.accounts import identity as identities
from project.accounts.identity import Identity
from tests.browser import walking
from tests.people import alice, toolroom
from tools_app.models import Tool

SUMS = [{"name": "calculate", "arguments": {"expression": f"{number} + 1"}} for number in range(4)]


def _asks(*turns: object) -> str:
    return f"Count.\n```script\n{json.dumps(turns)}\n```"


def _ana() -> tuple[Identity, AgentType]:
    here = toolroom()
    return identities.system(here), AgentType.objects.get(name="analysis", organization=here)


def test_parallel_calls_reach_a_limit_and_no_more_run_than_may(page: Page) -> None:
    by, agent = _ana()
    personas.grant(
        agent, Tool.objects.get(name="calculate", organization=toolroom()), {"usage_limit": 2}, by=by
    )
    walking.sign_in(page, alice())
    walking.begin(page, _asks({"call": SUMS}, {"say": "Two of four."}))
    walking.until_answered(page)
    sums = walking.call(page, "calculate")
    expect(sums).to_have_count(4)
    expect(page.locator('tool-call[data-status="succeeded"]')).to_have_count(2)
    refused = page.locator('tool-call[data-status="blocked"][data-reason="limit"]')
    expect(refused).to_have_count(2)
    expect(refused.first.locator(".call__why")).to_contain_text("limit of 2 uses")
    left = page.locator('tool-call[data-status="succeeded"] .call__left')
    assert sorted(left.all_text_contents()) == [
        "0 of 2 uses left in this conversation",
        "1 of 2 uses left in this conversation",
    ]


def test_an_answer_rests_at_its_limit_and_the_gauge_says_what_it_took(page: Page) -> None:
    by, agent = _ana()
    personas.update(agent, {"max_steps": 1, "at_limits": "ask"}, by=by)
    pricing.change(
        ModelPrice.objects.get(model="scripted", organization=toolroom()),
        {"input_price": "500", "output_price": "500"},
        by=by,
    )
    budgeting.add({"scope": "person", "period": "day", "max_cost": "100"}, by=by)
    walking.sign_in(page, alice())
    walking.begin(page, _asks({"call": SUMS[:1]}, {"call": SUMS[1:2]}, {"say": "Never said."}))
    note = page.locator('run-note[data-rests="true"]')
    resting = note.locator(".run__resting")
    expect(resting).to_contain_text("has taken the one step it may take", timeout=walking.PATIENCE)
    expect(resting).to_be_visible()
    note.get_by_role("button", name="Go on").click()
    expect(walking.call(page, "calculate")).to_have_count(2, timeout=walking.PATIENCE)
    expect(note.get_by_role("button", name="Answer now")).to_be_visible(timeout=walking.PATIENCE)
    note.get_by_role("button", name="Answer now").click()
    walking.until_answered(page)
    gauge = page.locator("usage-gauge")
    gauge.locator("summary").click()
    expect(gauge.get_by_text("Your budget for today")).to_be_visible()
    shown = gauge.locator('[data-slot="gauge-sum"]').inner_text()
    assert shown != "$0.00"
    page.reload()
    expect(page.locator('usage-gauge [data-slot="gauge-cost"]')).to_have_text(shown)
