"""The digest an approval is bound to: SHA-256 over the canonical form of everything that says what will run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785


def of(covers: Mapping[str, Any]) -> str:
    """Hex digest of `covers` by RFC 8785: key order and 1 against 1.0 make no difference, anything else does."""
    return hashlib.sha256(b"approval/v1\n" + rfc8785.dumps(dict(covers))).hexdigest()


def of_rules(rules: Mapping[str, Any]) -> str:
    return hashlib.sha256(b"grant/v1\n" + rfc8785.dumps(dict(rules))).hexdigest()
