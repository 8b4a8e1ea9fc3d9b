"""Rows that every test of a module finds and none changes for the next: made once, in a transaction around theirs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import transaction
from pytest_django import DjangoDbBlocker

T = TypeVar("T")


@contextmanager
def kept(blocker: DjangoDbBlocker, make: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Make something with its rows; what comes is a function that gives each test a copy of its own to change.

    A test's own transaction is a savepoint in this one, and goes back to what was made here.
    """
    around: Any = transaction.atomic()
    # What `django.test.TestCase` says of its own: a test may find out that it runs in a transaction, the house not.
    around._from_testcase = True
    with blocker.unblock():
        around.__enter__()
        try:
            made = make()
        except BaseException:
            _undo(around)
            raise
    try:
        yield lambda: copy.deepcopy(made)
    finally:
        with blocker.unblock():
            _undo(around)


def _undo(around: Any) -> None:
    transaction.set_rollback(True)
    around.__exit__(None, None, None)
