"""Writers of SQLite wait in line: nobody is refused, and the line moves on whatever happens to its first."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from django.db import DatabaseError, connection, transaction

from audit_app.models import AuditStream
from project.accounts.models import Organization

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="speaks of SQLite only"),
]


def _stream() -> AuditStream:
    organization = Organization.objects.create(name="Line", slug="line")
    return AuditStream.objects.create(organization=organization, name="line", hash="0")


def test_forty_slow_writers_are_all_served() -> None:
    stream = _stream()
    errors: list[DatabaseError] = []

    def write() -> None:
        try:
            for _ in range(5):
                with transaction.atomic():
                    row = AuditStream.objects.get(pk=stream.pk)
                    time.sleep(0.002)
                    AuditStream.objects.filter(pk=row.pk).update(seq=row.seq + 1)
        except DatabaseError as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stream.refresh_from_db()
    assert (errors, stream.seq) == ([], 200)


def test_line_moves_on_after_an_error_and_after_a_closed_connection() -> None:
    stream = _stream()
    with pytest.raises(ValueError, match="broken"), transaction.atomic():
        raise ValueError("broken")
    thread = threading.Thread(target=_begin_and_close)
    thread.start()
    thread.join()
    with transaction.atomic():
        AuditStream.objects.filter(pk=stream.pk).update(seq=7)
    stream.refresh_from_db()
    assert stream.seq == 7


def test_statements_outside_of_a_transaction_wait_in_the_same_line() -> None:
    stream = _stream()
    ended, served, passed_by = threading.Event(), [0], []

    def transactions() -> None:
        try:
            while not ended.is_set():
                with transaction.atomic():
                    AuditStream.objects.filter(pk=stream.pk).update(seq=1)
                    time.sleep(0.003)
                    served[0] += 1
        finally:
            connection.close()

    crowd = [threading.Thread(target=transactions) for _ in range(12)]
    for each in crowd:
        each.start()
    try:
        for _ in range(20):
            before = served[0]
            AuditStream.objects.filter(pk=stream.pk).update(seq=2)
            passed_by.append(served[0] - before)
    finally:
        ended.set()
        for each in crowd:
            each.join()
    # In line it lets those before it pass, a dozen; left to poll it let four thousand pass.
    assert max(passed_by) < 400


def test_a_statement_outside_leaves_the_line_when_it_fails() -> None:
    stream = _stream()
    with pytest.raises(DatabaseError):
        AuditStream.objects.create(organization=stream.organization, name=stream.name, hash="0")
    with transaction.atomic():
        AuditStream.objects.filter(pk=stream.pk).update(seq=3)
    stream.refresh_from_db()
    assert stream.seq == 3


def _begin_and_close() -> None:
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    connection.close()


def test_dead_process_leaves_the_line() -> None:
    stream = _stream()
    name = connection.settings_dict["NAME"]
    holds = (
        "import fcntl, os, time; fd = os.open({!r}, os.O_RDWR | os.O_CREAT);"
        "fcntl.flock(fd, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", holds.format(f"{name}.queue")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    threading.Timer(0.3, process.kill).start()
    began = time.monotonic()
    with transaction.atomic():
        AuditStream.objects.filter(pk=stream.pk).update(seq=9)
    assert time.monotonic() - began > 0.05
    process.wait()
    process.stdout.close()
