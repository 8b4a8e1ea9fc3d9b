"""The admin pages of secrets, tokens, standing approvals, people and endpoints: nothing hidden is shown."""

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User

from agents_app.models import ModelEndpoint
from audit_app.models import AuditEntry
from project.accounts.models import ApiToken, Membership
from tests import people
from tests.flows.admin_world import address, filled, made_world, staff, told
from tests.world import SECRET_WORD, World
from tools_app import vault
from tools_app.models import Secret, StandingApproval

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> World:
    return made_world()


def test_a_secret_is_written_and_never_shown(now: World) -> None:
    client = staff(now.carol)
    path = address(Secret, "add")
    sent = {"name": "weather", "value": "s3cr3t-value", "hosts": "api.example.org"}
    assert client.post(path, filled(client, path, **sent)).status_code == 302
    secret = Secret.objects.get(name="weather")
    assert (secret.reveal(), secret.hosts) == ("s3cr3t-value", ["api.example.org"])
    path = address(Secret, "change", secret.pk)
    shown = client.get(path).content.decode()
    assert "s3cr3t-value" not in shown
    assert secret.sealed not in shown
    # Nobody who does not know it sends it elsewhere, and nothing that was typed is shown again.
    refused = client.post(path, filled(client, path, hosts="other.example.org")).content.decode()
    assert "Give the value again" in refused
    client.post(path, filled(client, path, hosts="other.example.org", value="s3cr3t-value"))
    secret.refresh_from_db()
    assert (secret.reveal(), secret.hosts, secret.version) == ("s3cr3t-value", ["other.example.org"], 2)
    client.post(path, filled(client, path, value="another"))
    secret.refresh_from_db()
    assert (secret.reveal(), secret.version) == ("another", 3)
    assert "s3cr3t" not in str(list(AuditEntry.objects.values_list("facts", flat=True)))
    assert "deleted" in told(client.post(address(Secret, "verb", secret.pk, "drop"), follow=True))
    used = Secret.objects.get(name=f"{SECRET_WORD}-key")
    assert "still uses" in told(client.post(address(Secret, "verb", used.pk, "drop"), follow=True))


def test_a_token_is_listed_by_its_beginning_and_revoked(now: World) -> None:
    token = ApiToken.objects.get()
    client = people.adam().browser()
    pages = (address(ApiToken, "changelist"), address(ApiToken, "change", quote(token.token_key)))
    assert all(token.digest not in client.get(page).content.decode() for page in pages)
    assert client.get(address(ApiToken, "change", token.digest)).status_code == 302
    assert "revoked" in told(
        client.post(address(ApiToken, "verb", quote(token.token_key), "revoke"), follow=True)
    )
    assert not ApiToken.objects.exists()


def test_a_standing_approval_is_taken_back(now: World) -> None:
    standing = StandingApproval.objects.get()
    staff(now.bob).post(address(StandingApproval, "verb", standing.pk, "revoke"))
    standing.refresh_from_db()
    assert standing.revoked_by == "Bob"


def test_a_person_is_added_with_a_role_and_becomes_nobodys_superuser(now: World) -> None:
    client = people.adam().browser()
    path = address(User, "add")
    password = "a long enough password 7"
    sent = {
        "username": "erin",
        "role": "keeper",
        "password1": password,
        "password2": password,
        "is_superuser": "on",
    }
    answer = client.post(path, filled(client, path, **sent, usable_password=None))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    erin = User.objects.get(username="erin")
    assert (erin.is_superuser, erin.memberships.get().role) == (False, "keeper")
    assert AuditEntry.objects.get(action="member.added").facts["role"] == "keeper"
    path = address(User, "change", erin.pk)
    client.post(path, filled(client, path, is_superuser="on", first_name="Erin", password=None))
    erin.refresh_from_db()
    assert (erin.is_superuser, erin.first_name) == (False, "Erin")


def test_a_role_is_changed_but_not_the_own(now: World) -> None:
    adam = people.adam()
    client = adam.browser()
    member = now.alice.membership
    path = address(Membership, "change", member.pk)
    assert client.post(path, filled(client, path, role="approver")).status_code == 302
    member.refresh_from_db()
    assert (member.role, member.version) == ("approver", 2)
    assert AuditEntry.objects.get(action="member.changed").facts["changed"] == ["role"]
    own = address(Membership, "change", adam.membership.pk)
    assert client.post(own, {"role": "member"}).status_code == 403


def test_an_account_of_two_organizations_is_not_ours_alone(now: World) -> None:
    Membership.objects.create(organization=people.elsewhere(), user=now.alice.user)
    client = people.mallory().browser()
    assert client.get(address(User, "change", now.alice.user.pk)).status_code == 200
    assert client.post(address(User, "change", now.alice.user.pk), {"username": "x"}).status_code == 403
    path = f"/admin/auth/user/{now.alice.user.pk}/password/"
    assert client.post(path, {"password1": "x" * 20, "password2": "x" * 20}).status_code in (403, 404)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"base_url": "http://models.example.org"}, "base_url"),
        ({"base_url": "https://user:pw@models.example.org"}, "base_url"),
        ({"headers": '{"X-Api-Key": "k"}'}, "headers"),
        ({"headers": '{"x": "a\\r\\nb"}'}, "headers"),
        ({"headers": '{"Host": "collector.example"}'}, "headers"),
        ({"options": '["a"]'}, "options"),
        ({"options": '{"aws_profile": "default"}'}, "options"),
        ({"kind": "bedrock", "options": '{"region": "eu-west-1"}'}, "secret"),
    ],
)
def test_an_endpoint_keeps_keys_and_private_addresses_out(
    changes: dict[str, str], field: str, now: World
) -> None:
    client = staff(now.carol)
    path = address(ModelEndpoint, "add")
    answer = client.post(path, filled(client, path, name="new", **changes))
    assert field in answer.context["adminform"].form.errors


def test_a_key_cannot_be_sent_elsewhere_by_editing_its_endpoint(now: World) -> None:
    client, row = staff(now.carol), ModelEndpoint.objects.get()
    path = address(ModelEndpoint, "change", row.pk)
    for moved in (
        {"base_url": "https://collector.example"},
        {"kind": "foundry", "base_url": "https://collector.example"},
    ):
        answer = client.post(path, filled(client, path, **moved))
        assert "may not be sent to https://collector.example" in str(answer.context["adminform"].form.errors)
    answer = client.post(
        path, filled(client, path, kind="bedrock", options='{"region": "collector.example/"}')
    )
    assert "region" in str(answer.context["adminform"].form.errors)
    row.refresh_from_db()
    assert (row.kind, row.base_url) == ("direct", "")


def test_a_moved_endpoint_is_recorded_with_both_addresses_and_keys(now: World) -> None:
    client, row = staff(now.carol), ModelEndpoint.objects.get()
    other = vault.keep("gateway-key", "sk-other-value", hosts=["gw.example"], by=now.carol.identity)
    path = address(ModelEndpoint, "change", row.pk)
    moved = filled(client, path, base_url="https://gw.example/v1", secret=str(other.pk))
    assert client.post(path, moved).status_code == 302
    facts = AuditEntry.objects.get(action="row.changed").facts
    assert facts == {
        "changed": ["base_url", "secret"],
        "before": {"address": "https://api.anthropic.com", "key": f"{SECRET_WORD}-key"},
        "now": {"address": "https://gw.example/v1", "key": "gateway-key"},
    }
    again = filled(client, path, max_connections="7")
    assert client.post(path, again).status_code == 302
    latest = AuditEntry.objects.filter(action="row.changed").order_by("-seq")[0]
    assert latest.facts == {"changed": ["max_connections"]}


def test_a_new_endpoint_is_recorded_with_its_address_and_key(now: World) -> None:
    client = staff(now.carol)
    path = address(ModelEndpoint, "add")
    assert client.post(path, filled(client, path, name="new", secret="")).status_code == 302
    facts = AuditEntry.objects.get(action="row.added").facts
    assert facts["now"] == {"address": "https://api.anthropic.com", "key": ""}
    assert "before" not in facts
