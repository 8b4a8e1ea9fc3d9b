"""The process in which the mutants of modules that the same tests judge are tried, one after the other."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

import pytest


class Wanted:
    """Loads the modules and puts the judge in place as soon as Django is ready."""

    def __init__(self, modules: list[str], only: str, folder: Path) -> None:
        self.modules, self.only, self.folder = modules, only, folder

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        from tests.mutants.judging import Judge

        for module in self.modules:
            importlib.import_module(module)
        session.config.pluginmanager.register(Judge(self.modules, self.only, self.folder))


if __name__ == "__main__":
    modules, only, *tests = sys.argv[1:]
    # Nobody reads why a test failed, and pytest's own way of telling it takes longer than most tests.
    quiet = ["-q", "-s", "-p", "no:cacheprovider", "--no-header", "--tb=native"]
    with tempfile.TemporaryDirectory() as folder:
        wanted = Wanted(modules.split(","), only, Path(folder))
        sys.exit(pytest.main([*quiet, *tests], plugins=[wanted]))
