"""Who decides about a persona's uses, and what taking an allowance back would change, as an administrator reads it."""

from playwright.sync_api import Page, expect

from agents_app import decisions, personas
from agents_app.models import AgentType
from tests import gate
from tests.people import PASSWORD, adam, bob, toolroom
from tools_app import catalog
from tools_app.approving import allowing
from tools_app.explain import trying
from tools_app.models import StandingApproval, Tool

PATIENCE = 20_000
WISH = allowing.Wish(choices={"expression": "same"}, everywhere=True, seconds=600, uses=5)


def allowed_from_now_on(agent: AgentType) -> StandingApproval:
    """A use that Adam tried and Bob allowed, this one and the next ones like it."""
    tool = Tool.objects.get(organization=toolroom(), name="calculate")
    catalog.update(tool, {"requires_approval": True}, by=adam().identity)
    who = trying.asked(adam().identity, agent_type_id=agent.pk, agent_name=agent.display_name)
    call = trying.use(tool, '{"expression": "1+1"}', who, by=adam().identity)
    question = gate.question(call)
    by = gate.fresh(bob().identity)
    return decisions.approve_from_now_on(question, WISH, digest=question.digest, by=by)


def test_whose_demand_it_is_and_what_an_allowance_spares(page: Page) -> None:
    agent = AgentType.objects.get(organization=toolroom(), name="analysis")
    personas.update(agent, {"approver": "other"}, by=adam().identity)
    row = allowed_from_now_on(agent)
    path = f"/admin/agents_app/agenttype/{agent.pk}/change/"
    page.goto(f"/accounts/login/?next={path}")
    page.get_by_label("Username").fill(adam().user.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("What may a person do through it?").click()
    told = page.locator("may-do").get_by_text("another person than who asked has to approve it.")
    expect(told.first).to_be_visible(timeout=PATIENCE)

    page.goto(f"/admin/tools_app/standingapproval/{row.pk}/change/")
    page.get_by_role("button", name="Decide them again").click()
    flips = page.locator("what-flips")
    expect(flips).to_contain_text("1 of the last 1 call would be decided otherwise.", timeout=PATIENCE)
    expect(flips).to_contain_text("allowed → asks a person")
