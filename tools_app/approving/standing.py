"""What people allowed from now on: read for the gate, used up at the claim, taken back. Who allows: `allowing`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit_app import records
from audit_app.clock import NOW, from_now
from audit_app.exceptions import StaleState
from project.accounts import prepared
from project.accounts.exceptions import NotAllowed, NotFound
from project.accounts.identity import Identity
from project.accounts.prepared import Given, Prepared
from project.accounts.roles import DECIDE
from tools_app.approving import digest
from tools_app.calling.askers import Asked
from tools_app.models import OrganizationPolicy, StandingApproval
from tools_app.policy import Facts, Layer, Standing

_ONE_MORE = F("used") + 1
_ONE_LESS = F("used") - 1
_OPEN: Final = Q(revoked_at__isnull=True) & Q(expires_at__gt=NOW)
_LEFT: Final = Q(used__lt=F("max_uses"))
# An organization that allows fewer uses by now means what was given before too. A number to compare with, no EXISTS:
# PostgreSQL asks that of the row as it was before a use that is taken at the same moment.
_ALLOWED: Final = Subquery(
    OrganizationPolicy.objects.filter(organization_id=OuterRef("organization_id")).values("standing_uses")[:1]
)
_WITHIN: Final = Q(used__lt=Coalesce(_ALLOWED, F("max_uses")))
_CANDIDATES = Prepared(
    lambda: StandingApproval.objects.filter(
        _OPEN & (Q(session_id="") | Q(session_id=Given("session"))),
        organization_id=Given("organization"),
        user_id=Given("user"),
        agent_type_id=Given("agent_type"),
        tool_id=Given("tool"),
        agent_hash=Given("agent_hash"),
        tool_hash=Given("tool_hash"),
        rules_hash=Given("rules_hash"),
    ).order_by("pk")
)


def candidates(asked: Asked, facts: Facts, rules: str, own: int | None = None) -> tuple[Standing, ...]:
    """What was allowed to this person and persona with exactly this tool, under these rules, and is open still.

    `own` is the one whose use this call has been counted against already: that use is its own to go on with.
    """
    if facts.tool is None or facts.grant is None:
        return ()
    rows = _CANDIDATES.all(
        organization=asked.organization_id,
        user=asked.identity.user_id,
        agent_type=asked.agent_type_id,
        tool=facts.tool.id,
        session=asked.session_id,
        agent_hash=facts.grant.agent_hash,
        tool_hash=facts.tool.content_hash,
        rules_hash=rules,
    )
    if not rows:
        return ()
    allowed = OrganizationPolicy.objects.of(asked.organization_id)
    if allowed.standing_uses < 1:
        return ()
    # An organization that shortens the time, lowers the uses, or forbids it for dangerous tools, means what was given
    # before too.
    left = [row for row in rows if row.used < min(row.max_uses, allowed.standing_uses) or row.pk == own]
    young = StandingApproval.objects.filter(
        pk__in=[row.pk for row in left], created_at__gt=from_now(-allowed.standing_seconds)
    )
    known = set(young.values_list("pk", flat=True))
    return tuple(value_of(row, allowed) for row in left if row.pk in known)


def value_of(row: StandingApproval, allowed: OrganizationPolicy) -> Standing:
    """Its terms as the gate reads them; what it covers is what the organization allows by now."""
    reasons = {str(each) for each in row.reasons} - (set() if allowed.standing_dangerous else {"dangerous"})
    return Standing(row.pk, row.matchers, frozenset(reasons), row.granted_by, row.expires_at.isoformat())


def rules_of(facts: Facts, asked: Asked, reach: Mapping[str, Any]) -> str:
    """What must be as it was besides tool and persona: all rules, the person's rights, what the tool is told beside."""
    grant = facts.grant
    # The tool's own rules are in its hash.
    layers = [[str(layer.source), _said(layer)] for layer in facts.layers if layer.source.layer != "tool"]
    return digest.of_rules(
        {
            "grant": grant.grant_hash if grant else "",
            "layers": layers,
            "membership": asked.identity.membership_version,
            "acts_as": dict(grant.acts_as) if grant else {},
            "context": dict(asked.context),
            "secrets": dict(reach.get("secrets") or {}),
            # Who must decide, as the organization says; the tool and the grant say it in their hashes.
            **OrganizationPolicy.objects.of(asked.organization_id).demanded(),
        }
    )


def _said(layer: Layer) -> list[Any]:
    return [layer.allowed, layer.denied, layer.ask_when, layer.requires_approval, layer.forbids]


def take(pk: int, *, own: int | None = None) -> bool:
    """Use it up once more, or learn that it is used up, over or taken back by now. In the claim's transaction.

    The count, the database's clock and the revocation decide in the one statement. `own` as for `candidates`.
    """
    if pk == own:
        return prepared.exists(StandingApproval, Q(pk=pk) & _OPEN)
    used = {"used": _ONE_MORE, "last_used_at": NOW}
    return prepared.update(StandingApproval, Q(pk=pk) & _OPEN & _LEFT & _WITHIN, used) == 1


def give_back(pk: int) -> None:
    """A use that was taken in this transaction, of a call that is refused after all: it counts for nothing."""
    prepared.update(StandingApproval, Q(pk=pk, used__gt=0), {"used": _ONE_LESS})


def may_revoke(standing: StandingApproval, identity: Identity) -> bool:
    return standing.revoked_at is None and _is_theirs(standing, identity)


def _is_theirs(standing: StandingApproval, identity: Identity) -> bool:
    """Whoever decides for the organization, whoever gave it, and the person it is for: each may take it back."""
    return identity.may(DECIDE) or identity.user_id in (standing.user_id, standing.granted_by_id)


@transaction.atomic
def revoke(standing: StandingApproval, *, by: Identity) -> None:
    """From the next claim on a person is asked again. Raises NotFound, NotAllowed, StaleState if it is over."""
    if standing.organization_id != by.organization_id:
        raise NotFound
    if not _is_theirs(standing, by):
        raise NotAllowed
    # Before the row, as everywhere: a claim takes a stream and then what it uses up.
    records.hold(by.organization_id, records.administration(by.organization_id))
    open_one = StandingApproval.objects.filter(pk=standing.pk, revoked_at__isnull=True)
    if open_one.update(revoked_at=timezone.now(), revoked_by=by.display_name[:255]) != 1:
        raise StaleState
    subject = records.Subject("standing", str(standing.pk), standing.tool_name)
    records.record("standing.revoked", by=by, subject=subject, facts={"person": standing.user_name})
