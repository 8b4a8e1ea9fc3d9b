"""Connections out of a pool are few, and threads that wait for something outside are many."""

from __future__ import annotations

from django.db import connection


def give_back() -> None:
    """Leave this thread's connection to others meanwhile; the next query takes one again. Nothing without a pool."""
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
