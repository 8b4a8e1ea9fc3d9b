"""S2, example 1: one dynamic tool that asks an outside service. TOOL_MODULES=tools_app.examples.stock_price"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from tools_app.functions import (
    DynamicToolContext,
    DynamicToolDefinition,
    fetch_json,
    installed,
    register_dynamic_tool,
)

logger = logging.getLogger(__name__)

SERVICE = "https://api.stockdata.example/v1/price"


def stock_price(service: str = SERVICE) -> DynamicToolDefinition:
    def execute(params: dict[str, Any], ctx: DynamicToolContext) -> dict[str, Any]:
        logger.info("User %s asks for the price of %s", ctx.userId, params["ticker"])
        asked = {"ticker": params["ticker"], "currency": params["currency"]}
        found = fetch_json("GET", service, query=asked)
        return {**asked, "price": found["price"], "timestamp": datetime.now(UTC).isoformat()}

    return DynamicToolDefinition(
        name="fetch-stock-price",
        description="Fetches the current stock price for a given ticker symbol.",
        category="external",
        tags=["finance", "stocks", "external"],
        open_world=True,
        parameters={
            "ticker": {
                "type": "string",
                "description": "Stock ticker symbol, such as AAPL or GOOGL.",
                "pattern": "^[A-Z]{1,5}$",
            },
            "currency": {
                "type": "string",
                "description": "Currency for the price.",
                "required": False,
                "default": "USD",
                "enum": ["USD", "EUR", "GBP"],
            },
        },
        execute=execute,
    )


register_dynamic_tool(installed, stock_price())
