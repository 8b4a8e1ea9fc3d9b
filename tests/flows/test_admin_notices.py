"""Webhooks and deliveries in the admin: verbs write, what they refuse stands at its field, strangers see none of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit_app.models import AuditEntry
from tests import people
from tests.flows.admin_world import address, filled, made_world, staff
from tests.flows.admin_world import told as said
from tests.tools import told
from tests.world import World
from tools_app.models import Delivery, Secret, Webhook
from tools_app.notices import hooks

pytestmark = pytest.mark.django_db
NAME = "Porters of the narwhal house"


@pytest.fixture
def now() -> World:
    return made_world()


def test_a_webhook_is_added_and_changed_by_its_verbs(now: World) -> None:
    told.webhook()
    secret = str(Secret.objects.get(name="hook-key").pk)
    client = staff(now.carol)
    path = address(Webhook, "add")
    sent = {"name": "Other", "secret": secret, "events": ["approval.decided"], "enabled": "on"}
    wrong = client.post(path, filled(client, path, **sent, url="https://other.example/in"))
    assert "does not name the address" in str(wrong.context["adminform"].form.errors["secret"])
    wrong = client.post(path, filled(client, path, **sent, url="https://127.0.0.1/in"))
    assert "url" in wrong.context["adminform"].form.errors
    answer = client.post(path, filled(client, path, **sent, url="https://hooks.example/other"))
    assert answer.status_code == 302
    hook = Webhook.objects.get(name="Other")
    assert hook.events == ["approval.decided"]
    change = address(Webhook, "change", hook.pk)
    assert client.post(change, filled(client, change, name="Renamed")).status_code == 302
    hook.refresh_from_db()
    assert (hook.name, hook.url) == ("Renamed", "https://hooks.example/other")
    actions = AuditEntry.objects.filter(subject_id=str(hook.pk), subject_type="webhook").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["webhook.added", "webhook.changed"]
    assert not AuditEntry.objects.filter(action__startswith="row.").exists()
    client.post(address(Webhook, "verb", hook.pk, "remove"))
    assert not Webhook.objects.filter(pk=hook.pk).exists()


def test_a_delivery_is_looked_at_and_sent_again(now: World) -> None:
    hook = told.webhook()
    row = hooks.test(hook, by=now.carol.identity)
    client = staff(now.carol)
    assert "on its way" in said(client.post(address(Webhook, "verb", hook.pk, "test"), follow=True))
    Delivery.objects.filter(pk=row.pk).update(
        ended_at=datetime.now(UTC), outcome="failed", error="It answered 500."
    )
    listed = client.get(address(Delivery, "changelist")).content.decode()
    assert "It answered 500." in listed
    assert told.SECRET not in listed
    assert client.get(address(Delivery, "change", row.pk)).status_code == 200
    again = client.post(address(Delivery, "verb", row.pk, "again"), follow=True)
    assert "once more" in said(again)
    row.refresh_from_db()
    assert row.ended_at is None


def test_who_keeps_no_catalog_sees_neither(now: World) -> None:
    hook = told.webhook(name=NAME)
    row = hooks.test(hook, by=now.carol.identity)
    bob, mallory = staff(now.bob), people.mallory().browser()
    for page in (Webhook, Delivery):
        assert bob.get(address(page, "changelist")).status_code == 403
        assert NAME not in mallory.get(address(page, "changelist")).content.decode()
    for verb, at in (("remove", hook), ("test", hook), ("again", row)):
        assert bob.post(address(type(at), "verb", at.pk, verb)).status_code in (403, 404)
        assert mallory.post(address(type(at), "verb", at.pk, verb)).status_code == 404
    assert Webhook.objects.filter(pk=hook.pk).exists()
    assert Delivery.objects.count() == 1
