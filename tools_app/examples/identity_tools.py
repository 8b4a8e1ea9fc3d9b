"""Tools that act for who asks: the examples of S3. TOOL_MODULES=tools_app.examples.identity_tools

    python -m tools_app.examples.identity_tools

What they work with is captured when they are made; the context only says who is asking.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tools_app.context import ToolContext, require_identity
from tools_app.functions import Tool, register


@dataclass
class Office:
    """The infrastructure: in earnest a database, a mail server, a log of its own."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)


def tools_of(office: Office) -> list[Callable[..., Any]]:
    """Read tools and write tools over one office (S3.14, S3.16)."""
    list_orders, greet = reading_tools(office)
    delete_person, change_profile = writing_tools(office)
    return [list_orders, delete_person, greet, change_profile]


def reading_tools(office: Office) -> list[Callable[..., Any]]:
    def list_orders(
        ctx: ToolContext, status: Literal["open", "sent", "any"] = "any", limit: int = 10
    ) -> list[dict[str, Any]]:
        """List orders of the person who asks, within their organization.

        Args:
            ctx: user_id (required) and org_id (required): whose orders.
            status: Which ones.
            limit: How many at most.
        """
        require_identity(ctx, "user_id", "org_id")
        mine = [
            each for each in office.orders if (each["user"], each["org"]) == (ctx["user_id"], ctx["org_id"])
        ]
        return [each for each in mine if status in ("any", each["status"])][:limit]

    def greet(ctx: ToolContext) -> str:
        """Greet the person who asks, in their language.

        Args:
            ctx: locale (optional): their language, en-US if it is not known.
        """
        words = {"de": "Guten Tag", "fr": "Bonjour"}
        return words.get(str(ctx.get("locale", "en-US")).partition("-")[0], "Good day")

    return [list_orders, greet]


def writing_tools(office: Office) -> list[Callable[..., Any]]:
    def delete_person(ctx: ToolContext, person: str) -> str:
        """Delete a person's account. Needs the permission members.manage.

        Args:
            ctx: permissions (optional): what the person who asks may do; user_id (required): who they are.
            person: The id of the account to delete.
        """
        if "members.manage" not in ctx.get("permissions", []):
            return "Error: insufficient permissions. The permission members.manage is needed."
        if office.people.pop(person, None) is None:
            return f"Error: there is no person {person}."
        office.mails.append(f"To the administrators: {person} was deleted by {ctx['user_id']}.")
        return f"Deleted {person}."

    def change_profile(ctx: ToolContext, name: str) -> str:
        """Change the name of the person who asks, and note who did it and from where.

        Args:
            ctx: user_id, session_id (required), request_id (optional): for the log.
            name: The new name.
        """
        require_identity(ctx, "user_id", "session_id")
        office.people[ctx["user_id"]] = name
        office.log.append(
            {
                "action": ctx.tool_name,
                "call": ctx.tool_call_id,
                "user": ctx["user_id"],
                "session": ctx["session_id"],
                "request": ctx.get("request_id"),
                "changes": {"name": name},
            }
        )
        return "Changed."

    return [delete_person, change_profile]


OFFICE = Office()


def registered(office: Office) -> list[Tool]:
    """The permission stands on the row as well: the gate asks for it before anybody is asked to approve (S3.103)."""
    reading, deleting, *others = tools_of(office)
    guarded = Tool(
        deleting, is_dangerous=True, requires_approval=True, required_permissions=("members.manage",)
    )
    return register([Tool(reading, idempotent=True), guarded, others])


registered(OFFICE)


def _show() -> None:
    from tools_app.examples.showing import say

    office = Office(orders=[{"user": "1", "org": "1", "status": "open", "number": 7}], people={"2": "Bo"})
    orders, delete, greet, change = tools_of(office)
    ann = {"user_id": "1", "org_id": "1", "session_id": "s1", "permissions": ["chat"], "locale": "de-AT"}
    say("A plain dictionary stands in for the context:", orders(ann), greet(ann))
    say("Without the permission:", delete(ann, person="2"), office.people)
    chief = {**ann, "permissions": ["members.manage"]}
    say("With it:", delete(chief, person="2"), *office.mails)
    context = ToolContext("change_profile", "c1", dict(ann))
    say("Who did what:", change(context, name="Ann"), *office.log)


if __name__ == "__main__":
    from tools_app.examples import showing

    showing.main(_show)
