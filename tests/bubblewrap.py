"""Finds bubblewrap for the tests of the sandbox, or installs Debian's where it may; without it nothing fails."""

import os
import shutil
import subprocess

# Long enough for a slow mirror, short enough for a machine that has none.
SECONDS = 120


def find_or_install() -> None:
    """Install it if this machine lets us; say aloud if not, since then only the next tier is tested."""
    if shutil.which("bwrap") or (_may_install() and _installed()):
        return
    print("No bubblewrap here: the sandbox is tested without its first tier.", flush=True)


def _may_install() -> bool:
    return os.getuid() == 0 and shutil.which("apt-get") is not None


def _installed() -> bool:
    print("No bubblewrap found: installing Debian's ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    words = ("apt-get", "install", "--yes", "--no-install-recommends", "-qq", "bubblewrap")
    for command in (words, ("apt-get", "update", "-qq"), words):
        try:
            subprocess.run(command, check=False, capture_output=True, env=quiet, timeout=SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            return False
        if shutil.which("bwrap"):
            return True
    return False
