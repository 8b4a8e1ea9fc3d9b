"""current_time tells the time of the zone that was asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.tools.builtin_tools.conftest import Use
from tools_app.exceptions import ToolFailed


def test_it_is_now_in_utc_by_default(use: Use) -> None:
    found = use("current_time")
    told = datetime.fromisoformat(found.data["iso"])
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=5)
    assert found.data["timezone"] == "UTC"
    assert found.text.startswith(found.data["iso"])
    assert f"({told:%A}, UTC)" in found.text


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "Etc/GMT+5"])
def test_a_named_zone_has_its_own_clock(use: Use, zone: str) -> None:
    found = use("current_time", timezone=zone)
    told = datetime.fromisoformat(found.data["iso"])
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=5)
    assert zone in found.text
    assert found.data["unix"] == int(told.timestamp())
    if zone == "Asia/Kolkata":
        assert told.utcoffset() == timedelta(hours=5, minutes=30)


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "/etc/localtime", "Europe", "x\x01"])
def test_an_unknown_zone_is_refused_with_advice(use: Use, zone: str) -> None:
    with pytest.raises(ToolFailed) as refused:
        use("current_time", timezone=zone)
    assert refused.value.code == "unknown_timezone"


def test_a_city_is_recognised_in_the_advice(use: Use) -> None:
    for zone, meant in (
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Asia/Tokio", "Asia/Tokyo"),
    ):
        with pytest.raises(ToolFailed, match=f"Did you mean .*{meant}"):
            use("current_time", timezone=zone)
