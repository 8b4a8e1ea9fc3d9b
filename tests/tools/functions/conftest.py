"""Each of these tests begins with no function registered, and leaves none behind."""

from __future__ import annotations

import pytest

from tools_app.functions import registry


@pytest.fixture(autouse=True)
def _nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_tools", {})
