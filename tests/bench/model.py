"""The fake vendor as a process of its own, so that the SDK's path is measured and not the vendor."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

from tests.bench.installation import ROOT
from tests.services import free_port


class Model:
    def start(self) -> str:
        """Its address, once it answers."""
        port = free_port()
        command = [sys.executable, "-m", "tests.fake_model", "--port", str(port)]
        self._popen = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not _listens(port):
            if time.monotonic() > deadline:
                raise RuntimeError("the fake model did not start")
            time.sleep(0.02)
        return f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        self._popen.terminate()
        self._popen.wait(5)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
