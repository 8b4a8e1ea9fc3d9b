"""The only signal of the house.

`status_changed` is sent by `born` and `move`, inside their transaction, with: row, was (None at birth), to, by, seq.
Receivers may only schedule work for after the commit.
"""

from django.dispatch import Signal

status_changed = Signal()
