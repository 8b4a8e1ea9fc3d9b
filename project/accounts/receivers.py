"""Writes the moment of a login into its own session: being signed in anew elsewhere makes no old session fresh."""

from __future__ import annotations

import time
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

SIGNED_IN_AT = "signed_in_at"


@receiver(user_logged_in)
def note_the_moment(request: HttpRequest | None, **_: Any) -> None:
    if request is not None:
        request.session[SIGNED_IN_AT] = time.time()
