"""How long one decision of the gate takes, under rules as people write them, in processor time: it waits for nothing.

`python -m tests.bench.gate` prints it alone. The aim is 2 ms at p99 (`security.md`, 7).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from tests.bench import checks
from tests.bench.installation import ROOT

TIMES = 1_000
HOSTS = [f"api{n}.partner{n % 7}.example" for n in range(40)]
PEOPLE = [f"person{n}@customer{n % 9}.example" for n in range(100)]
LETTERS = [{"to": PEOPLE[n], "subject": f"Invoice {n}", "body": "Dear customer, " * 40} for n in range(5)]


def measured() -> dict[str, Any]:
    """In a process of its own: this one may have no settings of Django."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {"DJANGO_SETTINGS_MODULE": "project.settings", "TESTING": "true", "DATA_DIR": folder}
        said = subprocess.run(
            [sys.executable, "-m", "tests.bench.gate"],
            cwd=ROOT,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


REAL = ["reports/2026/summary.txt", "/srv/files/reports/2026/summary.txt"]
GIT = {
    "program": "/usr/bin/git",
    "args": [{"one_of": ["log", "show"]}],
    "rest": [{"regex": "[^;|&]*"}],
}
# Kinds of the parameters, what a model asks for, other names of the file that is meant, and the rules of the grant.
USES: dict[str, dict[str, Any]] = {
    "a file": {
        "kinds": {"path": "path"},
        "given": {"path": REAL[0]},
        "also": {"path": REAL},
        "allowed": {"path": ["reports", "notes"]},
        "denied": {"path": ["reports/private"]},
    },
    "an address": {
        "kinds": {"url": "url"},
        "given": {"url": f"https://{HOSTS[-1]}/v1/orders?page=2"},
        "allowed": {"url": HOSTS},
        "denied": {"url": [f"evil{n}.example" for n in range(20)]},
    },
    "a command": {
        "kinds": {"argv": "argv"},
        "given": {"argv": ["/usr/bin/git", "log", "--oneline", "src", "tests"]},
        "allowed": {"argv": [{"argv": GIT}]},
    },
    "a mail": {
        "kinds": {"to": "email", "body": "text"},
        "given": {"to": PEOPLE[-1], "subject": "Invoice 7", "body": "Dear customer, " * 100},
        "allowed": {"to": PEOPLE, "subject": True, "body": [{"regex": "(?s).*"}]},
        "denied": {"body": ["iban", "account number"]},
    },
    "five letters": {
        "given": {"letters": LETTERS},
        "allowed": {
            "/letters/*/to": [{"email": each} for each in PEOPLE[:20]],
            "/letters/*/subject": [{"regex": "Invoice [0-9]+"}],
            "/letters/*/body": True,
        },
    },
}


def layers() -> tuple[Any, ...]:
    from tools_app.policy import Layer, Source

    bad = [f"bad{n}.example" for n in range(50)]
    return (
        Layer(Source("installation", 1, "File"), denied={"kind:url": ["localhost", "10.0.0.1"]}),
        Layer(Source("installation", 2, "File"), denied={"kind:path": ["/etc", "/root", "/proc"]}),
        Layer(Source("organization", 1, "Hosts"), denied={"kind:url": bad}),
        Layer(Source("organization", 2, "Words"), ask_when={"*": [{"regex": "(?i)secret|password"}]}),
        Layer(Source("tool", 1, "Tool"), denied={"kind:path": [".git", "secrets"]}),
    )


def act(given: dict[str, Any], *, kinds: Any = None, also: Any = None, **rules: Any) -> Callable[[], object]:
    """A use that passes all rules, and that none of five words which stand from now on spares the question."""
    from tools_app import policy

    held = {"same": {}, "match": {name: [{"equals": "another"}] for name in given}, "open": []}
    covers = policy.standing.COVERABLE
    facts = policy.Facts(
        policy.ToolFacts(1, "tool", "hash", kinds=kinds or {}, requires_approval=True),
        policy.Grant(1, 1, "Ana", "hash", usage_limit=50, **rules),
        layers=layers(),
        standing=tuple(policy.Standing(number, held, covers) for number in range(5)),
    )
    call = policy.Call(given, frozenset(given), also=also or {})
    decision = policy.decide(call, facts)
    if not isinstance(decision, policy.AskApproval):
        raise TypeError(f"the benchmark's own rules refuse: {decision}")
    return lambda: policy.decide(call, facts)


def main() -> None:
    found = {}
    for name, use in USES.items():
        decide, taken = act(**use), []
        for _ in range(TIMES):
            began = time.thread_time_ns()
            decide()
            taken.append((time.thread_time_ns() - began) / 1e6)
        found[name] = checks.spread(taken)
    print(json.dumps(found))


if __name__ == "__main__":
    import django

    django.setup()
    main()
