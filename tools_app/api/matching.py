"""ETag and If-Match: which version of a row a client has looked at, so that nobody overwrites what they never saw."""

from __future__ import annotations

import re

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

# A proxy that compresses makes a weak one of it; the number says enough.
_NUMBER = re.compile(r'(?:W/)?"(\d{1,9})"\Z', re.ASCII)


def expected(request: Request) -> int | None:
    """The number in If-Match; None without the header, or for `*`, which fits whatever is there."""
    said = request.headers.get("If-Match", "*").strip()
    if said == "*":
        return None
    found = _NUMBER.match(said)
    if found is None:
        raise ValidationError({"If-Match": ["Send back the ETag exactly as it was given."]})
    return int(found[1])


def tagged(response: Response, number: int) -> Response:
    response["ETag"] = f'"{number}"'
    return response
