"""How the processes of pytest-xdist share the suite: by files, and what needs the whole installation is one share.

Those tests mostly wait, for leases to run out and for workers to start, so one process has them all, from the
beginning, with one installation; the others keep the processors busy meanwhile.
"""

from xdist.scheduler import LoadGroupScheduling

GROUP = "live"


class ByFile(LoadGroupScheduling):
    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.partition("::")[0]
