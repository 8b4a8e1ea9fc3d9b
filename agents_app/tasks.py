"""Celery tasks of the talking room. Each takes one id, calls one verb, and is safe to run twice."""

from __future__ import annotations

from celery import shared_task

from agents_app import loop, runs, sweeps
from agents_app.answering.desk import desk
from agents_app.models import Run
from audit_app import crash
from project.accounts.prepared import Given, Prepared
from tools_app.bell import ring_again

_RUN = Prepared(
    lambda: Run.objects.select_related("conversation", "agent_type__endpoint__secret", "message").filter(
        pk=Given("pk")
    )
)


@shared_task(ignore_result=True)
def advance_run(run_id: int) -> None:
    with desk.seated():
        _advance(run_id)


def _advance(run_id: int) -> None:
    run = _RUN.first(pk=run_id)
    if run is not None and runs.claim(run):
        crash.point("after-run-claim")
        loop.work(run)


@shared_task(ignore_result=True)
def sweep_runs() -> None:
    for run in sweeps.abandoned():
        sweeps.hand_over(run)
    ring_again(advance_run, sweeps.overdue())
    sweeps.end_unanswered()
    sweeps.close_left_open()
