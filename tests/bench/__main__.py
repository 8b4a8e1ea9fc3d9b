"""`python -m tests.bench`: what Toolroom adds to a model's stream. Prints a table and writes bench-result.json.

It starts an installation of its own, and beside it the floor: the same pieces through Valkey and uvicorn by hand.
Compare ratios, not figures of different days. Nothing fails here, and everything it started ends with it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import gate, machine, report
from tests.bench.installation import ROOT
from tests.bench.model import Model
from tests.bench.series import Series, Wanted
from tests.services import Postgres

QUIET = 0.5


def main() -> None:
    chosen = _arguments()
    facts = machine.described()
    began = time.monotonic()
    outcome: dict[str, Any] = {"machine": facts, "options": vars(chosen)}
    if facts["load_average_before"][0] > QUIET:
        _say(f"The machine is not quiet: load average {facts['load_average_before'][0]}.")
    outcome["gate_ms"] = gate.measured()
    for name, taken in outcome["gate_ms"].items():
        _say(
            f"one decision about {name}: {taken['p50']} ms, p99 {taken['p99']} ms of processor time (aim: 2)"
        )
    floor = Series(_wanted(chosen), lambda line: _say(f"floor: {line}"))
    if not chosen.no_floor:
        floor.floor()
    outcome["floor"] = floor.results
    for kind in ("scripted", "fake") if chosen.model == "both" else (chosen.model,):
        outcome[kind] = _measured(chosen, kind)
        print(f"\n{kind} model, {facts['cores']} cores, load average {machine.load()}", flush=True)
        print(report.table(outcome[kind], floor.results), flush=True)
        for line in outcome[kind]["said"][:20]:
            _say(f"the installation said: {line}")
    outcome["took_s"] = round(time.monotonic() - began)
    chosen.out.write_text(json.dumps(outcome, indent=1, default=str) + "\n")
    _say(f"written to {chosen.out} after {outcome['took_s']} s")


def _measured(chosen: argparse.Namespace, kind: str) -> dict[str, Any]:
    series = Series(_wanted(chosen), lambda line: _say(f"{kind}: {line}"))
    postgres = (
        Postgres(Path(tempfile.mkdtemp(prefix="toolroom-postgres-")))
        if chosen.database == "postgres"
        else None
    )
    variables = {"DATABASE_URL": postgres.url if postgres else chosen.database} if chosen.database else {}
    model = Model() if kind == "fake" else None
    try:
        if postgres:
            postgres.start()
        if model:
            variables["ANTHROPIC_BASE_URL"] = model.start()
        series.installation(variables)
    finally:
        if model:
            model.stop()
        if postgres:
            postgres.stop()
    return series.results


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=("fake", "scripted", "both"), default="both")
    parser.add_argument(
        "--database", default="", help="URL of a fresh PostgreSQL, or `postgres` for one of our own"
    )
    parser.add_argument("--quick", action="store_true", help="3 s of streaming instead of 10")
    parser.add_argument("--chats", type=int, nargs="+", default=[1, 50, 200])
    parser.add_argument("--max", type=int, help="also try so many chats")
    parser.add_argument("--only", nargs="+", default=[], help="measures by the beginning of their names")
    parser.add_argument("--no-floor", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "bench-result.json")
    return parser.parse_args()


def _wanted(chosen: argparse.Namespace) -> Wanted:
    chats = [*chosen.chats, *([chosen.max] if chosen.max else [])]
    return Wanted(
        chats=tuple(chats),
        seconds=3.0 if chosen.quick else 10.0,
        firsts=20 if chosen.quick else 60,
        only=tuple(chosen.only),
    )


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
