"""The process in which the mutants of one module are judged."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest


class Wanted:
    """Loads the module and puts the judge in place as soon as Django is ready."""

    def __init__(self, module: str, out: str, only: str) -> None:
        self.module, self.out, self.only = module, Path(out), only

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        from tests.mutants.judging import Judge

        importlib.import_module(self.module)
        session.config.pluginmanager.register(Judge(self.module, self.out, self.only))


if __name__ == "__main__":
    module, out, only, *tests = sys.argv[1:]
    quiet = ["-q", "-s", "-p", "no:cacheprovider", "--no-header"]
    sys.exit(pytest.main([*quiet, *tests], plugins=[Wanted(module, out, only)]))
