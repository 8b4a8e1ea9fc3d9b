"""Redirects under the rules of the grant: an address that another one leads to is judged as if it had been named."""

from __future__ import annotations

from collections.abc import Callable

from tools_app.executors import network
from tools_app.executors.base import Judge


def judged(judge: Judge | None, parameter: str) -> Callable[[network.Url], None]:
    """For `network.fetch`: the first address was judged with the call, every further one is judged here."""
    seen = list[network.Url]()

    def decide(url: network.Url) -> None:
        seen.append(url)
        if len(seen) > 1 and judge and (why := judge(parameter, url.text)):
            raise network.EgressRefused(f"The address leads to {url.host}. {why}", code="denied_parameter")

    return decide
