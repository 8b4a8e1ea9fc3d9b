"""Processor time and memory of an installation, by process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import psutil

Pids = Mapping[str, int]


def cpu_seconds(pids: Pids) -> dict[str, float]:
    """Spent since each began, by it and by children of its that have ended."""
    found = {}
    for name, pid in pids.items():
        times = psutil.Process(pid).cpu_times()
        found[name] = times.user + times.system + times.children_user + times.children_system
    return found


def memory_mb(pids: Pids) -> dict[str, dict[str, float]]:
    """PSS shares what several processes have in common, RSS counts it for each."""
    found = {}
    for name, pid in pids.items():
        full = psutil.Process(pid).memory_full_info()
        found[name] = {"pss": round(full.pss / 1e6, 1), "rss": round(full.rss / 1e6, 1)}
    return found


def minus(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


def per_thousand(spent: Mapping[str, float], count: int) -> dict[str, float]:
    each = {name: round(seconds / count * 1000, 4) for name, seconds in spent.items()} if count else {}
    return {**each, "all": round(sum(spent.values()) / count * 1000, 4) if count else 0.0}


def total(memory: Mapping[str, Mapping[str, float]], kind: str) -> float:
    return round(sum(of[kind] for of in memory.values()), 1)


def busy_cores(spent: Iterable[float], seconds: float) -> float:
    return round(sum(spent) / seconds, 3) if seconds else 0.0
