"""Redirects and names under the rules: an address that another one leads to is judged as if it had been named, and what
a host stands for is judged before it is connected to."""

from __future__ import annotations

from collections.abc import Sequence

from tools_app.executors import network
from tools_app.executors.base import Judge


class Judged:
    """For `network.fetch`: the first address was judged with the call, every further one is judged here."""

    def __init__(self, judge: Judge | None, parameter: str) -> None:
        self._judge, self._parameter, self._seen = judge, parameter, 0

    def __call__(self, url: network.Url) -> None:
        self._seen += 1
        if self._seen > 1 and self._judge and (why := self._judge(self._parameter, url.text)):
            raise network.EgressRefused(f"The address leads to {url.host}. {why}", code="denied_parameter")

    def reaches(self, url: network.Url, addresses: Sequence[str]) -> None:
        """Every address behind the name: which of them is taken is not ours to say."""
        for address in addresses if self._judge else ():
            if self._judge and (why := self._judge.address(self._parameter, address, url.text)):
                raise network.EgressRefused(why, code="denied_parameter")


def judged(judge: Judge | None, parameter: str) -> Judged:
    return Judged(judge, parameter)
