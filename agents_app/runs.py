"""The life of a Run: claim(), finish(), fail(), cancel(), retry(). No other module changes a Run's status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from agents_app.exceptions import NothingToRetry
from agents_app.models import Conversation, Message, Run
from audit_app.clock import NOW, from_now
from audit_app.exceptions import StaleState
from audit_app.transitions import born, hold, move
from project.accounts import identity as identities
from project.accounts import prepared
from project.accounts.identity import Identity
from tools_app import calls
from tools_app.approving import outcomes
from tools_app.calling import askers
from tools_app.models import Approval, ToolCall

_OPEN_CALLS = Exists(ToolCall.objects.filter(run_id=OuterRef("pk"), status__in=ToolCall.OPEN))
AN_OLDER_ONE = Exists(
    Run.objects.filter(conversation_id=OuterRef("conversation_id"), pk__lt=OuterRef("pk")).exclude(
        status__in=Run.FINAL
    )
)

# A dangerous tool of it was lost half-way: a person looks before anything else is thought or done.
AN_OPEN_QUESTION = Exists(
    Approval.objects.filter(call__run_id=OuterRef("pk")).about_outcome().awaiting_verdict()
)

# A limit was reached: its person says how to go on.
NOT_RESTING = Q(resting_since__isnull=True)
_STILL_THERE = Exists(Conversation.objects.filter(pk=OuterRef("conversation_id"), deleted_at__isnull=True))


def queue(message: Message, *, by: Identity, tool_context: Mapping[str, Any] | None = None) -> Run:
    """Queue an answer to a stored message; it waits its turn behind the conversation's other answers (G3).

    The context is kept with the run: a worker hours later still has it (S3.18, S3.92).
    """
    conversation = message.conversation
    run = Run(
        organization_id=conversation.organization_id,
        conversation=conversation,
        agent_type=conversation.agent_type,
        message=message,
        user_id=by.user_id,
        asked_through=askers.through(by),
        tool_context=dict(tool_context or {}),
    )
    return born(run, by=by)


def claim(run: Run) -> bool:
    """Make the run ours to advance. False: not its turn, somebody else has it, a tool works or a person looks."""
    if run.status not in (Run.Status.QUEUED, Run.Status.WAITING):
        return False
    try:
        # The subtlest line of the house. "Is any call still open?" must be asked by the very statement that takes
        # the run, and only after the settling transaction has committed. Asked inside that transaction, two calls
        # settling together each see the other one open, nobody advances, and the run sleeps for ever (283 of 300
        # rounds on PostgreSQL). Asked here, every settled call rings once after its commit, the last bell finds no
        # open call, and the guarded update lets exactly one of several bells win.
        with transaction.atomic():
            _take(run)
    except (StaleState, IntegrityError):
        return False
    return True


def _take(run: Run) -> None:
    # Another active run of the conversation would be an older one; the partial unique index stands behind this.
    free = ~Q(_OPEN_CALLS) & ~Q(AN_OPEN_QUESTION) & ~Q(AN_OLDER_ONE) & Q(_STILL_THERE) & NOT_RESTING
    move(
        run,
        Run.Status.RUNNING,
        by=identities.system(run.organization_id),
        only_if=free & Q(attempt=run.attempt),
        attempt=run.attempt + 1,
        started_at=run.started_at or timezone.now(),
        lease_until=from_now(settings.RUN_LEASE_SECONDS),
    )


def require_ours(run: Run) -> None:
    """Raise StaleState unless this worker still holds the run: the fence against a worker that woke up too late."""
    ours = Q(pk=run.pk, status=Run.Status.RUNNING, attempt=run.attempt)
    if prepared.update(Run, ours, {"lease_until": from_now(settings.RUN_LEASE_SECONDS)}) != 1:
        raise StaleState


def wait(run: Run) -> None:
    """Let the run rest until its calls are settled; it holds no worker meanwhile."""
    move(
        run,
        Run.Status.WAITING,
        by=identities.system(run.organization_id),
        only_if=_ours(run),
        lease_until=None,
    )


def rest(run: Run, *, reason: str, text: str, beyond: Mapping[str, Any]) -> None:
    """Let the run rest at a limit until its person has said how to go on; it holds no worker meanwhile."""
    move(
        run,
        Run.Status.WAITING,
        by=identities.system(run.organization_id),
        only_if=_ours(run),
        lease_until=None,
        reason=reason,
        reason_text=text,
        resting_since=NOW,
        beyond=dict(beyond),
        facts={"reason": reason},
    )


def go_on(run: Run, *, by: Identity, beyond: Mapping[str, Any], answers_now: bool, chose: str) -> Run:
    """Queue a run that rests at a limit. Raises StaleState if it does not rest any more: somebody was faster."""
    return move(
        run,
        Run.Status.QUEUED,
        by=by,
        # The attempt too: it may have gone on and rest again, for another reason than the one that was answered.
        only_if=Q(resting_since__isnull=False) & Q(attempt=run.attempt),
        resting_since=None,
        reason="",
        reason_text="",
        beyond=dict(beyond),
        answers_now=answers_now,
        facts={"chose": chose, "limit": run.reason},
    )


def answer_next(run: Run) -> None:
    """Make the next turn of a run that is ours its last one, without tools."""
    run.answers_now = True
    prepared.update(Run, Q(pk=run.pk) & _ours(run), {"answers_now": True})


def give_up_resting(run: Run) -> None:
    """Nobody said in time how to go on."""
    text = f"{run.reason_text} Nobody said in time whether to go on."
    rested = Q(resting_since__lt=from_now(-settings.APPROVAL_PENDING_SECONDS)) & Q(attempt=run.attempt)
    _end(run, Run.Status.FAILED, reason=run.reason, text=text, only_if=rested)


def finish(run: Run, *, reason: str = "", text: str = "") -> None:
    _end(run, Run.Status.FINISHED, reason=reason, text=text, only_if=_ours(run))


def fail(run: Run, *, reason: str, text: str) -> None:
    _end(run, Run.Status.FAILED, reason=reason, text=text, only_if=_ours(run))


def cancel(run: Run, *, by: Identity) -> Run:
    """Stop an answer. Once this returns no further tool starts; one that is running shows its true ending (G10).

    Raises StaleState if the answer has ended already.
    """
    while run.status not in Run.FINAL:
        try:
            return _close(run, Run.Status.CANCELLED, reason="stopped", text="Stopped.", by=by)
        except StaleState:
            # It moved between reading and stopping: stop it where it is now.
            run.refresh_from_db()
    raise StaleState(details={"status": run.status})


def stop(run: Run, *, by: Identity) -> None:
    """Cancel, if there is anything left to cancel."""
    try:
        cancel(run, by=by)
    except StaleState:
        return


def end_after(question: Approval, by: Identity) -> None:
    """End the answer that rests for a question about an outcome: "stop here" was said, or nothing in time.

    In the verdict's own transaction: an answer that was stopped must not be found resting, and go on.
    """
    run = Run.objects.select_related("conversation").filter(pk=question.call.run_id or 0).first()
    if run is None or run.status in Run.FINAL:
        return
    tool = question.call.tool_name
    if question.status == Approval.Status.DENIED:
        text = f"{by.display_name or 'A person'} stopped it: nobody can tell whether {tool} took effect."
        _close(run, Run.Status.CANCELLED, reason="outcome_stopped", text=text, by=by)
    else:
        text = f"Nobody can tell whether {tool} took effect, and nobody said in time whether to go on."
        _close(run, Run.Status.FAILED, reason="outcome_unanswered", text=text, by=by)


@transaction.atomic
def _close(run: Run, status: str, *, reason: str, text: str, by: Identity) -> Run:
    """End it wherever it is, and take back what it has asked for: tools that have not started, and questions."""
    move(run, status, by=by, lease_until=None, ended_at=timezone.now(), reason=reason, reason_text=text)
    for call in ToolCall.objects.filter(run_id=run.pk, status__in=ToolCall.OPEN):
        _withdraw(call, by=by)
    outcomes.withdraw(run.pk, by=by)
    return run


def _withdraw(call: ToolCall, *, by: Identity) -> None:
    try:
        with transaction.atomic():
            calls.cancel(call, by=by)
    except StaleState:
        # It has started: it is recorded with its true ending instead.
        return


@transaction.atomic
def retry(run: Run, *, by: Identity) -> Run:
    """Answer the same message again, in a new run; what the failed one left stays visible."""
    # Two clicks at once: the second waits here, and then finds that this is not the newest answer any more.
    hold(run)
    if run.conversation.deleted_at is not None:
        raise NothingToRetry
    newest = Run.objects.filter(conversation_id=run.conversation_id).order_by("-pk")[0]
    if newest.pk != run.pk or run.status not in (Run.Status.FAILED, Run.Status.CANCELLED):
        raise NothingToRetry
    return queue(run.message, by=by, tool_context=run.tool_context)


def requeue(run: Run) -> None:
    """Give an abandoned run to another worker; after MAX_CRASHES of them it is given up (G16)."""
    by = identities.system(run.organization_id)
    lost = Q(attempt=run.attempt, lease_until__lt=NOW)
    if run.crashes + 1 >= settings.MAX_CRASHES:
        text = f"{settings.MAX_CRASHES} workers were lost over this answer, so it was given up."
        _end(run, Run.Status.FAILED, reason="poison", text=text, only_if=lost)
        return
    move(
        run,
        Run.Status.QUEUED,
        by=by,
        only_if=lost,
        crashes=run.crashes + 1,
        lease_until=None,
        facts={"again": True},
    )


def _end(run: Run, status: str, *, reason: str, text: str, only_if: Q) -> None:
    by = identities.system(run.organization_id)
    move(
        run,
        status,
        by=by,
        only_if=only_if,
        reason=reason,
        reason_text=text,
        lease_until=None,
        ended_at=timezone.now(),
    )


def _ours(run: Run) -> Q:
    return Q(attempt=run.attempt)
