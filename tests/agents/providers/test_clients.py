"""Which client speaks to an endpoint, with whose key, and which addresses it may reach."""

import asyncio
import contextlib
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import anthropic
import pytest

from agents_app import providers
from agents_app.models import ModelEndpoint
from agents_app.providers import anthropic as anthropic_provider
from agents_app.providers import clients, network
from agents_app.providers.base import Endpoint, TextPiece, ToolUse, TurnEnded
from agents_app.providers.errors import ProviderMisconfigured
from tests.agents.providers.conftest import collected, heard, request_to, text_of
from tests.fake_model import FakeModel
from tools_app import bridge


async def made(endpoint: Endpoint) -> Any:
    client = clients.make(endpoint)
    await client.close()
    return client


@pytest.mark.parametrize(
    ("endpoint", "kind", "address"),
    [
        (Endpoint("direct", "a", api_key="k"), anthropic.AsyncAnthropic, "https://api.anthropic.com/"),
        (
            Endpoint("direct", "b", "http://127.0.0.1:11434/v1x", "k", options={"trusted": True}),
            anthropic.AsyncAnthropic,
            "http://127.0.0.1:11434/v1x/",
        ),
        (
            Endpoint("vertex", "c", api_key="t", options={"region": "europe-west1", "project_id": "p"}),
            anthropic.AsyncAnthropicVertex,
            "https://europe-west1-aiplatform.googleapis.com/v1/",
        ),
        (
            Endpoint("foundry", "d", api_key="k", options={"resource": "house"}),
            anthropic.AsyncAnthropicFoundry,
            "https://house.services.ai.azure.com/anthropic/",
        ),
        (
            Endpoint("bedrock", "e", api_key="k", options={"region": "eu-west-1"}),
            anthropic.AsyncAnthropicBedrock,
            "https://bedrock-runtime.eu-west-1.amazonaws.com/",
        ),
    ],
    ids=["direct", "own address", "vertex", "foundry", "bedrock"],
)
def test_each_kind_of_endpoint_has_its_client(endpoint: Endpoint, kind: type, address: str) -> None:
    client: Any = bridge.run(made(endpoint))
    assert kind in type(client).__mro__[:1]
    assert str(client.base_url).rstrip("/") == address.rstrip("/")
    assert client.max_retries == 0


@pytest.mark.parametrize(
    ("endpoint", "path", "header"),
    [
        (
            Endpoint("vertex", "v", api_key="t", options={"region": "eu", "project_id": "p"}),
            "/projects/p/locations/eu/publishers/anthropic/models/claude-sonnet-5-5:streamRawPredict",
            ("authorization", "Bearer t"),
        ),
        (Endpoint("foundry", "f", api_key="k"), "/v1/messages", ("x-api-key", "k")),
    ],
    ids=["vertex", "foundry"],
)
def test_the_clouds_are_read_the_same_way(
    fake_model: FakeModel, endpoint: Endpoint, path: str, header: tuple[str, str]
) -> None:
    fake_model.play({"say": "From the cloud.", "call": [{"id": "t", "name": "x", "arguments": {}}]})
    local = replace(endpoint, base_url=fake_model.url, options={**endpoint.options, "trusted": True})
    events = heard(request_to(local))
    assert text_of(events) == "From the cloud."
    # However many pieces the text came in, which is the network's affair.
    assert [type(event) for event in events if not isinstance(event, TextPiece)] == [ToolUse, TurnEnded]
    asked = fake_model.requests[0]
    assert asked.path == path
    assert asked.headers[header[0]] == header[1]


def test_bedrock_without_its_library_says_what_is_missing(fake_model: FakeModel) -> None:
    options = {"region": "eu-west-1", "trusted": True}
    with pytest.raises(ProviderMisconfigured, match="botocore"):
        heard(request_to(Endpoint("bedrock", "b", fake_model.url, "k", options=options)))


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint("direct", "a"),
        Endpoint("direct", "a", options={"trusted": True}),
        Endpoint("foundry", "b", options={"resource": "house"}),
        Endpoint("foundry", "c", api_key="k"),
        Endpoint("vertex", "d", api_key="t"),
        Endpoint("vertex", "no project", api_key="t", options={"region": "eu"}),
        Endpoint("direct", "fronted", api_key="k", headers={"HOST ": "collector.example"}),
        Endpoint("carrier-pigeon", "e", api_key="k"),
        Endpoint("direct", "f", "http://models.example.com", "k"),
        Endpoint("direct", "g", "https://user:pass@models.example.com", "k"),
        Endpoint("direct", "h", "https://2130706433/", "k"),
        Endpoint("direct", "i", "ftp://models.example.com", "k"),
        Endpoint("direct", "j", api_key="k", options={"read_seconds": "soon"}),
    ],
    ids=lambda endpoint: f"{endpoint.kind} {endpoint.key}",
)
def test_an_endpoint_that_cannot_work_says_so(monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint) -> None:
    monkeypatch.delenv("CLOUD_ML_REGION", raising=False)
    with pytest.raises(ProviderMisconfigured) as raised:
        bridge.run(made(endpoint))
    assert raised.value.detail


def test_the_operators_key_never_goes_to_an_endpoint_without_one(
    monkeypatch: pytest.MonkeyPatch, fake_model: FakeModel
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the-operators-own")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "the-operators-own")
    local = Endpoint("direct", "keyless", fake_model.url, options={"trusted": True, "keyless": True})
    heard(request_to(local))
    assert "the-operators-own" not in str(fake_model.requests[0].headers)


AMBIENT = {
    "AWS_BEARER_TOKEN_BEDROCK": "the-operators-own",
    "AWS_ACCESS_KEY_ID": "the-operators-own",
    "AWS_SECRET_ACCESS_KEY": "the-operators-own",
    "AWS_PROFILE": "the-operators-own",
    "AWS_REGION": "the-operators-own",
    "ANTHROPIC_BEDROCK_BASE_URL": "https://the-operators-own.example",
    "ANTHROPIC_VERTEX_BASE_URL": "https://the-operators-own.example",
    "ANTHROPIC_VERTEX_PROJECT_ID": "the-operators-own",
    "CLOUD_ML_REGION": "the-operators-own",
    "ANTHROPIC_FOUNDRY_API_KEY": "the-operators-own",
    "ANTHROPIC_FOUNDRY_BASE_URL": "https://the-operators-own.example",
    "ANTHROPIC_FOUNDRY_RESOURCE": "the-operators-own",
}
CLOUDS = {
    "bedrock": {
        "region": "eu-west-1",
        "aws_profile": "default",
        "aws_access_key": "a",
        "aws_secret_key": "b",
    },
    "vertex": {"region": "europe-west1", "project_id": "p"},
    "foundry": {"resource": "house"},
}


@pytest.fixture
def ambient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in AMBIENT.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("kind", CLOUDS)
def test_a_cloud_without_a_key_sends_nothing_of_the_operators(
    ambient: None, fake_model: FakeModel, settings: Any, kind: str
) -> None:
    settings.EGRESS_EXCEPTIONS = [f"127.0.0.1:{fake_model.port}"]
    for url in ("", fake_model.url):
        with pytest.raises(ProviderMisconfigured, match="has no key"):
            heard(request_to(Endpoint(kind, f"{kind} collector", url, options=CLOUDS[kind])))
    assert fake_model.requests == []


@pytest.mark.parametrize("kind", CLOUDS)
def test_nor_does_one_with_a_key_take_anything_from_there(ambient: None, kind: str) -> None:
    own: Any = bridge.run(made(Endpoint(kind, f"{kind} own", api_key="mine", options=CLOUDS[kind])))
    told = {name: str(value) for name, value in vars(own).items() if not name.startswith("_")}
    assert "the-operators-own" not in str(told) + str(own.base_url) + str(getattr(own, "project_id", ""))
    profile, access = getattr(own, "aws_profile", None), getattr(own, "aws_access_key", None)
    assert (profile, access) == (None, None)


@pytest.mark.parametrize("kind", CLOUDS)
def test_nor_stand_in_for_what_its_options_leave_out(ambient: None, kind: str) -> None:
    with pytest.raises(ProviderMisconfigured, match="needs"):
        bridge.run(made(Endpoint(kind, f"{kind} bare", api_key="mine")))


def test_the_operators_headers_go_to_the_operators_endpoint_only(
    monkeypatch: pytest.MonkeyPatch, fake_model: FakeModel, endpoint: Endpoint, settings: Any
) -> None:
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Gateway: sesame")
    settings.EGRESS_EXCEPTIONS = [f"127.0.0.1:{fake_model.port}"]
    heard(request_to(replace(endpoint, key="mine")))
    heard(request_to(replace(endpoint, key="theirs", options={})))
    assert [asked.headers.get("x-gateway") for asked in fake_model.requests] == ["sesame", None]


def test_an_administrators_endpoint_may_not_be_local(fake_model: FakeModel) -> None:
    with pytest.raises(ProviderMisconfigured):
        heard(request_to(Endpoint("direct", "local", fake_model.url, "k")))
    assert fake_model.requests == []


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:7f00:1]"]
)
def test_nor_may_a_name_or_number_lead_there(host: str) -> None:
    inner = Endpoint("direct", f"inner:{host}", f"https://{host}:8443", "k")
    with pytest.raises(ProviderMisconfigured) as raised:
        heard(request_to(inner, tries=5))
    assert "EGRESS_EXCEPTIONS" in raised.value.detail


def test_unless_the_operator_excepted_it(fake_model: FakeModel, settings: Any) -> None:
    settings.EGRESS_EXCEPTIONS = [f"127.0.0.1:{fake_model.port}"]
    assert text_of(heard(request_to(Endpoint("direct", "excepted", fake_model.url, "k"))))


def test_an_exception_is_for_one_port(settings: Any) -> None:
    settings.EGRESS_EXCEPTIONS = ["127.0.0.1:1"]
    with pytest.raises(network.AddressRefused):
        bridge.run(network.vetted("127.0.0.1", 2))
    assert bridge.run(network.vetted("127.0.0.1", 1)) == ["127.0.0.1"]


def test_redirects_are_not_followed(fake_model: FakeModel, endpoint: Endpoint) -> None:
    fake_model.play({"status": 307, "headers": {"location": f"{fake_model.url}/v1/messages"}})
    with pytest.raises(ProviderMisconfigured):
        heard(request_to(endpoint))
    assert len(fake_model.requests) == 1


def test_streams_of_one_endpoint_share_a_client_until_it_changes(endpoint: Endpoint) -> None:
    async def lent(*asked: Endpoint) -> list[int]:
        found = []
        for one in asked:
            async with clients.client_for(one) as client:
                found.append(id(client))
        return found

    changed = replace(endpoint, api_key="rotated")
    first, again, other = bridge.run(lent(endpoint, endpoint, changed))
    assert first == again
    assert other != first


def test_a_client_in_use_outlives_its_replacement(fake_model: FakeModel, endpoint: Endpoint) -> None:
    async def overlap() -> bool:
        async with clients.client_for(endpoint) as client:
            async with clients.client_for(replace(endpoint, api_key="rotated")):
                pass
            return bool(client.is_closed())

    assert bridge.run(overlap()) is False


def test_a_replaced_client_is_closed_when_nobody_uses_it(endpoint: Endpoint) -> None:
    async def replaced() -> bool:
        async with clients.client_for(endpoint) as former:
            pass
        async with clients.client_for(replace(endpoint, api_key="rotated")):
            return bool(former.is_closed())

    assert bridge.run(replaced()) is True


def test_only_so_many_clients_are_kept(endpoint: Endpoint) -> None:
    async def many() -> int:
        for n in range(clients.KEPT_CLIENTS + 5):
            async with clients.client_for(replace(endpoint, key=f"many:{n}")):
                await asyncio.sleep(0)
        return len(clients.kept_keys())

    assert bridge.run(many(), timeout=30) <= clients.KEPT_CLIENTS


def test_no_more_streams_are_open_than_an_endpoint_allows(endpoint: Endpoint) -> None:
    """The others wait in line; whoever is stopped there leaves it, and nobody behind is forgotten."""
    narrow, finished, most = replace(endpoint, key="narrow", max_connections=2), [], []
    now = 0

    async def stream(number: int) -> None:
        nonlocal now
        async with clients.client_for(narrow):
            now += 1
            most.append(now)
            await asyncio.sleep(0.001)
            now -= 1
        finished.append(number)

    async def crowd() -> None:
        tasks = [asyncio.create_task(stream(number)) for number in range(8)]
        await asyncio.sleep(0)
        tasks[4].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    bridge.run(crowd(), timeout=30)
    assert finished == [0, 1, 2, 3, 5, 6, 7]
    assert max(most) == 2


def test_an_endpoint_without_a_limit_makes_nobody_wait(endpoint: Endpoint) -> None:
    async def together() -> int:
        async with contextlib.AsyncExitStack() as open_streams:
            for _ in range(40):
                await open_streams.enter_async_context(clients.client_for(endpoint))
            return 40

    assert bridge.run(together(), timeout=30) == 40


def test_a_limit_of_the_row_reaches_the_provider() -> None:
    row = ModelEndpoint(pk=7, name="narrow", max_connections=3)
    assert row.without_key().max_connections == 3


def test_time_in_line_is_not_the_models(
    fake_model: FakeModel, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that waited for its place longer than a whole one may take has all its time still before it."""
    limits = {**endpoint.options, "wall_seconds": 60, "idle_seconds": 60}
    narrow = replace(endpoint, key="one place", max_connections=1, options=limits)
    fake_model.play({"say": "a b c d", "pace_ms": 20})
    passed = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
    monkeypatch.setattr(anthropic_provider, "time", clock)

    async def waited() -> str:
        nonlocal passed
        async with clients.client_for(narrow):
            answer = asyncio.create_task(collected(request_to(narrow)))
            await asyncio.sleep(0.01)
            passed = 100
        return text_of(await answer)

    assert bridge.run(waited(), timeout=20) == "a b c d"


def test_an_unknown_kind_has_no_provider() -> None:
    with pytest.raises(ProviderMisconfigured):
        providers.of("carrier-pigeon")


def test_a_kind_can_be_added_by_its_path() -> None:
    providers.register("test-kind", "agents_app.providers.scripted.provider.ScriptedProvider")
    assert providers.of("test-kind") is providers.of("test-kind")
    assert "test-kind" in providers.kinds()
