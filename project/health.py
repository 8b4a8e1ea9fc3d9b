"""Says that this web process answers, to anybody who can reach it. Nothing about the installation is told."""

from typing import Any

PATH = "/healthz"


async def healthz(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok\n"})
