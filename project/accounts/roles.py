"""Roles and the permissions they carry; token scopes are the same words."""

from __future__ import annotations

from typing import Final

CHAT: Final = "chat"
DECIDE_OWN: Final = "approvals.decide_own"
DECIDE: Final = "approvals.decide"
CATALOG_VIEW: Final = "catalog.view"
CATALOG_CHANGE: Final = "catalog.change"
AUDIT_VIEW: Final = "audit.view"
MEMBERS_MANAGE: Final = "members.manage"
# What the organization says about all its tools: it binds those who keep the catalog, too.
POLICY_CHANGE: Final = "policy.change"
# To let a persona act under an identity of its own instead of that of the person who asks.
ACT_AS: Final = "personas.act_as"

ALL_PERMISSIONS: Final = (
    CHAT,
    DECIDE_OWN,
    DECIDE,
    CATALOG_VIEW,
    CATALOG_CHANGE,
    AUDIT_VIEW,
    MEMBERS_MANAGE,
    POLICY_CHANGE,
    ACT_AS,
)

# What a token holds only where it was asked for by name: with it a program decides about programs, its own included.
NAMED_ONLY: Final = frozenset({DECIDE_OWN, DECIDE, POLICY_CHANGE, ACT_AS})

_EVERYBODY: Final = frozenset({CHAT, DECIDE_OWN, CATALOG_VIEW})

PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "member": _EVERYBODY,
    "approver": _EVERYBODY | {DECIDE},
    "keeper": _EVERYBODY | {CATALOG_CHANGE},
    "auditor": _EVERYBODY | {AUDIT_VIEW},
    "admin": frozenset(ALL_PERMISSIONS),
}


def permissions_of(role: str) -> frozenset[str]:
    """An unknown role carries nothing: a typo in the database must never widen a right."""
    return PERMISSIONS.get(role, frozenset())
