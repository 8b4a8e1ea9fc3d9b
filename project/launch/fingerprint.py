"""Whether the database was prepared by this very code and configuration, asked without starting Django.

The mark is a number inside the SQLite file itself, so a restored backup carries its own.
"""

import os
import sqlite3
import zlib
from contextlib import closing, suppress
from pathlib import Path

ROOMS = ("project", "audit_app", "tools_app", "agents_app")
VARIABLES = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "DEFAULT_MODEL",
    "EGRESS_EXCEPTIONS",
    "FILE_ROOTS",
    "TOOL_MODULES",
    "TOOL_FILES",
    "DEBUG",
    "TESTING",
)


def of_code(root: Path) -> int:
    """Fold every source file, the lock and the variables that seeds depend on into 31 bits."""
    files = [root / "requirements.lock"]
    for room in ROOMS:
        files.extend(sorted((root / room).rglob("*.py")))
        files.extend(sorted((root / room).rglob("*.json")))
    files.extend(_of_tools(root))
    files.extend(_of_files())
    mark = 0
    for file in files:
        with suppress(OSError):
            mark = zlib.crc32(file.read_bytes(), zlib.crc32(os.path.relpath(file, root).encode(), mark))
    for name in VARIABLES:
        mark = zlib.crc32(f"{name}={os.environ.get(name, '')}".encode(), mark)
    return mark & 0x7FFFFFFF or 1


def _of_tools(root: Path) -> list[Path]:
    """The modules of TOOL_MODULES that lie beside the rooms: their functions are seeded too."""
    named = [name.strip() for name in os.environ.get("TOOL_MODULES", "").split(",") if name.strip()]
    places = [root.joinpath(*name.split(".")) for name in named]
    return [file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")]


def _of_files() -> list[Path]:
    """What TOOL_FILES names: files, and what lies in folders."""
    named = [Path(name.strip()).expanduser() for name in os.environ.get("TOOL_FILES", "").split(",")]
    found = [place for place in named if place.is_file()]
    for folder in named:
        # An empty name is the working folder, which nobody has named.
        if str(folder) != "." and folder.is_dir():
            found += sorted(each for each in folder.iterdir() if each.is_file())
    return found


def of_database(path: Path) -> int:
    """Read the mark, or 0 where there is no database yet."""
    if not path.is_file():
        return 0
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    return 0


def mark_database(path: Path, mark: int) -> None:
    with closing(sqlite3.connect(path, timeout=20)) as connection:
        connection.execute(f"PRAGMA user_version = {mark:d}")
