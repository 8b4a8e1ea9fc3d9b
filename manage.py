"""Django's command line for this installation."""

import os
import sys

from django.core.management import execute_from_command_line

from project.env import Misconfigured


def main() -> None:
    if sys.argv[1:2] == ["up"]:
        # The watcher makes the keys that settings ask for, so it starts before Django does.
        os.execv(sys.executable, [sys.executable, "-m", "project.launch"])  # noqa: S606
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    try:
        execute_from_command_line(sys.argv)
    except Misconfigured as error:
        sys.exit(f"Toolroom is not configured: {error}")


if __name__ == "__main__":
    main()
