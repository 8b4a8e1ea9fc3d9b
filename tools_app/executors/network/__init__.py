"""The only way out: fetches addresses on the open internet and nothing else, whatever anybody answers.

No other module of this room may import an HTTP client.
"""

from tools_app.executors.network.addresses import unwrapped
from tools_app.executors.network.client import (
    FetchFailed,
    Limits,
    Request,
    Response,
    fetch,
    is_excepted,
    may_set_header,
    vet,
)
from tools_app.executors.network.tunnel import tunnel
from tools_app.executors.network.urls import EgressRefused, Url, parse_host, parse_url

__all__ = [
    "EgressRefused",
    "FetchFailed",
    "Limits",
    "Request",
    "Response",
    "Url",
    "fetch",
    "is_excepted",
    "may_set_header",
    "parse_host",
    "parse_url",
    "tunnel",
    "unwrapped",
    "vet",
]
