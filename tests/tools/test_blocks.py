"""Of a result's blocks those of a known kind are kept, whole, as far as there is room."""

from typing import Any

from tools_app.calling import blocks


def source(size: int) -> dict[str, Any]:
    return {
        "type": "search_result",
        "title": "t",
        "source": "s",
        "content": [{"type": "text", "text": "x" * size}],
    }


def test_known_kinds_are_kept_in_order_and_others_left_out() -> None:
    given = [source(1), {"type": "document"}, {"type": "tool_reference", "tool_name": "a"}, {}]
    assert [each["type"] for each in blocks.stored(given, limit=1000)] == ["search_result", "tool_reference"]


def test_what_does_not_fit_is_left_out_whole() -> None:
    assert len(blocks.stored([source(10), source(10_000_000), source(10)], limit=1000)) == 1


def test_what_no_database_could_store_is_made_storable() -> None:
    [kept] = blocks.stored([{"type": "tool_reference", "tool_name": "a\x00b\ud800"}], limit=1000)
    assert "\x00" not in kept["tool_name"]
    kept["tool_name"].encode()
