"""The channel layer's own reading: what is announced arrives, also after the server has thrown the listener out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis
from channels.layers import channel_layers
from django.conf import settings

from agents_app.live import news
from project.layer import PubSubLayer


async def heard(layer: Any, channel: str) -> Any:
    async with asyncio.timeout(20):
        return await layer.receive(channel)


def announce(group: str, number: int) -> None:
    news.send(group, {"type": "text", "number": number})


async def listening() -> tuple[Any, str]:
    layer: Any = channel_layers.make_backend("default")
    channel = await layer.new_channel()
    await layer.group_add("g1", channel)
    return layer, channel


def test_it_is_the_layer_in_use() -> None:
    assert isinstance(channel_layers.make_backend("default"), PubSubLayer)
    layers: Any = settings.CHANNEL_LAYERS
    assert layers["default"]["CONFIG"]["hosts"][0]["protocol"] == 2


def test_events_of_a_group_arrive_in_order() -> None:
    async def scene() -> None:
        layer, channel = await listening()
        news.send("g1", {"number": 1}, {"number": 2})
        news.send("g2", {"number": 99})
        news.send("g1", {"number": 3})
        told = [(await heard(layer, channel))["json"] for _ in range(3)]
        assert told == ['{"number":1}', '{"number":2}', '{"number":3}']
        await layer.flush()

    asyncio.run(scene())


def test_a_group_that_is_left_is_silent_and_another_goes_on() -> None:
    async def scene() -> None:
        layer, channel = await listening()
        await layer.group_add("g2", channel)
        await layer.group_discard("g1", channel)
        announce("g1", 1)
        announce("g2", 2)
        assert (await heard(layer, channel))["json"] == '{"type":"text","number":2}'
        await layer.flush()

    asyncio.run(scene())


def test_it_listens_again_after_its_connection_was_ended(valkey: redis.Redis) -> None:
    async def scene() -> None:
        layer, channel = await listening()
        announce("g1", 1)
        assert (await heard(layer, channel))["json"].endswith('"number":1}')
        valkey.client_kill_filter(_type="pubsub")
        # What is said while nobody listens is lost and fetched by the pages; sooner or later it hears again.
        for number in range(2, 200):
            announce("g1", number)
            try:
                async with asyncio.timeout(0.1):
                    assert (await layer.receive(channel))["json"].endswith("}")
                break
            except TimeoutError:
                # A cancelled receive gives the channel up, as when a consumer leaves.
                channel = await layer.new_channel()
                await layer.group_add("g1", channel)
        else:
            pytest.fail("nothing was heard any more")
        await layer.flush()

    asyncio.run(scene())
