"""A big catalog, measured inside one process with the installation's own settings and database.

`python -m tests.bench.catalog` makes 5,000 tools and three personas with 10, 50 and 500 of them, and prints JSON: how
long a turn's toolset takes, cold and warm, and how long the pages and lists of the catalog take. `--profile PATH`
shows instead where the time of one page goes.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

# Models can be imported only now.
from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from agents_app import toolset  # noqa: E402
from agents_app.granted import carried  # noqa: E402
from agents_app.models import AgentType  # noqa: E402
from project.accounts import identity as identities  # noqa: E402
from project.accounts.identity import Identity  # noqa: E402
from project.accounts.models import Membership, Organization  # noqa: E402
from tests import many  # noqa: E402
from tools_app.models import Tool  # noqa: E402

TOOLS, GRANTS = 5_000, (10, 50, 500)


def main() -> None:
    with transaction.atomic():
        user, agents = _made()
    identity = identities.from_user(user.pk, Organization.objects.order_by("pk")[0].pk)
    if sys.argv[1:2] == ["--profile"]:
        _profiled(_client(user), sys.argv[2].format(agent=agents[500].pk))
        return
    print(json.dumps({"toolset": _toolsets(agents, identity), "pages": _pages(_client(user), agents[500])}))


def _made() -> tuple[Any, dict[int, AgentType]]:
    organization = Organization.objects.order_by("pk")[0]
    user, made = get_user_model().objects.get_or_create(username="bench-keeper", is_staff=True)
    if made:
        Membership.objects.create(user=user, organization=organization, role=Membership.Role.ADMIN)
        rows = many.tools(organization, TOOLS)
        for count in GRANTS:
            many.granted(many.persona(organization, f"bench-{count}"), rows[:count])
    found = {
        count: AgentType.objects.get(organization=organization, name=f"bench-{count}") for count in GRANTS
    }
    return user, found


def _toolsets(agents: dict[int, AgentType], identity: Identity) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for count, agent in agents.items():

        def build(agent: AgentType = agent) -> Any:
            return toolset.offer(agent, identity).for_model()

        def cold(build: Callable[[], Any] = build) -> Any:
            carried._kept.clear()
            return build()

        build()
        found[str(count)] = {
            "cold_ms": _median(cold, 10),
            "warm_ms": _median(build, 40),
            "warm_cpu_ms": _median(build, 40, clock=time.process_time),
        }
    return found


def _pages(client: Client, agent: AgentType) -> dict[str, Any]:
    tool = Tool.objects.filter(name=many.name_of(0)).order_by("-pk")[0]
    paths = {
        "admin: tools": "/admin/tools_app/tool/",
        "admin: tools, searched": "/admin/tools_app/tool/?q=invoice",
        "admin: one tool": f"/admin/tools_app/tool/{tool.pk}/change/",
        "admin: personas": "/admin/agents_app/agenttype/",
        "admin: persona with 500 grants": f"/admin/agents_app/agenttype/{agent.pk}/change/",
        "admin: choosing a tool": "/admin/autocomplete/?term=invoice&app_label=agents_app&model_name=agenttoolconfig"
        "&field_name=tool",
        "api: tools": "/api/tools",
        "api: personas": "/api/agents",
        "api: tools of a persona": f"/api/agents/{agent.pk}/tools",
        "chat: home": "/",
    }
    return {name: _page(client, path) for name, path in paths.items()}


def _page(client: Client, path: str) -> dict[str, Any]:
    answer = client.get(path)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return {
        "status": answer.status_code,
        "kb": round(len(answer.content) / 1024),
        "queries": len(queries),
        "ms": _median(lambda: client.get(path), 7),
        "cpu_ms": _median(lambda: client.get(path), 7, clock=time.process_time),
    }


def _client(user: Any) -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    return client


def _profiled(client: Client, path: str) -> None:
    import cProfile
    import pstats

    client.get(path)
    with cProfile.Profile() as profile:
        client.get(path)
    pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def _median(do: Callable[[], Any], times: int, *, clock: Callable[[], float] = time.perf_counter) -> float:
    taken = []
    for _ in range(times):
        began = clock()
        do()
        taken.append((clock() - began) * 1000)
    return round(statistics.median(taken), 2)


if __name__ == "__main__":
    main()
