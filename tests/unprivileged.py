"""Becomes a program under another user's id, ending with its starter: PostgreSQL refuses to run as root.

Runs as `python unprivileged.py UID PROGRAM ...`.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(user: int, command: list[str]) -> None:
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    if sys.platform == "linux":
        # Changing the user clears this wish, so it comes second.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    os.execv(command[0], command)


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
