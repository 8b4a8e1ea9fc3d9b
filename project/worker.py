"""`python -m project.worker -Q QUEUE -c THREADS`: a Celery worker in threads, the same as `celery worker` starts.

Celery's own command line loads a line editor for a shell nobody opens: eight megabytes in each worker, and a quarter
of the time it takes to start.
"""

import argparse
import gc
import logging
import sys
from importlib import import_module
from typing import Any


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m project.worker", description="A worker of one queue.")
    parser.add_argument(
        "-Q", dest="queue", required=True, choices=("runs", "tools"), help="whose work it takes"
    )
    parser.add_argument("-c", dest="threads", required=True, type=int, help="how much of it at once")
    chosen = parser.parse_args(words)
    # What is loaded now stays for good: looking through it for garbage again and again is a fifth of the start, and
    # would stop every thread for a tenth of a second now and then later.
    gc.disable()
    worker = _loaded(chosen.queue, chosen.threads)
    gc.freeze()
    gc.enable()
    worker.start()
    return worker.exitcode or 0


def _loaded(queue: str, threads: int) -> Any:
    app = import_module("project.celery").app
    names = import_module("celery.utils.nodenames")
    return app.Worker(
        queues=[queue],
        pool_cls="threads",
        concurrency=threads,
        hostname=names.host_format(names.default_nodename(f"{queue}@%h")),
        loglevel=logging.WARNING,
        quiet=True,
        # Workers need to know nothing of each other: the database says what is left to do.
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
