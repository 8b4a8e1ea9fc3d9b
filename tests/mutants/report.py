"""What the mutants came to, beside the reasons for those that no test can notice."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
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


def fingerprint(names: Iterable[str]) -> str:
    """Of all faults that a module can have: another one where the module is not what it was when it was judged."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]


def stale(found: Mapping[str, Mapping[str, Any]], today: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Of the modules of today, by the fingerprint of each: those judged as they were once, and those never judged."""
    changed = [name for name in today if name in found and found[name].get("faults") != today[name]]
    return changed, [name for name in today if name not in found]


def survivors(module: str, faults: str) -> frozenset[str] | None:
    """What nobody noticed the last time; None where there was none, or the module had other faults in it by then."""
    found = kept().get(module)
    return frozenset(found["survivors"]) if found and found.get("faults") == faults else None


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


def kept() -> dict[str, Any]:
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


def keep(module: str, verdicts: Verdicts, names: list[str]) -> None:
    """`names` are those of all mutants there are."""
    result = kept()
    result[module] = {**summed(verdicts, len(names)), "faults": fingerprint(names)}
    RESULT.write_text(json.dumps(dict(sorted(result.items())), indent=1, ensure_ascii=False) + "\n")
