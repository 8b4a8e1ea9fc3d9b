"""An MCP server at an address, on this machine: one JSON answer for each POST, and what misbehaves by its path."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOOL = {"name": "say", "description": "Says a word.", "inputSchema": {"type": "object", "properties": {}}}
TOKEN = {"access_token": "granted", "token_type": "Bearer", "expires_in": 3600}


class Site:
    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"site": self}))
        self.server.daemon_threads = True

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def url(self, path: str) -> str:
        return f"http://{self.endpoint}{path}"


@contextmanager
def site() -> Iterator[Site]:
    made = Site()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()


def _result(message: dict[str, Any]) -> dict[str, Any] | None:
    method = message.get("method")
    if method == "initialize":
        info = {"name": "site", "version": "1"}
        version = message["params"]["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
    if method == "tools/list":
        return {"tools": [TOOL]}
    return {"content": [{"type": "text", "text": "said"}]} if method == "tools/call" else None


class Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.site.heard.append(("GET", self.path, self.headers.get("Authorization", "")))
        if self.path.startswith("/.well-known/oauth-protected-resource"):
            self.tell(
                200,
                {"resource": self.site.url("/oauth"), "authorization_servers": [self.site.url("/issuer")]},
            )
        elif self.path.startswith("/.well-known/oauth-authorization-server"):
            self.tell(200, self.issuer())
        else:
            self.tell(405, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        authorization = self.headers.get("Authorization", "")
        self.site.heard.append(("POST", self.path, authorization))
        if self.path == "/token":
            self.tell(200, TOKEN)
        elif self.path == "/oauth" and authorization != "Bearer granted":
            self.tell(401, {}, {"WWW-Authenticate": "Bearer"})
        else:
            self.answer(json.loads(body))

    def answer(self, message: dict[str, Any]) -> None:
        misbehaving = self.misbehaving(message)
        if misbehaving is not None:
            misbehaving()
        elif "id" not in message:
            self.tell(202, None)
        elif (result := _result(message)) is None:
            error = {"code": -32601, "message": "no such method"}
            self.tell(200, {"jsonrpc": "2.0", "id": message["id"], "error": error})
        else:
            self.tell(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})

    def misbehaving(self, message: dict[str, Any]) -> Callable[[], None] | None:
        if self.path == "/redirects":
            return lambda: self.tell(307, {}, {"Location": "http://169.254.169.254/latest"})
        if self.path == "/moved" and message.get("method") == "initialize":
            return lambda: self.tell(308, {}, {"Location": "/mcp"})
        if message.get("method") != "tools/call":
            return None
        large = {"jsonrpc": "2.0", "id": message["id"], "result": {"x": "x" * 10 * 2**20}}
        acts = {"/big": lambda: self.tell(200, large), "/drips": self.drip, "/broken": self.breaks}
        return acts.get(self.path)

    def breaks(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "500")
        self.end_headers()
        self.wfile.write(b'{"jsonrpc"')
        self.close_connection = True

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        with suppress(OSError):
            for _ in range(300):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.1)
        self.close_connection = True

    def issuer(self) -> dict[str, Any]:
        return {
            "issuer": self.site.url("/issuer"),
            "authorization_endpoint": self.site.url("/authorize"),
            "token_endpoint": self.site.url("/token"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def tell(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
