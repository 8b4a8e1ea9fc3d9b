"""`python -m project.launch`, the same as `manage.py up` and `make run`."""

import sys

from project.env import Misconfigured
from project.launch.installation import run
from project.launch.refusal import Refusal


def main() -> int:
    try:
        return run()
    except (Refusal, Misconfigured) as refusal:
        sys.stdout.flush()
        print(f"Toolroom did not start: {refusal}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
