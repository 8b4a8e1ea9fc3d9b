"""A real Chromium before the running installation."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage

from tests import chromium
from tests.flows import acting
from tests.live import Live
from tests.people import alice, mallory


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": chromium.find_or_install(),
        "args": list(chromium.FLAGS),
    }


@pytest.fixture(scope="session", autouse=True)
def _database_beside_the_browser() -> Iterator[None]:
    # Playwright keeps an event loop on this thread, which Django would take for asynchronous code of ours.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def base_url(live_session: Live) -> str:
    return live_session.url


@pytest.fixture(autouse=True)
def _installation(live_app: Live) -> None:
    """Every page test has the installation running, seeded, on tables that are emptied after it."""
    alice(), mallory()
    acting.seeded()


@pytest.fixture(autouse=True)
def _nothing_to_complain_about(context: BrowserContext) -> Iterator[None]:
    """No page may break its own policy, throw, or write an error to the console."""
    complaints: list[str] = []
    context.on("console", lambda message: complaints.extend(_complaint(message)))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield
    assert complaints == []


def _complaint(message: ConsoleMessage) -> list[str]:
    # Chromium writes every refused or failed request there too; tests cause those on purpose.
    is_network = message.text.startswith("Failed to load resource") or "WebSocket connection" in message.text
    return [] if message.type not in ("error", "warning") or is_network else [message.text]
