"""Named points at which a test may let the process die, to show that nothing is lost or done twice there.

The points: after-commit-before-publish, after-claim, after-intent, mid-effect, after-effect-before-settle,
after-settle-before-event (`security.md` 3.4); mid-stream and after-stream-before-settle for the model's turn.
"""

from __future__ import annotations

import os

from django.conf import settings


def point(name: str) -> None:
    """End the process here, unflushed and at once, if CRASH_AT names this point; settings refuse it in production."""
    if name == settings.CRASH_AT:
        os._exit(137)
