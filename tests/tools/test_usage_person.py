"""Whose use the record names: the person who asked, not the worker who ran it nor the person who decided."""

import pytest

from audit_app.models import ToolUsage
from tests import world
from tools_app import approvals, calls
from tools_app.models import ToolCall

pytestmark = pytest.mark.django_db


def test_a_use_that_ran_is_the_requesters() -> None:
    now = world.made()
    approvals.approve(now.approval, digest=now.approval.digest, by=now.bob.identity)
    calls.execute(ToolCall.objects.get(pk=now.call.pk))
    usage = ToolUsage.objects.get()
    assert (usage.user_name, usage.user_id, usage.decided_by) == ("Alice", str(now.alice.user.pk), "Bob")
    assert usage.status is not None


def test_a_use_that_was_denied_is_the_requesters() -> None:
    now = world.made()
    approvals.deny(now.approval, digest=now.approval.digest, by=now.bob.identity)
    usage = ToolUsage.objects.get()
    assert (usage.user_name, usage.status) == ("Alice", "denied")


def test_a_use_of_somebody_who_left_keeps_the_name() -> None:
    now = world.made()
    approvals.approve(now.approval, digest=now.approval.digest, by=now.bob.identity)
    now.alice.membership.delete()
    calls.execute(ToolCall.objects.get(pk=now.call.pk))
    usage = ToolUsage.objects.get()
    assert (usage.user_name, usage.status, usage.reason) == ("Alice", "blocked", "requester_gone")
