"""Static files, sent before Django is asked. WhiteNoise knows the headers; sending is a few lines of ASGI.

After `collectstatic` the names carry a hash and are kept by browsers for good; without it (`make run`)
files come from their folders and are asked for again each time.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from whitenoise.base import WhiteNoise
from whitenoise.responders import Response
from whitenoise.storage import CompressedManifestStaticFilesStorage

HASHED = re.compile(r"\.[0-9a-f]{12}\.[a-z0-9]+$")
MISSING = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]


class HashedWhenCollected(CompressedManifestStaticFilesStorage):
    """Hashed names once `collectstatic` has written its manifest, plain names before."""

    manifest_strict = False
    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        if not self.hashed_files:
            return name
        stored: str = super().stored_name(name)
        return stored


class _Files(WhiteNoise):
    """What may be sent: the collected folder, or whatever the finders know."""

    def __init__(self) -> None:
        collected = bool(getattr(staticfiles_storage, "hashed_files", None))
        super().__init__(
            None,
            autorefresh=not collected,
            max_age=3600 if collected else 0,
            allow_all_origins=False,
            add_headers_function=_add_headers,
            immutable_file_test=HASHED,
        )
        if collected:
            self.add_files(settings.STATIC_ROOT, settings.STATIC_URL)

    def candidate_paths_for_url(self, url: str) -> Iterator[str]:
        found = finders.find(url.removeprefix(settings.STATIC_URL))
        if isinstance(found, str):
            yield found

    def find(self, url: str) -> Any:
        return self.find_file(url) if self.autorefresh else self.files.get(url)


class StaticFiles:
    """The ASGI application beneath STATIC_URL."""

    def __init__(self) -> None:
        self.files = _Files()

    async def __call__(self, scope: dict[str, Any], _receive: Any, send: Any) -> None:
        found = self.files.find(scope["path"])
        if found is None:
            await send({"type": "http.response.start", "status": 404, "headers": MISSING})
            await send({"type": "http.response.body", "body": b"Not found.\n"})
            return
        response, body = await asyncio.to_thread(_read, found, scope)
        headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
        await send({"type": "http.response.start", "status": int(response.status), "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _read(found: Any, scope: dict[str, Any]) -> tuple[Response, bytes]:
    asked = {
        "HTTP_" + name.decode("latin1").upper().replace("-", "_"): value.decode("latin1")
        for name, value in scope["headers"]
    }
    response = found.get_response(scope["method"], asked)
    if response.file is None:
        return response, b""
    with response.file as file:
        return response, file.read()


def _add_headers(headers: Any, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
