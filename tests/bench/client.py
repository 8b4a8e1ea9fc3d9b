"""The client, a process of its own: reads the plan of one run from its input, writes the result to its output."""

from __future__ import annotations

import gc
import sys

import msgspec
import uvloop

from tests.bench.measures import MEASURES, Plan


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    # A pause of the client's collector would be counted as the installation's.
    gc.disable()
    result = uvloop.run(MEASURES[plan.measure](plan))
    sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    main()
