"""The inbox: whose questions it shows, how they are found, and who hears that one was put."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from agents_app import inbox
from agents_app.live import inbox_news
from project.accounts.models import Membership
from tests import gate, people, world
from tests.agents.test_consumers import Ear, cookie, in_thread
from tests.tools import told
from tests.world import World
from tools_app import approvals
from tools_app.models import Approval

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> World:
    return world.made()


def page(client: Client, query: str = "") -> Any:
    return client.get(f"/inbox/{query}")


def listed(client: Client, query: str = "") -> list[int]:
    answer = page(client, query)
    assert answer.status_code == 200
    return [item["id"] for item in answer.context["items"]]


def several() -> list[Approval]:
    """Three questions of Alice's: about a plain tool, a dangerous one, and one that read from outside."""
    plain = gate.opened(requires_approval=True)
    risky = gate.opened(name="risky", is_dangerous=True)
    found = [told.asked(at=plain), told.asked(at=risky), told.asked(at=plain)]
    type(found[2].call).objects.filter(pk=found[2].call_id).update(tainted=True)
    return found


def test_it_shows_what_may_be_seen_oldest_first(now: World) -> None:
    first, second, third = several()
    mine = [now.approval.pk, first.pk, second.pk, third.pk]
    for who in (now.alice, now.bob, people.adam()):
        assert listed(who.browser()) == mine
    # Carol keeps the catalog and decides about her own alone; Mallory is somebody elsewhere.
    for stranger in (now.carol, people.mallory()):
        assert listed(stranger.browser()) == []
        assert listed(stranger.browser(), f"?question={first.pk}") == []
        assert world.SECRET_WORD not in page(stranger.browser()).content.decode()


def test_filters_combine_and_live_in_the_address(now: World) -> None:
    plain, risky, outside = several()
    bob = now.bob.browser()
    assert listed(bob, "?risk=dangerous") == [risky.pk]
    assert listed(bob, "?risk=outside") == [outside.pk]
    assert listed(bob, "?risk=other") == [now.approval.pk, plain.pk]
    assert listed(bob, "?tool=risky") == [risky.pk]
    assert listed(bob, f"?agent={plain.call.agent_type_id}&risk=other") == [plain.pk]
    assert listed(bob, f"?requester={now.alice.user.pk}&tool=calculate") == [now.approval.pk]
    assert listed(bob, "?requester=999") == []


@pytest.mark.parametrize(
    "query",
    [
        "?agent=x&risk=nothing&due_hours=-1&requester=%00&question=x&before=y",
        "?question=99999999999999999999999",
        "?agent=99999999999999999999999",
        "?show=decided&before=99999999999999999999999",
        "?due_hours=1e400",
        "?tool=%27%22%3E%3Cscript%3E",
    ],
)
def test_no_address_breaks_the_page(now: World, query: str) -> None:
    answer = page(now.bob.browser(), query)
    assert answer.status_code == 200
    assert b"<script>" not in answer.content.replace(b'<script type="module"', b"")


def test_what_closes_soon_can_be_found(now: World) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=30)
    first, _, _ = several()
    Approval.objects.filter(pk=first.pk).update(expires_at=soon)
    assert listed(now.bob.browser(), "?due_hours=1") == [first.pk]
    answer = now.bob.api().get("/api/approvals?due_hours=1&open=true")
    assert [each["id"] for each in answer.json()["results"]] == [first.pk]


def test_what_is_decided_is_kept_newest_first_and_a_link_leads_to_it(now: World) -> None:
    first, second, third = several()
    for approval in (first, second):
        approvals.deny(approval, digest=approval.digest, by=now.bob.identity, comment="Not today")
    bob = now.bob.browser()
    assert listed(bob) == [now.approval.pk, third.pk]
    assert listed(bob, "?show=decided") == [second.pk, first.pk]
    assert listed(bob, f"?show=decided&before={second.pk}") == [first.pk]
    # A link in a mail leads to the question, whatever became of it.
    assert listed(bob, f"?question={first.pk}") == [first.pk, now.approval.pk, third.pk]
    assert b"Not today" in page(bob, "?show=decided").content


def test_nobody_sees_it_without_signing_in(now: World) -> None:
    for path in ("/inbox/", "/notifications/"):
        answer = Client().get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/accounts/login/?next={path}")


def test_what_waits_for_whom_is_counted(now: World) -> None:
    several()
    assert inbox.count(now.bob.identity)["count"] == 4
    assert inbox.count(now.alice.identity)["count"] == 4
    assert inbox.count(now.carol.identity) == {"count": 0, "more": False, "oldest": None, "latest": []}
    counted = now.bob.api().get("/api/approvals/waiting").json()
    assert counted["latest"][-1]["tool"] == "ledger"
    assert "word nobody" not in json.dumps(counted)


def test_four_eyes_leave_the_asker_out_of_the_count() -> None:
    told.asked(at=gate.opened(requires_approval=True, approver="other"))
    assert inbox.count(people.alice().identity)["count"] == 0
    assert inbox.count(people.bob().identity)["count"] == 1


def test_preferences_are_shown_and_changed_by_their_person(now: World) -> None:
    bob = now.bob.api()
    assert bob.patch("/api/me/notifications", {"mail_requested": False}).json()["mail_requested"] is False
    assert bob.get("/api/me/notifications").json()["mail_requested"] is False
    assert now.alice.api().get("/api/me/notifications").json()["mail_requested"] is True
    shown = now.bob.browser().get("/notifications/").content.decode()
    assert 'name="mail_requested">' in shown
    assert 'name="mail_reminded" checked' in shown


def test_names_of_groups_differ_by_organization_and_person() -> None:
    names = {
        inbox_news.group_of(who.identity)
        for who in (people.alice(), people.bob(), people.adam(), people.carol(), people.mallory())
    }
    # Bob and Adam hear of everything here; Alice and Carol of their own; Mallory of everything elsewhere.
    assert len(names) == 4


# --- The socket ---


def ear_of(who: people.Person | None) -> Ear:
    headers = [(b"host", b"testserver"), (b"origin", settings.ALLOWED_ORIGINS[0].encode())]
    if who is not None:
        headers.append((b"cookie", cookie(who.browser()).encode()))
    path = {"type": "websocket", "path": "/ws/inbox/", "query_string": b""}
    return Ear({**path, "headers": headers, "subprotocols": []})


def heard_by(who: people.Person, act: Any) -> dict[str, Any]:
    """The first news this person hears when `act` happens once they listen."""

    ear = ear_of(who)

    async def scene() -> dict[str, Any]:
        assert await ear.connect()
        assert (await ear.heard())["type"] == "ready"
        await in_thread(act)
        news: dict[str, Any] = await ear.heard()
        await ear.leave()
        return news

    return asyncio.run(scene())


@pytest.mark.django_db(transaction=True)
def test_who_decides_and_who_asks_hear_of_it_and_nobody_else() -> None:
    at = gate.opened(requires_approval=True)
    first: dict[str, Any] = {}

    def ask() -> None:
        first["approval"] = told.asked(at=at)

    news = heard_by(people.bob(), ask)
    expected = {"type": "inbox", "status": "pending", "event": "approval.requested"}
    assert news == {**expected, "approval": first["approval"].pk}
    assert "word" not in json.dumps(heard_by(people.alice(), ask))
    last = first["approval"]

    def deny() -> None:
        approvals.deny(last, digest=last.digest, by=people.bob().identity)

    assert heard_by(people.alice(), deny)["status"] == "denied"

    def carols() -> None:
        # What is not hers is told elsewhere; the first thing she hears is her own.
        told.asked(at=at)
        at.ask({"line": "mine"}, identity=people.carol().identity)

    mine = heard_by(people.carol(), carols)
    assert Approval.objects.get(pk=mine["approval"]).requester_id == str(people.carol().user.pk)


@pytest.mark.django_db(transaction=True)
def test_a_reminder_is_heard() -> None:
    told.rules(tell_after_minutes=0, remind_after_minutes=60)
    approval = told.asked()
    told.tick()
    told.later(61)
    news = heard_by(people.bob(), told.tick)
    assert (news["approval"], news["event"]) == (approval.pk, "approval.reminded")


@pytest.mark.django_db(transaction=True)
def test_nobody_listens_without_being_somebody_here() -> None:
    async def closed(ear: Ear) -> Any:
        assert await ear.connect()
        return await ear.heard()

    assert asyncio.run(closed(ear_of(None))) == 4401
    gone = people.alice()
    ear = ear_of(gone)
    Membership.objects.filter(user=gone.user).delete()
    assert asyncio.run(closed(ear)) == 4403


@pytest.mark.django_db(transaction=True)
def test_another_role_hears_other_things_and_must_come_back() -> None:
    ear = ear_of(people.alice())

    def promote() -> None:
        Membership.objects.filter(user=people.alice().user).update(role=Membership.Role.APPROVER)

    async def scene() -> Any:
        assert await ear.connect()
        assert (await ear.heard())["type"] == "ready"
        await in_thread(promote)
        await ear.say("ping")
        code = await ear.heard()
        await ear.leave()
        return code

    assert asyncio.run(scene()) == 1001
