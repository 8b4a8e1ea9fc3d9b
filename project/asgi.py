"""ASGI entry: static files, pages and API over HTTP, and the read-only socket."""

import gc
import os
from typing import Any

import django

# What is loaded here stays for good: see `project/worker.py`. The end of this file lets the collector go on.
gc.disable()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

# Models must be loaded before anything that names them is imported.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from agents_app.routing import websocket_urlpatterns  # noqa: E402
from project import health  # noqa: E402
from project.static_files import StaticFiles  # noqa: E402
from project.web import BoundedBody, OneThreadHandler  # noqa: E402

pages = BoundedBody(OneThreadHandler())
static_files = StaticFiles()
sockets = OriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)), settings.ALLOWED_ORIGINS)


# Loads every view now: whoever hears that this process is ready must not wait for it.
_ = get_resolver().url_patterns


async def http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await _choose(scope["path"])(scope, receive, send)


def _choose(path: str) -> Any:
    if path == health.PATH:
        return health.healthz
    return static_files if path.startswith(settings.STATIC_URL) else pages


application = ProtocolTypeRouter({"http": http, "websocket": sockets})

gc.freeze()
gc.enable()
