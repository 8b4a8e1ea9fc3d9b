"""Per-user API keys: each person's tools speak to a service with that person's own key (S0.15).

    python -m tools_app.examples.per_user_api_keys

The keys come from a file that only the operator's processes can read (USER_KEYS_FILE: a JSON object of person and
key). The key is held by the tool and nobody else: no argument, no context, no result, no record has it. Who has no
key has no tool. A new key counts as soon as what was built is cleared: `manage.py clear_callables --user <id>`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools_app.factories import RunContext, tool_factory
from tools_app.functions import fetch_json

SERVICE = "USER_KEYS_SERVICE"
KEYS = "USER_KEYS_FILE"


def tools_of(service: str, key: str) -> list[Callable[..., Any]]:
    """They close over the key (S3.75)."""

    def my_tasks(limit: int = 10) -> Any:
        """List the open tasks of the person who asks, from the task service.

        Args:
            limit: How many at most.
        """
        told = {"Authorization": f"Bearer {key}"}
        return fetch_json("GET", f"{service}/tasks", query={"limit": limit}, headers=told)

    return [my_tasks]


@tool_factory(tools=tools_of("", ""), description="The task service, with each person's own key.")
def task_tools(run_context: RunContext) -> list[Any]:
    key = keys().get(run_context.user_id or "")
    return tools_of(os.environ[SERVICE], key) if key else []


def keys() -> dict[str, str]:
    file = os.environ.get(KEYS, "")
    return (
        {str(person): str(key) for person, key in json.loads(Path(file).read_text()).items()} if file else {}
    )


def _show() -> None:
    from tools_app.examples.showing import Person, Persona, say

    helper = Persona(("task_tools",))
    for user_id in ("1", "2", "3"):
        who = Person(user_id)
        say(f"Person {user_id} has {helper.offered(who)}:", helper.use(who, "my_tasks"))


def _main() -> None:
    """With a service of its own on this machine, which answers whose key it was shown."""
    import tempfile
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from tools_app.examples import showing

    owners = {"Bearer key-of-ann": "Ann", "Bearer key-of-bo": "Bo"}

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            owner = owners.get(self.headers.get("Authorization", ""), "nobody")
            body = json.dumps({"owner": owner, "tasks": [f"{owner}'s first task"]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Service) as server, tempfile.NamedTemporaryFile("w") as file:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        json.dump({"1": "key-of-ann", "2": "key-of-bo"}, file)
        file.flush()
        place = f"127.0.0.1:{server.server_port}"
        os.environ.update({SERVICE: f"http://{place}", KEYS: file.name})
        showing.main(_show, EGRESS_EXCEPTIONS=place)
        server.shutdown()


if __name__ == "__main__":
    _main()
