"""A persona's endpoint as it is used: its key leaves the vault only for an address on the secret's list."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from agents_app import factory
from agents_app.models import AgentType, ModelEndpoint
from agents_app.providers.errors import ProviderMisconfigured
from project.accounts.exceptions import HouseError
from tests import people
from tools_app import vault
from tools_app.models import Secret

pytestmark = pytest.mark.django_db
ELSEWHERE = "https://collector.example"


def secret(*hosts: str) -> Secret:
    return vault.keep("vendor-key", "sk-the-value", hosts=hosts, by=people.carol().identity)


def used(**fields: Any) -> Any:
    row = ModelEndpoint(organization=people.toolroom(), name="model", **fields)
    row.save()
    return factory.endpoint_of(AgentType(endpoint=row))


def test_the_key_goes_to_the_vendor_without_a_list() -> None:
    endpoint = used(secret=secret())
    assert (endpoint.api_key, endpoint.base_url, endpoint.options["trusted"]) == ("sk-the-value", "", False)


def test_and_to_a_listed_gateway() -> None:
    assert (
        used(secret=secret("gw.example:8443"), base_url="https://GW.example:8443/v1").api_key
        == "sk-the-value"
    )


@pytest.mark.parametrize(
    ("hosts", "fields"),
    [
        ([], {"base_url": ELSEWHERE}),
        (["api.anthropic.com"], {"base_url": ELSEWHERE}),
        (["api.anthropic.com"], {"base_url": "https://api.anthropic.com.collector.example"}),
        (["api.anthropic.com"], {"base_url": "https://api.anthropic.com:8443"}),
        (["gw.example"], {}),
        (["api.anthropic.com"], {"kind": "foundry", "options": {"resource": "collector"}}),
        ([], {"kind": "bedrock", "options": {"region": "collector.example/"}}),
        ([], {"kind": "vertex", "options": {"region": "a", "project_id": "p"}, "base_url": ELSEWHERE}),
        ([], {"base_url": "https://a@collector.example"}),
    ],
)
def test_nowhere_else_not_even_past_the_form(
    hosts: list[str], fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = secret(*hosts)
    monkeypatch.setattr(Secret, "reveal", lambda self: pytest.fail("revealed before it was judged"))
    with pytest.raises(HouseError) as raised:
        used(secret=key, **fields)
    assert isinstance(raised.value, factory.KeyNotForAddress | ProviderMisconfigured)
    with pytest.raises(ValidationError):
        ModelEndpoint(organization=key.organization, name="other", secret=key, **fields).clean()


def test_a_list_made_shorter_holds_at_once() -> None:
    key = secret("gw.example")
    fields = {"secret": key, "base_url": "https://gw.example"}
    assert used(**fields).api_key
    key = vault.change(key, value="", hosts=[], by=people.carol().identity)
    row = ModelEndpoint.objects.get()
    with pytest.raises(factory.KeyNotForAddress):
        factory.endpoint_of(AgentType(endpoint=row))


def test_a_tenants_options_never_make_it_trusted() -> None:
    assert used(options={"trusted": True}).options["trusted"] is False


def test_the_scripted_model_is_given_no_key() -> None:
    assert used(kind="scripted", secret=secret("gw.example"), base_url=ELSEWHERE).api_key == ""
