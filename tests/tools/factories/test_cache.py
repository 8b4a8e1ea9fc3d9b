"""What factories built: one build per key, a lifetime, a bound, and a close that comes once and never too early."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.tools.factories.making import binding
from tools_app import factories
from tools_app.exceptions import FactoryFailed
from tools_app.factories import Toolkit, caching, register_factory, tool_method
from tools_app.factories.building import Built
from tools_app.factories.caching import Cache, Wanted


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Things:
    """Builds that can be counted, and say when they are closed."""

    def __init__(self) -> None:
        self.built, self.closed, self.lock = 0, [], threading.Lock()  # type: ignore[var-annotated]

    def __call__(self) -> Built:
        with self.lock:
            self.built += 1
            number = self.built
        return Built("thing", closing=(lambda: self.closed.append(number),))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setattr(caching, "LOOK_SECONDS", 3600.0)
    return Cache(clock=clock)


def wanted(key: str = "a", **more: Any) -> Wanted:
    return Wanted((key,), more.pop("seconds", 60.0), **more)


def use(cache: Cache, things: Any, asked: Wanted | None = None) -> Built:
    with cache.lent(asked or wanted(), things) as built:
        return built


def test_it_is_built_once_and_found_again(cache: Cache) -> None:
    """S0.32-35."""
    things = Things()
    assert use(cache, things) is use(cache, things)
    assert use(cache, things, wanted("b")) is not use(cache, things)
    assert (things.built, things.closed) == (2, [])


def test_it_lives_for_its_time_from_the_building_on(cache: Cache, clock: Clock) -> None:
    """S0.50: a time limit, after which it is closed and built anew."""
    things = Things()
    use(cache, things)
    clock.now = 59
    use(cache, things)
    clock.now = 60
    use(cache, things)
    assert (things.built, things.closed) == (2, [1])


def test_a_runs_own_entry_lives_while_the_run_uses_it(cache: Cache, clock: Clock) -> None:
    things = Things()
    for clock.now in (0, 50, 100, 150):
        use(cache, things, wanted(renewed=True))
    assert things.built == 1
    clock.now = 211
    cache.look()
    assert (things.closed, len(cache)) == ([1], 0)


def test_the_one_not_used_for_longest_is_closed_first(cache: Cache, settings: Any) -> None:
    """S0.50: a size bound."""
    settings.CALLABLE_CACHE_ENTRIES = 2
    things = Things()
    for key in ("a", "b", "a", "c"):
        use(cache, things, wanted(key))
    assert (things.closed, len(cache)) == ([2], 2)


def test_what_is_in_use_is_closed_when_the_last_one_leaves(cache: Cache, settings: Any) -> None:
    """S0.50: a close hook, called once, and never under somebody's hands."""
    settings.CALLABLE_CACHE_ENTRIES = 1
    things = Things()
    with cache.lent(wanted(), things), cache.lent(wanted(), things):
        use(cache, things, wanted("b"))
        cache.drop()
        assert 1 not in things.closed
    assert things.closed == [2, 1]
    cache.end()
    assert things.closed == [2, 1]


def test_the_end_of_the_process_closes_everything_once(cache: Cache) -> None:
    things = Things()
    with cache.lent(wanted(), things):
        use(cache, things, wanted("b"))
        cache.end()
        assert sorted(things.closed) == [1, 2]
    assert sorted(things.closed) == [1, 2]


def test_one_builds_while_others_wait(cache: Cache) -> None:
    """However many ask at once."""
    things, go_on, began = Things(), threading.Event(), threading.Event()

    def slowly() -> Built:
        began.set()
        go_on.wait(20)
        return things()

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(use, cache, slowly) for _ in range(20)]
        assert began.wait(20)
        # Another key is not held up by it.
        assert use(cache, things, wanted("b")) is not None
        go_on.set()
        found = {id(each.result(20)) for each in asked}
    assert (len(found), things.built) == (1, 2)


def test_a_failure_is_told_to_who_waits_and_not_kept(cache: Cache) -> None:
    go_on, began, tries = threading.Event(), threading.Event(), []

    def fails() -> Built:
        tries.append(1)
        began.set()
        go_on.wait(20)
        raise FactoryFailed("no database")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(use, cache, fails)
        assert began.wait(20)
        second = pool.submit(use, cache, fails)
        go_on.set()
        for each in (first, second):
            with pytest.raises(FactoryFailed, match="no database"):
                each.result(20)
    things = Things()
    use(cache, things)
    assert (things.built, len(cache)) == (1, 1)


def test_what_was_cleared_elsewhere_is_closed_when_it_is_looked_at(cache: Cache) -> None:
    """S0.49: nobody finds it any more anyway, as the numbers are part of its key."""
    things, numbers = Things(), {"*": 0, "u:1": 4}
    cache.reader = lambda names: {name: numbers[name] for name in names if name in numbers}
    use(cache, things, wanted("a", generations=(("*", 0), ("u:1", 4), ("u:9", 0))))
    use(cache, things, wanted("b", generations=(("*", 0), ("u:2", 0))))
    cache.look()
    assert things.closed == []
    numbers["u:1"] = 5
    cache.look()
    assert (things.closed, len(cache)) == ([1], 1)
    numbers["*"] = 1
    cache.look()
    assert things.closed == [1, 2]


def test_a_close_that_fails_harms_nobody(cache: Cache, caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> None:
        raise RuntimeError("cannot")

    done = []
    use(cache, lambda: Built("thing", closing=(fails, lambda: done.append(1))))
    cache.drop()
    assert done == [1]
    assert "could not be closed" in caplog.text


def test_a_close_may_be_asynchronous(cache: Cache) -> None:
    done = []

    async def close() -> None:
        done.append(threading.current_thread().name)

    use(cache, lambda: Built("thing", closing=(close,)))
    cache.drop()
    assert done == ["bridge"]


def test_many_at_once_leave_nothing_open(cache: Cache, settings: Any) -> None:
    """Uses, evictions and clearings in any order: everything built is closed once."""
    settings.CALLABLE_CACHE_ENTRIES = 3
    things = Things()

    def some(number: int) -> None:
        for turn in range(60):
            use(cache, things, wanted(str((number * 7 + turn) % 9)))
            if turn % 20 == number:
                cache.drop()

    with ThreadPoolExecutor(6) as pool:
        for each in [pool.submit(some, number) for number in range(6)]:
            each.result(60)
    cache.end()
    assert sorted(things.closed) == list(range(1, things.built + 1))


def test_a_persons_toolkit_is_lent_for_a_call_and_closed_with_its_entry() -> None:
    """S0.31, S0.34, S0.35: the whole way, with a factory."""
    made: list[Counter] = []

    class Counter(Toolkit):
        def __init__(self) -> None:
            self.count, self.closed = 0, 0
            made.append(self)

        @tool_method
        def add(self) -> int:
            """Count."""
            self.count += 1
            return self.count

        def close(self) -> None:
            self.closed += 1

    register_factory("notes", lambda: [Counter()], tools=[Counter])

    def counted(user: str) -> int:
        with factories.lent(binding(user=user)) as built:
            return int(built.tools["add"].function())

    assert [counted("1"), counted("1"), counted("2"), counted("1")] == [1, 2, 1, 3]
    caching.shared().drop()
    assert [each.closed for each in made] == [1, 1]
    assert counted("1") == 1
