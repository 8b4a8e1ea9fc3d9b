"""Multi-tenant: which tools there are, and whose prices they know, is the organization's affair (S0.11, S0.40).

    python -m tools_app.examples.multi_tenant

Kept once for the whole organization: the persona's key is `tenant`. A factory with such a key is told nothing of
the person who happens to be first, so nothing of theirs can end up in what the others use. What a tenant may is read
here by its id, which the server sets; the other values of `dependencies` may come from whoever sent the message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tools_app.exceptions import ToolFailed
from tools_app.factories import RunContext, tool_factory

PRICES = {"hammer": 12.5, "saw": 19.0, "drill": 89.0}
DISCOUNTS = {"basic": 0.0, "partner": 0.25}
# By the id of an organization. In earnest: a table of the operator's.
PLANS = {"2": "partner"}


@dataclass(frozen=True)
class Shop:
    """What one tenant's tools know. In earnest: a schema of a database, an account at a supplier."""

    tenant: str
    prices: Mapping[str, float]


def tools_of(shop: Shop) -> list[Callable[..., Any]]:
    """The tools over one shop: they close over it, and the model cannot name another."""

    def find_price(product: str) -> dict[str, Any]:
        """Find the price of a product in the shop of this organization.

        Args:
            product: Its name, such as hammer.
        """
        if product not in shop.prices:
            raise ToolFailed(f"There is no {product}. There are: {', '.join(shop.prices)}.", code="not_found")
        return {"product": product, "price": shop.prices[product], "shop": shop.tenant}

    def order(product: str, pieces: int = 1) -> str:
        """Order a product for this organization.

        Args:
            product: Its name.
            pieces: How many.
        """
        price = float(find_price(product)["price"])
        return f"Shop {shop.tenant} ordered {pieces} {product} for {pieces * price:.2f}."

    return [find_price, order]


@tool_factory(tools=tools_of(Shop("", {})), description="The shop of each organization.")
def shop_tools(run_context: RunContext) -> list[Any]:
    tenant = str((run_context.dependencies or {})["org_id"])
    plan = PLANS.get(tenant, "basic")
    prices = {name: price * (1 - DISCOUNTS.get(plan, 0.0)) for name, price in PRICES.items()}
    find_price, order = tools_of(Shop(tenant, prices))
    # Tenants on the basic plan only look; to leave a tool out is always allowed.
    return [find_price, order] if plan == "partner" else [find_price]


def _show() -> None:
    from tools_app.examples.showing import Person, Persona, say

    clerk = Persona(("shop_tools",), key="tenant")
    ann, bo, far = Person("1"), Person("2"), Person("3", organization_id=2)
    say("Organization 1, basic plan:", clerk.offered(ann), clerk.use(ann, "find_price", product="drill"))
    say("Its other people share what was built:", clerk.use(bo, "find_price", product="saw"))
    say("Organization 2, partner plan:", clerk.offered(far), clerk.use(far, "order", product="drill"))
    say("Organization 1 asks for it all the same:", clerk.use(ann, "order", product="drill"))


if __name__ == "__main__":
    from tools_app.examples import showing

    showing.main(_show)
