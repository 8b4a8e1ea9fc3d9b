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


def line(module: str, verdicts: Verdicts, seconds: float) -> str:
    found = summed(verdicts)
    return f"{module}: {found['killed']} of {found['mutants']} killed, {found['score']} %, {seconds:.0f} s"


def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    return found


def keep(result: dict[str, Any]) -> None:
    RESULT.write_text(json.dumps(dict(sorted(result.items())), indent=1, ensure_ascii=False) + "\n")
