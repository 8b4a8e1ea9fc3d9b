"""Finds a Chromium for the browser tests, or installs Debian's where that is allowed."""

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ADVICE = "Install one (on Debian: apt-get install chromium), or set CHROMIUM to the path of its program."
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb"),
)


class NoChromiumError(Exception):
    """There is no Chromium for the browser tests; the message says how to get one."""


def find() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or (str(MAC) if MAC.exists() else None)


def find_or_install() -> str:
    found = find()
    if found:
        return found
    if os.environ.get("CHROMIUM"):
        raise NoChromiumError(f"CHROMIUM is {os.environ['CHROMIUM']!r}, and that is no program. {ADVICE}")
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        raise NoChromiumError(f"No Chromium is installed, and this user may not install one. {ADVICE}")
    _install()
    found = find()
    if found is None:
        raise NoChromiumError(f"apt-get installed no Chromium here. {ADVICE}")
    return found


def _install() -> None:
    print("No Chromium found: installing Debian's ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    words = (
        "install",
        "--yes",
        "--no-install-recommends",
        "-qq",
        "chromium",
        "fonts-dejavu-core",
        "fonts-noto-color-emoji",
    )
    for command in (("apt-get", "update", "-qq"), ("apt-get", *words)):
        done = subprocess.run(command, check=False, capture_output=True, env=quiet, text=True)
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
            raise NoChromiumError(f"{' '.join(command[:2])} failed ({last[0]}). {ADVICE}")
