"""Celery tasks of the tool room. Each takes one id, calls one verb, and is safe to run twice."""

from __future__ import annotations

from celery import shared_task

from project.accounts.prepared import Given, Prepared
from tools_app import calls, sweeps
from tools_app.bell import ring_again
from tools_app.governing import switches
from tools_app.mcp import servers, sync
from tools_app.models import ToolCall
from tools_app.notices import clock, pruning, sending

_CALL = Prepared(lambda: ToolCall.objects.select_related("tool", "organization").filter(pk=Given("pk")))


@shared_task(ignore_result=True)
def execute_call(call_id: int) -> None:
    call = _CALL.first(pk=call_id)
    if call is not None and call.status == ToolCall.Status.QUEUED:
        calls.execute(call)


@shared_task(ignore_result=True)
def sync_mcp_server(server_id: int) -> None:
    server = servers.claimed(server_id)
    if server is not None:
        sync.sync(server)


@shared_task(ignore_result=True)
def sweep_calls() -> None:
    for call in sweeps.abandoned():
        sweeps.give_up(call)
    ring_again(execute_call, sweeps.overdue())
    ring_again(sync_mcp_server, servers.overdue())
    # It acts by itself already; this only tells of it.
    switches.heed_file()


@shared_task(ignore_result=True)
def expire_approvals() -> None:
    sweeps.expire_approvals()


@shared_task(ignore_result=True)
def send_delivery(delivery_id: int) -> None:
    sending.send(delivery_id)


@shared_task(ignore_result=True)
def tell_of_questions() -> None:
    clock.tick()
    ring_again(send_delivery, sending.due())
    pruning.prune()
