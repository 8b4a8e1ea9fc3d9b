"""Makes .venv from a hash-locked requirements file, once for each lock.

Runs with the Python of the machine, after `oldest.py` has looked at it, and imports nothing of ours.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED_MEGABYTES = 900
ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".venv"
STAMP = FOLDER / "installed-locks"


def main(lock: str) -> int:
    try:
        wanted = digest(lock)
        return 0 if wanted in installed() else install(lock, wanted)
    except OSError as error:
        return refuse(f"{error.filename or FOLDER} cannot be used ({error.strerror}).")
    except KeyboardInterrupt:
        return refuse("it was interrupted; the next start goes on with the packages.")


def install(lock: str, wanted: str) -> int:
    if not os.access(str(FOLDER if FOLDER.is_dir() else ROOT), os.W_OK):
        return refuse(f"the folder {ROOT} is read-only, and the packages are installed into it.")
    free = shutil.disk_usage(str(ROOT)).free // 1_000_000
    if free < NEEDED_MEGABYTES:
        return refuse(f"{NEEDED_MEGABYTES} MB are needed for the packages, {free} MB are free.")
    print(f"Installing the packages of {lock} (once) ...", flush=True)
    python = FOLDER / "bin" / "python"
    if not python.exists() and not ran(sys.executable, "-m", "venv", str(FOLDER)):
        return refuse("python3 cannot make an environment; on Debian, install the package python3-venv.")
    options = ("--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes")
    if not ran(str(python), "-m", "pip", "install", *options, "-r", str(ROOT / lock)):
        return refuse(f"the packages of {lock} could not be installed; pip's words are above.")
    STAMP.write_text("\n".join(covered(lock, wanted)) + "\n")
    return 0


def covered(lock: str, wanted: str) -> list[str]:
    """The development lock contains the other one: after it, neither needs installing."""
    return [wanted, digest("requirements.lock")] if lock == "requirements-dev.lock" else [wanted]


def digest(lock: str) -> str:
    return hashlib.sha256((ROOT / lock).read_bytes() + sys.version.encode()).hexdigest()


def installed() -> list[str]:
    return STAMP.read_text().split() if STAMP.is_file() else []


def ran(*command: str) -> bool:
    try:
        return subprocess.call(command) == 0
    except OSError:
        return False


def refuse(sentence: str) -> int:
    sys.stderr.write(f"Toolroom did not start: {sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
