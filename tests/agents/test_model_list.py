"""The list of ending models is the installed SDK's own."""

import re
from datetime import UTC, date, datetime

from agents_app import model_list


def test_the_list_is_that_of_the_installed_sdk() -> None:
    from anthropic.resources.messages.messages import DEPRECATED_MODELS

    assert {name: read(day) for name, day in DEPRECATED_MODELS.items()} == model_list.ENDS


def test_a_warning_names_the_day() -> None:
    assert "30 November 2026" in model_list.warning("claude-sonnet-4-5")
    assert "switched off" in model_list.warning("us.anthropic.claude-2.1")
    assert not model_list.warning("claude-sonnet-5-5")


def read(day: str) -> date:
    return datetime.strptime(re.sub(r"(\d)(st|nd|rd|th)", r"\1", day), "%B %d, %Y").replace(tzinfo=UTC).date()
