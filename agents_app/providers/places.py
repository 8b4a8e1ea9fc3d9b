"""Where an endpoint's requests go, said before anything is sent: its key is judged by it, its client is given it.

A vendor's own address is made of options that people type, so they may not hold what would end a host name.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from agents_app.providers.base import Endpoint
from agents_app.providers.errors import ProviderMisconfigured
from tools_app.executors.network import EgressRefused, parse_url

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z", re.IGNORECASE)
_VERTEX_WIDE = {
    "global": "https://aiplatform.googleapis.com/v1",
    "us": "https://aiplatform.us.rep.googleapis.com/v1",
    "eu": "https://aiplatform.eu.rep.googleapis.com/v1",
}


def address(endpoint: Endpoint) -> str:
    """Its own address, or the vendor's. Raises ProviderMisconfigured where an option for it is missing."""
    return endpoint.base_url or _vendors_own(endpoint.kind, endpoint.options)


def may_carry(endpoint: Endpoint, hosts: Iterable[str]) -> bool:
    """Whether a key with this list of hosts may go there; an empty list means the vendor's own address alone.

    Raises ProviderMisconfigured for an address that cannot be read.
    """
    try:
        place = parse_url(address(endpoint))
        if listed := list(hosts):
            return place.is_listed(listed)
        return not endpoint.base_url or place.origin == _vendors_origin(endpoint)
    except EgressRefused as refused:
        raise ProviderMisconfigured(refused.message, detail=f"endpoint {endpoint.key}") from refused


def _vendors_origin(endpoint: Endpoint) -> tuple[str, str, int] | None:
    """None where the options do not say which of the vendor's addresses it would be."""
    try:
        return parse_url(_vendors_own(endpoint.kind, endpoint.options)).origin
    except ProviderMisconfigured:
        return None


def region(kind: str, options: Mapping[str, Any]) -> str:
    """The region of a cloud, from the options and never from this process's environment."""
    name = "aws_region" if kind == "bedrock" and options.get("aws_region") else "region"
    return _label(name, options)


def _vendors_own(kind: str, options: Mapping[str, Any]) -> str:
    match kind:
        case "direct":
            return "https://api.anthropic.com"
        case "bedrock":
            return f"https://bedrock-runtime.{region(kind, options)}.amazonaws.com"
        case "vertex":
            place = region(kind, options)
            return _VERTEX_WIDE.get(place, f"https://{place}-aiplatform.googleapis.com/v1")
        case "foundry":
            return f"https://{_label('resource', options)}.services.ai.azure.com/anthropic/"
        case _:
            raise ProviderMisconfigured(
                "This kind of model endpoint needs an address.", detail=f"no address of {kind!r} is known"
            )


def _label(name: str, options: Mapping[str, Any]) -> str:
    value = options.get(name)
    if not isinstance(value, str) or not _LABEL.match(value):
        raise ProviderMisconfigured(
            f'This model endpoint needs "{name}" among its options: letters, digits and hyphens.',
            detail=f"option {name!r} is missing or not a plain name",
        )
    return value
