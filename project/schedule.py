"""Keeps the beat schedule in memory: it is fixed by the settings, so there is nothing to remember."""

from typing import Any

from celery.beat import Scheduler


class Fixed(Scheduler):
    def setup_schedule(self) -> None:
        entries: dict[str, Any] = {}
        self.data = entries
        self.merge_inplace(self.app.conf.beat_schedule)
