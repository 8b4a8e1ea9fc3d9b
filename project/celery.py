"""The Celery app. Every setting of it is in `project.settings` under the prefix CELERY_."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
# A worker would run every system check as it starts, and load all pages, routes and serializers for that.
# They have been run by `prepare`, and are run by `manage.py check --deploy`.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

for scheme in ("redis", "rediss"):
    TRANSPORT_ALIASES[scheme] = "project.broker:Transport"

app = Celery("project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
