"""One table: what was measured, what is aimed at, what the bare parts take, and how the two compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench import processes

Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """Where a figure stands in the results, and the aim for it."""

    metric: str
    path: str
    aim: str = ""


LINES = (
    Line("first text, one chat, p50 ms", "first.first_text_ms.p50", "4"),
    Line("first text, one chat, p99 ms", "first.first_text_ms.p99"),
    Line("  of it until the model is asked, p50 ms", "first.to_model_ms.p50"),
    Line("  CPU ms per message, all processes", "first.cpu_ms_per_message.all"),
    Line("first text ever after the start, ms", "very_first.first_text_ms.p50"),
)
AIMS = {1: ("0.6", "1.5", "", ""), 50: ("", "", "", ""), 200: ("", "10", "0.05", "10")}
OTHERS = (
    Line("50 chats, 2 reconnects each: bad chats", "reconnects.bad_chats", "0"),
    Line("tool gap, one, p50 ms", "tools_alone.gap_ms.p50", "4"),
    Line("tool gap, one, p99 ms", "tools_alone.gap_ms.p99"),
    Line("tool gap, 50 at once, p50 ms", "tools_together.gap_ms.p50", "80"),
    Line("tool gap, 50 at once, p99 ms", "tools_together.gap_ms.p99"),
    Line("memory after start, PSS MB", "memory.pss", "300"),
    Line("memory after start, RSS MB", "memory.rss"),
    Line("KB per idle socket, web", "idle.kb_per_socket.web", "20"),
    Line("cold start to first 200, s", "cold_start.first_200_s"),
    Line("cold start, all ready, s", "cold_start.all_ready_s"),
    Line("second start to first 200, s", "second_start.first_200_s", "1.2"),
    Line("second start, all ready, s", "second_start.all_ready_s", "3"),
    Line("Ctrl-C until all has ended, s", "stop_s"),
    Line("list, 50 of 501 conversations, p50 ms", "lists.list.p50", "2"),
    Line("snapshot of 1,000 messages, p50 ms", "lists.snapshot.p50", "9"),
    *(
        Line(f"toolset of {count} tools, {kind}, ms", f"catalog.toolset.{count}.{kind}_ms", aim)
        for count in (10, 50, 500)
        for kind, aim in (("cold", ""), ("warm", "20" if count == 500 else ""))
    ),
    *(
        Line(f"5,000 tools, {name}, ms", f"catalog.pages.{name}.ms", "300")
        for name in (
            "admin: tools",
            "admin: tools, searched",
            "admin: one tool",
            "admin: personas",
            "admin: persona with 500 grants",
            "admin: choosing a tool",
            "api: tools",
            "api: personas",
            "api: tools of a persona",
            "chat: home",
        )
    ),
)


def table(measured: Results, floor: Results) -> str:
    rows = [("metric", "value", "aim", "floor", "ratio")]
    with_sums = {**measured, "memory": _sums(measured.get("memory", {}))}
    for line in (*LINES, *_stream_lines(measured), *OTHERS):
        value, bare = _at(with_sums, line.path), _at(floor, line.path)
        if value is not None:
            ratio = f"{value / bare:.1f}" if bare and isinstance(value, float | int) else ""
            rows.append((line.metric, _shown(value), line.aim, _shown(bare), ratio))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(_row(row, widths) for row in rows)


def _stream_lines(measured: Results) -> list[Line]:
    counts = sorted(int(name.partition("_")[2]) for name in measured if name.startswith("stream_"))
    return [line for count in counts for line in _of_stream(count)]


def _of_stream(count: int) -> list[Line]:
    p50, p99, cpu, first = AIMS.get(count, ("", "", "", ""))
    path, chats = f"stream_{count}", f"{count} chat{'s' * (count > 1)}"
    processes_named = [
        Line(f"  of it {name}", f"{path}.steady.cpu_s_per_1000.{name}")
        for name in ("web", "runs", "tools", "valkey")
    ]
    return [
        Line(f"{chats}: added per piece p50 ms", f"{path}.added_ms.p50", p50),
        Line(f"{chats}: added per piece p99 ms", f"{path}.added_ms.p99", p99),
        Line(f"{chats}: the same while none starts or ends, p99 ms", f"{path}.steady.added_ms.p99"),
        Line(f"{chats}: lost, doubled or mixed pieces", f"{path}.wrong", "0"),
        Line(f"{chats}: bad chats", f"{path}.bad_chats", "0"),
        Line(f"{chats}: first text p50 ms (100 start each second)", f"{path}.first_text_ms.p50", first),
        Line(f"{chats}: first text p99 ms", f"{path}.first_text_ms.p99"),
        Line(
            f"{chats}: CPU s per 1,000 pieces, starts and ends too", f"{path}.whole.cpu_s_per_1000.all", cpu
        ),
        Line(f"{chats}: CPU s per 1,000 pieces while streaming", f"{path}.steady.cpu_s_per_1000.all"),
        *processes_named,
        Line(f"{chats}: server cores while streaming", f"{path}.steady.server_cores"),
        Line(f"{chats}: client cores", f"{path}.whole.client_cores"),
    ]


def _sums(memory: Results) -> Results:
    by_process = {name: of for name, of in memory.items() if isinstance(of, dict)}
    if not by_process:
        return {}
    return {kind: processes.total(by_process, kind) for kind in ("pss", "rss")}


def _at(results: Results, path: str) -> Any:
    found: Any = results
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _row(row: tuple[str, ...], widths: list[int]) -> str:
    first, *others = row
    return "  ".join(
        [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(others, widths[1:], strict=True))]
    )
