"""Recognises that the disk beneath the database is full or gone, in whichever words the database says so."""

from __future__ import annotations

import errno
import sqlite3

from django.db import DatabaseError

from project.accounts.exceptions import CannotStore

# What SQLite answers when a write finds no room, no right or no disk. Its shared memory reports a full disk as IOERR.
SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
# disk_full, and read_only_sql_transaction: a server that was switched to reading because its disk is full.
POSTGRES = {"53100", "25006"}
SYSTEM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def refusal(error: BaseException | None) -> CannotStore | None:
    """The typed error for `error` if it means that nothing can be written, and None for every other."""
    if isinstance(error, OSError) and error.errno in SYSTEM:
        return CannotStore(details={"cause": str(error)})
    if isinstance(error, DatabaseError) and _means_no_room(error.__cause__):
        return CannotStore(details={"cause": str(error)})
    return None


def _means_no_room(cause: BaseException | None) -> bool:
    # The lower byte is the kind; the rest says where in SQLite it was noticed.
    kind = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return kind in SQLITE or getattr(cause, "sqlstate", None) in POSTGRES
