"""What the mutants came to, beside the reasons for those that no test can notice."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
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


def summed(verdicts: Verdicts) -> dict[str, Any]:
    counted = Counter(each["verdict"].partition(" by ")[0] for each in verdicts)
    alive = [each["name"] for each in verdicts if not each["verdict"].startswith("killed")]
    return {
        "mutants": len(verdicts),
        "killed": counted["killed"],
        "score": round(100 * counted["killed"] / max(1, len(verdicts)), 1),
        "survivors": sorted(alive),
    }


def tell(module: str, verdicts: Verdicts, seconds: float) -> None:
    found = summed(verdicts)
    told = f"{found['killed']} of {found['mutants']} noticed, {found['score']} %, {seconds:.0f} s"
    print(f"{module}: {told}", flush=True)
    for each in unexplained(verdicts):
        print(
            f"   line {each['line']}: {each['name']}  [{each['verdict']}, {each['tests']} tests]", flush=True
        )


def keep(module: str, verdicts: Verdicts) -> None:
    result: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    result[module] = summed(verdicts)
    RESULT.write_text(json.dumps(dict(sorted(result.items())), indent=1, ensure_ascii=False) + "\n")
