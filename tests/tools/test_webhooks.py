"""Webhooks: signed, vetted, tried again, given up in the end; and who may set them up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from audit_app.models import AuditEntry
from project.accounts.exceptions import NotAllowed, NotFound
from tests import gate, people
from tests.tools import told
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app import vault
from tools_app.exceptions import DeliveryUnderWay, InvalidWebhook, SecretInUse, WebhookNameTaken
from tools_app.models import Delivery, Secret, Webhook
from tools_app.notices import hooks, posting, sending
from tools_app.notices.results import failed

pytestmark = pytest.mark.django_db
RFC_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def site(settings: Any) -> Iterator[FakeSite]:
    with fake_site() as found:
        settings.EGRESS_EXCEPTIONS = [found.endpoint]
        yield found


def desk(site: FakeSite, status: str = "200 OK", **fields: Any) -> Webhook:
    return told.webhook(site.says("/in", status=status), site.endpoint, **fields)


def only() -> Delivery:
    return Delivery.objects.get()


def try_it() -> Delivery:
    """Let its time come, and a worker take it."""
    Delivery.objects.filter(ended_at__isnull=True).update(due_at=datetime.now(UTC) - timedelta(seconds=1))
    for each in list(sending.due()):
        sending.send(each)
    return only()


def test_signature_is_that_of_the_standard() -> None:
    """The vector that the libraries of Standard Webhooks are tested with."""
    headers = posting.signed("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', RFC_KEY)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_question_is_posted_at_once_signed_and_without_its_arguments(site: FakeSite) -> None:
    desk(site)
    approval = told.asked()
    told.tick()
    sent = try_it()
    [(first, headers, body)] = site.requests
    assert first == "POST /in HTTP/1.1"
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.new(told.SECRET.encode(), said, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert headers["webhook-id"] == str(sent.public_id)
    read = json.loads(body)
    assert (read["type"], read["data"]["approval"]) == ("approval.requested", approval.pk)
    assert read["data"]["url"].endswith(f"/inbox/?question={approval.pk}")
    everything = f"{headers}{body!r}"
    assert told.SECRET not in everything
    assert "word nobody" not in everything
    assert (sent.outcome, sent.answer_code) == ("sent", 200)


def test_what_fails_is_tried_again_under_the_same_id_and_given_up(site: FakeSite) -> None:
    hook = desk(site, "503 Away")
    hooks.test(hook, by=people.carol().identity)
    for tried in range(1, len(sending.PAUSES) + 1):
        row = try_it()
        assert (row.tries, row.outcome, row.answer_code) == (tried, "", 503)
        assert row.due_at > datetime.now(UTC) + timedelta(seconds=sending.PAUSES[tried - 1] - 2)
    row = try_it()
    assert (row.outcome, row.error) == ("failed", "It answered 503.")
    assert len({headers["webhook-id"] for _, headers, _ in site.requests}) == 1
    assert AuditEntry.objects.get(action="delivery.failed").subject_name == "Desk"
    assert list(sending.due()) == []


def test_who_says_gone_is_told_nothing_more(site: FakeSite) -> None:
    hook = desk(site, "410 Gone")
    hooks.test(hook, by=people.carol().identity)
    assert try_it().outcome == "failed"
    hook.refresh_from_db()
    assert (hook.enabled, hook.off_because) == (
        False,
        "It says that it is gone, so the webhook was switched off.",
    )
    hooks.change(hook, {"enabled": True}, by=people.carol().identity)
    hook.refresh_from_db()
    assert (hook.enabled, hook.off_because) == (True, "")


def test_a_redirect_is_not_followed(site: FakeSite) -> None:
    hook = desk(site)
    site.redirects("/in", site.says("/elsewhere"))
    hooks.test(hook, by=people.carol().identity)
    assert try_it().error == "It redirects, which is not followed."
    assert [first for first, _, _ in site.requests] == ["POST /in HTTP/1.1"]


def test_the_address_is_judged_again_when_it_is_sent(site: FakeSite, settings: Any) -> None:
    hooks.test(desk(site), by=people.carol().identity)
    settings.EGRESS_EXCEPTIONS = []
    row = try_it()
    assert (row.outcome, site.requests) == ("failed", [])


def test_the_hosts_of_the_secret_are_asked_again_when_it_is_sent(site: FakeSite) -> None:
    hooks.test(desk(site), by=people.carol().identity)
    vault.change(Secret.objects.get(), value="", hosts=[], by=people.carol().identity)
    row = try_it()
    assert (row.outcome, site.requests) == ("failed", [])


@pytest.mark.parametrize("weak", ["short", "whsec_not base64", "whsec_c2hvcnQ="])
def test_nothing_is_signed_with_a_weak_key(site: FakeSite, weak: str) -> None:
    hooks.test(desk(site), by=people.carol().identity)
    vault.change(Secret.objects.get(), value=weak, hosts=[site.endpoint], by=people.carol().identity)
    row = try_it()
    assert (row.outcome, site.requests) == ("failed", [])
    assert weak not in row.error


def test_events_can_be_chosen_and_what_is_off_hears_nothing(site: FakeSite) -> None:
    hook = desk(site, events=["approval.decided"])
    at = gate.opened(requires_approval=True)
    told.asked(at=at)
    told.tick()
    assert told.told() == []
    hooks.change(hook, {"events": list(hooks.EVENTS)}, by=people.carol().identity)
    told.asked(at=at)
    told.tick()
    assert told.told() == [("requested", "webhook", "Desk")]
    hooks.change(hook, {"enabled": False}, by=people.carol().identity)
    assert try_it().outcome == "dropped"
    assert site.requests == []


def test_it_can_be_sent_again_once_it_has_ended(site: FakeSite) -> None:
    hooks.test(desk(site, "503 Away"), by=people.carol().identity)
    row = only()
    with pytest.raises(DeliveryUnderWay):
        sending.again(row, by=people.carol().identity)
    Delivery.objects.update(ended_at=datetime.now(UTC), outcome="failed")
    with pytest.raises(NotAllowed):
        sending.again(row, by=people.bob().identity)
    with pytest.raises(DeliveryUnderWay):
        sending.again(row, by=people.mallory().identity)
    site.says("/in")
    sending.again(row, by=people.carol().identity)
    assert (try_it().outcome, only().public_id) == ("sent", row.public_id)
    assert AuditEntry.objects.filter(action="delivery.again", actor_name="Carol").count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "http://hooks.example/in"}, "url"),
        ({"url": "https://127.0.0.1/in"}, "url"),
        ({"url": "https://localhost/in"}, "url"),
        ({"url": "ftp://hooks.example/in"}, "url"),
        ({"url": "https://other.example/in"}, "secret"),
        ({"secret": "nothing"}, "secret"),
        ({"events": []}, "events"),
        ({"events": ["approval.stolen"]}, "events"),
        ({"name": " "}, "name"),
        ({"name": "a\u202eb"}, "name"),
    ],
)
def test_what_cannot_be_told_is_refused_by_field(wrong: dict[str, Any], field: str) -> None:
    told.webhook()
    sound = {"name": "Other", "url": "https://hooks.example/x", "secret": "hook-key"}
    with pytest.raises(InvalidWebhook) as refused:
        hooks.add(sound | wrong, by=people.carol().identity)
    assert list(refused.value.details) == [field]
    with pytest.raises(InvalidWebhook) as refused:
        hooks.change(Webhook.objects.get(), wrong, by=people.carol().identity)
    assert list(refused.value.details) == [field]
    assert Webhook.objects.count() == 1


def test_rights_and_names_and_the_secret_in_use() -> None:
    hook = told.webhook()
    given = {"name": "Desk", "url": "https://hooks.example/x", "secret": "hook-key"}
    with pytest.raises(WebhookNameTaken):
        hooks.add(given, by=people.carol().identity)
    for who in (people.alice(), people.bob(), people.olga()):
        for act in (hooks.test, hooks.remove):
            with pytest.raises(NotAllowed):
                act(hook, by=who.identity)
    with pytest.raises(NotFound):
        hooks.change(hook, {"enabled": False}, by=people.mallory().identity)
    # Another organization's secret does not exist.
    with pytest.raises(InvalidWebhook):
        hooks.add(given, by=people.mallory().identity)
    with pytest.raises(SecretInUse):
        vault.drop(hook.secret, by=people.carol().identity)
    hooks.remove(hook, by=people.carol().identity)
    assert [entry.action for entry in AuditEntry.objects.filter(subject_type="webhook").order_by("pk")] == [
        "webhook.added",
        "webhook.removed",
    ]
    assert told.SECRET not in json.dumps(list(AuditEntry.objects.values_list("facts", flat=True)))


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_it_once(site: FakeSite) -> None:
    hook = desk(site)
    for _ in range(5):
        Delivery.objects.all().delete()
        site.requests.clear()
        row = hooks.test(hook, by=people.carol().identity)
        said = gate.at_once(*[partial(sending.send, row.pk)] * 2)
        assert [each for each in said if isinstance(each, Exception)] == []
        assert (len(site.requests), only().outcome, only().tries) == (1, "sent", 1)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lost_its_lease_says_nothing(site: FakeSite) -> None:
    hooks.test(desk(site), by=people.carol().identity)
    [row] = sending._claimed(only())
    Delivery.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert try_it().outcome == "sent"
    sending._write([row], failed("too late"))
    assert only().outcome == "sent"
