"""Clearing reaches other processes: one that holds a connection for somebody closes it, though nobody told it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from agents_app.models import Run
from tests import people
from tests.conftest import with_this_database
from tests.flows import bound
from tests.flows.bound import counters, nothing_registered  # noqa: F401
from tools_app.clearing import clear_callable_cache

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("counters")]

ROOT = Path(__file__).resolve().parents[2]
# Another process of the installation: it builds the tools of a run, keeps them, and says when they are closed.
ELSEWHERE = """
import sys, threading
import django
django.setup()
from agents_app.granted import bindings
from agents_app.models import Run
from project.accounts import identity as identities
from tools_app.factories import Toolkit, caching, register_factory, tool_method

closed = threading.Event()
caching.LOOK_SECONDS = 0.1

class Counter(Toolkit):
    @tool_method
    def add(self, by: int = 1) -> str:
        '''Count on.

        Args:
            by: How far.
        '''
        return str(by)

    @tool_method
    def reset(self) -> str:
        '''Begin anew.'''
        return 'reset'

    def close(self):
        closed.set()

register_factory('counters', lambda: [Counter()], tools=[Counter])
run = Run.objects.select_related('conversation', 'agent_type').get(pk=int(sys.argv[1]))
who = identities.from_user(run.user_id, run.organization_id)
with bindings.brought(run.agent_type, who, run) as brought:
    print('built', sorted(brought.tools), flush=True)
print('closed' if closed.wait(60) else 'kept', flush=True)
"""


def elsewhere(run: Run) -> subprocess.Popen[str]:
    connection.close()
    settings = {**with_this_database(), "DJANGO_SETTINGS_MODULE": "project.settings"}
    command = [sys.executable, "-c", ELSEWHERE, str(run.pk)]
    return subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, text=True)


def test_a_process_that_was_told_nothing_closes_what_was_cleared() -> None:
    """S0.49: across web and worker processes."""
    agent = bound.persona("counters")
    run = bound.begin(agent, people.alice().identity, "add")
    with elsewhere(run) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "built ['add', 'reset']\n"
        clear_callable_cache(user_id=people.bob().identity.user_id)
        clear_callable_cache(user_id=people.alice().identity.user_id)
        assert other.stdout.readline() == "closed\n"
    assert other.returncode == 0
