"""Beat that sweeps by itself. The schedule is fixed by the settings and kept in memory: there is nothing to remember.

Sent to a worker, a sweep would wait there behind hundreds of answers or slow tools, just when something is wrong. Here
it needs neither a free worker nor the broker; one that takes long is only followed later by the next. Two beats at
once do no harm: whatever a sweep changes is changed by whoever comes first.
"""

import logging
from typing import Any

from celery.beat import Scheduler
from django.db import close_old_connections

log = logging.getLogger(__name__)


class Fixed(Scheduler):
    # Nothing is sent, so nobody waits for the broker.
    producer: Any = None

    def setup_schedule(self) -> None:
        entries: dict[str, Any] = {}
        self.data = entries
        self.merge_inplace(self.app.conf.beat_schedule)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        try:
            close_old_connections()
            self.app.tasks[entry.task].run()
        except Exception:
            # One sweep that fails must keep neither the others nor its own next one from their turn.
            log.exception("%s failed, it is tried again at the next sweep", entry.name)
        finally:
            close_old_connections()
