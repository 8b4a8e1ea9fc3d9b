"""Tools by role: which there are depends on who asks, and the gate still judges each use (S0.13, S0.36, S0.37).

    python -m tools_app.examples.role_conditional

Nothing is kept here: the persona has *keep what factories built* off, since a role may change. It would be safe to
keep it all the same, because the role is part of every key; but a factory that looks things up elsewhere, in a
directory say, would answer by what it saw then.
"""

from __future__ import annotations

from typing import Any

from tools_app.context import ToolContext
from tools_app.factories import RunContext, tool_factory
from tools_app.functions import Tool


def list_invoices(ctx: ToolContext, limit: int = 10) -> list[dict[str, Any]]:
    """List the newest invoices of the person's organization.

    Args:
        ctx: org_id (required): whose invoices.
        limit: How many at most.
    """
    return [{"number": number, "organization": ctx["org_id"]} for number in range(1, min(limit, 10) + 1)]


def refund(ctx: ToolContext, invoice: int) -> str:
    """Refund an invoice. It cannot be taken back.

    Args:
        ctx: user_id (required): who refunds.
        invoice: Its number.
    """
    return f"Invoice {invoice} was refunded by {ctx['user_id']}."


# The permission stands on the row as well, so the gate refuses whoever lacks it, whatever a factory brings.
REFUND = Tool(refund, is_dangerous=True, requires_approval=True, required_permissions=("members.manage",))


@tool_factory(tools=[list_invoices, REFUND], description="Invoices, and refunds for administrators.")
def invoice_tools(run_context: RunContext) -> list[Any]:
    roles = (run_context.dependencies or {}).get("roles", [])
    return [list_invoices, REFUND] if "admin" in roles else [list_invoices]


def _show() -> None:
    from dataclasses import replace

    from tools_app.examples.showing import Person, Persona, say

    clerk, ann = Persona(("invoice_tools",), keeps=False), Person("1")
    chief = replace(ann, role="admin")
    say("A member has:", clerk.offered(ann))
    say("The same person as an administrator:", clerk.offered(chief))
    say("The member asks for a refund all the same:", clerk.use(ann, "refund", invoice=3))
    say("The administrator:", clerk.use(chief, "refund", invoice=3))


if __name__ == "__main__":
    from tools_app.examples import showing

    showing.main(_show)
