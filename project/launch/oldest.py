"""The first file that runs, with whatever Python there is: says which one is needed, then goes on to environment.py.

Every Python since 2.7 must be able to read it, so it has no annotations, no f-strings and nothing but ASCII in it.
"""

import os
import runpy
import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:
    version = ".".join(str(part) for part in sys.version_info[:2])
    needed = "Toolroom did not start: Python 3.11 or newer is needed, " + sys.executable + " is " + version
    sys.stderr.write(needed + ". Try PYTHON=python3.12.\n")
    sys.exit(1)

# pathlib is younger than 2.7.
here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
runpy.run_path(os.path.join(here, "environment.py"), run_name="__main__")
