"""What the mutants came to, beside the reasons for those that no test can notice."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULT = HERE / "result.json"
SURVIVORS = HERE / "survivors.toml"
Verdicts = list[dict[str, Any]]


def reasons() -> dict[str, str]:
    """Why a mutant lives, by its name."""
    rows = tomllib.loads(SURVIVORS.read_text())["survivor"]
    return {mutant: row["why"] for row in rows for mutant in row["mutants"]}


def unexplained(verdicts: Verdicts) -> Verdicts:
    known = reasons()
    return [
        each for each in verdicts if not each["verdict"].startswith("killed") and each["name"] not in known
    ]


def survivors(module: str, count: int) -> frozenset[str] | None:
    """What nobody noticed the last time; None where there was none, or the module had other faults in it by then."""
    found = _kept().get(module)
    return frozenset(found["survivors"]) if found and found["mutants"] == count else None


def summed(verdicts: Verdicts, count: int | None = None) -> dict[str, Any]:
    """`count` is that of all mutants, where only some of them were tried and the others are noticed."""
    alive = [each["name"] for each in verdicts if not each["verdict"].startswith("killed")]
    mutants = len(verdicts) if count is None else count
    killed = mutants - len(alive)
    return {
        "mutants": mutants,
        "killed": killed,
        "score": round(100 * killed / max(1, mutants), 1),
        "survivors": sorted(alive),
    }


def _kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    return found


def tell(module: str, verdicts: Verdicts, seconds: float) -> None:
    found = summed(verdicts)
    told = f"{found['killed']} of {found['mutants']} noticed, {found['score']} %, {seconds:.0f} s"
    print(f"{module}: {told}", flush=True)
    for each in unexplained(verdicts):
        print(
            f"   line {each['line']}: {each['name']}  [{each['verdict']}, {each['tests']} tests]", flush=True
        )


def keep(module: str, verdicts: Verdicts, count: int) -> None:
    result = _kept()
    result[module] = summed(verdicts, count)
    RESULT.write_text(json.dumps(dict(sorted(result.items())), indent=1, ensure_ascii=False) + "\n")
