"""Each of these tests begins with no factory and nothing kept, and leaves none behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools_app.factories import caching, keys, registry
from tools_app.functions import registry as functions


@pytest.fixture(autouse=True)
def _nothing_registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(functions, "_tools", {})
    monkeypatch.setattr(registry, "_factories", {})
    monkeypatch.setattr(keys, "_functions", dict(keys._functions))
    yield
    caching.shared().end()
