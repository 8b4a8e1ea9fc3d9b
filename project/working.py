"""What a worker does once it takes work: tells its watcher, and keeps the schedule if it was asked to."""

import os
from typing import Any

from celery.beat import EmbeddedService
from celery.signals import worker_ready
from django.conf import settings

from agents_app import providers
from project.celery import app
from project.schedule import Fixed


@worker_ready.connect(dispatch_uid="project.tell_the_watcher")
def tell_the_watcher(**_: Any) -> None:
    if settings.READY_FD:
        os.write(settings.READY_FD, b"ready")


@worker_ready.connect(dispatch_uid="project.load_the_model")
def load_the_model(**_: Any) -> None:
    """Load what answers before the first message needs it: the SDK alone takes more than a second."""
    if "runs" in app.amqp.queues.consume_from:
        providers.of("direct" if settings.ANTHROPIC_API_KEY or settings.ANTHROPIC_BASE_URL else "scripted")


@worker_ready.connect(dispatch_uid="project.keep_the_schedule")
def keep_the_schedule(**_: Any) -> None:
    """Run beat in a thread here, apart from those of the work: one machine need not pay for a process of its own."""
    if settings.EMBEDDED_BEAT:
        service: Any = EmbeddedService(app, thread=True, scheduler_cls=Fixed)
        service.start()
