"""The two classes on which "nothing is lost, nothing is doubled" rests, as tables, in the browser that runs them."""

from typing import Any

import pytest
from playwright.sync_api import Page

JOIN = """async (pieces) => {
  const { TextStream } = await import("/static/js/lib/text-stream.js");
  const stream = new TextStream();
  for (const [offset, text] of pieces) stream.add({ offset, text });
  return [stream.text, stream.hasGap];
}"""
ORDER = """async ([cursor, steps]) => {
  const { Sequence } = await import("/static/js/lib/sequence.js");
  const sequence = new Sequence(cursor);
  const applied = [];
  for (const step of steps) {
    const due = step.jump === undefined ? sequence.offer(step) : sequence.jumpTo(step.jump);
    applied.push(...due.map((event) => event.name));
  }
  return [applied.join(""), sequence.cursor, sequence.hasGap];
}"""
# A socket that is closed with a code as often as it opens; the pauses are those the page asks of its clock.
CLOSED = """async ([code, times]) => {
  const { Socket } = await import("/static/js/lib/socket.js");
  const [pauses, states, waiting] = [[], [], []];
  const real = [window.WebSocket, window.setTimeout];
  window.setTimeout = (act, pause) => { pauses.push(Math.round(pause)); waiting.push(act); return waiting.length; };
  window.WebSocket = class { static OPEN = 1; constructor() { this.readyState = 3; window.newest = this; } close() {} };
  const socket = new Socket("/nowhere/", { onEvent: () => {}, onState: (state) => states.push(state) });
  socket.start();
  for (let turn = 0; turn < times; turn += 1) {
    window.newest.onclose({ code });
    waiting.at(-1)?.();
  }
  socket.stop();
  [window.WebSocket, window.setTimeout] = real;
  return [pauses, [...new Set(states)]];
}"""


@pytest.fixture
def anywhere(page: Page) -> Page:
    page.goto("/accounts/login/")
    return page


@pytest.mark.parametrize(
    ("pieces", "text", "gap"),
    [
        ([(0, "ab"), (2, "cd")], "abcd", False),
        ([(0, "ab"), (0, "ab"), (2, "cd")], "abcd", False),
        ([(0, "abc"), (1, "bcd")], "abcd", False),
        ([(2, "cd"), (0, "ab")], "abcd", False),
        ([(4, "ef"), (2, "cd"), (0, "ab")], "abcdef", False),
        ([(0, "ab"), (3, "d")], "ab", True),
        ([(0, "🔍"), (2, "x")], "🔍x", False),
        ([(0, "")], "", False),
    ],
)
def test_pieces_join_whatever_their_order(anywhere: Page, pieces: list[Any], text: str, gap: bool) -> None:
    assert anywhere.evaluate(JOIN, pieces) == [text, gap]


@pytest.mark.parametrize(
    ("cursor", "steps", "applied", "at", "gap"),
    [
        (0, [{"seq": 1, "name": "a"}, {"seq": 2, "name": "b"}], "ab", 2, False),
        (0, [{"seq": 2, "name": "b"}, {"seq": 1, "name": "a"}], "ab", 2, False),
        (5, [{"seq": 4, "name": "a"}, {"seq": 6, "name": "b"}], "b", 6, False),
        (0, [{"seq": 2, "name": "b"}], "", 0, True),
        (0, [{"seq": 1, "name": "a"}, {"seq": 1, "name": "b"}], "ab", 1, False),
        (0, [{"seq": 2, "name": "b"}, {"seq": 2, "name": "c"}, {"seq": 1, "name": "a"}], "abc", 2, False),
        (0, [{"seq": 5, "name": "e"}, {"jump": 4}], "e", 5, False),
        (0, [{"seq": 3, "name": "c"}, {"jump": 9}], "", 9, False),
    ],
)
def test_numbered_events_keep_their_order(  # noqa: PLR0917 - one column each of the table
    anywhere: Page, cursor: int, steps: list[Any], applied: str, at: int, gap: bool
) -> None:
    assert anywhere.evaluate(ORDER, [cursor, steps]) == [applied, at, gap]


def test_a_lost_socket_comes_back_soon_and_then_less_often(anywhere: Page) -> None:
    pauses, states = anywhere.evaluate(CLOSED, [1006, 8])
    assert states == ["lost"]
    assert len(pauses) == 8
    assert all(
        0.7 * wanted <= pause <= 1.3 * wanted
        for pause, wanted in zip(pauses[:3], (400, 800, 1600), strict=True)
    )
    assert all(10_500 <= pause <= 19_500 for pause in pauses[6:])


def test_one_socket_too_many_asks_again_about_once_a_minute(anywhere: Page) -> None:
    pauses, states = anywhere.evaluate(CLOSED, [4429, 4])
    assert states == ["crowded"]
    assert len(pauses) == 4
    assert all(42_000 <= pause <= 78_000 for pause in pauses)


@pytest.mark.parametrize("code", [4401, 4403, 4404])
def test_a_socket_that_may_not_be_is_not_opened_again(anywhere: Page, code: int) -> None:
    assert anywhere.evaluate(CLOSED, [code, 1]) == [[], ["signed-out" if code == 4401 else "gone"]]
