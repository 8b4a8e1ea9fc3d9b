"""The verbs of webhooks: add one, change it, remove it, try it. Whoever may keep secrets may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction

from audit_app import clock as database_clock
from audit_app import records
from project.accounts.exceptions import NotFound
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.approving.visible import visible_text
from tools_app.exceptions import InvalidWebhook, WebhookNameTaken
from tools_app.executors import network
from tools_app.executors.network import EgressRefused
from tools_app.models import Delivery, Event, Secret, Webhook
from tools_app.notices import posting

FIELDS: Final = ("name", "url", "secret", "events", "enabled")
EVENTS: Final = tuple(event.value for event in Event if event != Event.TEST)


def add(given: Mapping[str, Any], *, by: Identity) -> Webhook:
    """`secret` is a name. Nothing is sent. Raises InvalidWebhook or WebhookNameTaken."""
    _require_right(by)
    hook = Webhook(organization_id=by.organization_id, created_by=by.display_name[:255])
    hook.events = list(EVENTS)
    _take(hook, {"name": "", "url": "", "secret": "", **given})
    with transaction.atomic():
        _save(hook)
        _record("webhook.added", hook, by=by, changed=sorted(given))
    return hook


def change(hook: Webhook, changes: Mapping[str, Any], *, by: Identity) -> Webhook:
    """Change what is named. Raises what add raises."""
    _require_right(by, hook)
    with transaction.atomic():
        current = Webhook.objects.select_for_update().select_related("secret").get(pk=hook.pk)
        before = _facts(current)
        _take(current, changes)
        if current.enabled:
            current.off_because = ""
        changed = sorted(name for name, value in _facts(current).items() if before[name] != value)
        if changed:
            _save(current)
            _record("webhook.changed", current, by=by, changed=changed)
    return current


def remove(hook: Webhook, *, by: Identity) -> None:
    """Forget it; what was on its way to it is dropped, what was sent stays on record."""
    _require_right(by, hook)
    with transaction.atomic():
        _record("webhook.removed", hook, by=by, changed=[])
        hook.delete()


def test(hook: Webhook, *, by: Identity) -> Delivery:
    """Send it a message of the kind "test", at once and through everything a real one passes."""
    _require_right(by, hook)
    if not hook.enabled:
        raise InvalidWebhook("This webhook is switched off. Switch it on first.")
    now = database_clock.read()
    with transaction.atomic():
        _record("webhook.tested", hook, by=by, changed=[])
        return Delivery.objects.create(
            organization_id=hook.organization_id,
            event=Event.TEST,
            channel=Delivery.Channel.WEBHOOK,
            webhook=hook,
            recipient_name=hook.name,
            body=posting.test_payload(hook, at=now.isoformat()),
            due_at=now,
        )


def _take(hook: Webhook, given: Mapping[str, Any]) -> None:
    wrong: dict[str, list[str]] = {}
    for name in ("name", "url", "enabled"):
        if name in given:
            setattr(hook, name, given[name])
    if "events" in given:
        hook.events = sorted(set(given["events"]))
    if "secret" in given:
        found = Secret.objects.filter(organization_id=hook.organization_id, name=given["secret"]).first()
        if found is None:
            wrong["secret"] = ["There is no secret of this name."]
        else:
            hook.secret = found
    wrong |= {} if wrong else _problems(hook)
    if wrong:
        raise InvalidWebhook(details=wrong)


def _problems(hook: Webhook) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if not hook.name.strip() or visible_text(hook.name) != hook.name or len(hook.name) > 100:
        found["name"] = ["Give it a name of up to 100 characters, all of them visible."]
    if unknown := [event for event in hook.events if event not in EVENTS]:
        found["events"] = [f"There is no event {unknown[0][:50]!r}. There are: {', '.join(EVENTS)}."]
    elif not hook.events:
        found["events"] = ["Choose at least one event."]
    try:
        # As far as the text tells: what the name stands for is judged when it is connected to.
        if not network.vet(hook.url).is_listed(hook.secret.hosts):
            told = "The list of hosts of this secret does not name the address. Add the host there first."
            found["secret"] = [told]
    except EgressRefused as refused:
        found["url"] = [refused.message]
    return found


def _save(hook: Webhook) -> None:
    try:
        with transaction.atomic():
            hook.save()
    except IntegrityError:
        raise WebhookNameTaken from None


def _facts(hook: Webhook) -> dict[str, Any]:
    return {
        "name": hook.name,
        "url": hook.url,
        "secret": hook.secret.name,
        "events": list(hook.events),
        "enabled": hook.enabled,
    }


def _require_right(by: Identity, hook: Webhook | None = None) -> None:
    if hook is not None and hook.organization_id != by.organization_id:
        raise NotFound
    by.require(CATALOG_CHANGE)


def _record(action: str, hook: Webhook, *, by: Identity, changed: list[str]) -> None:
    subject = records.Subject("webhook", str(hook.pk), hook.name)
    records.record(action, by=by, subject=subject, facts={**_facts(hook), "changed": changed})
