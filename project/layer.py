"""The pubsub channel layer, read without a timeout around every message.

Its own receiver asks ten times a second whether there is news, and each asking costs more than the news: of the web
process under 200 streams it was 39 % of the time. This one waits for the next message, as long as it takes.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels_redis import pubsub
from channels_redis.utils import _wrap_close, decode_hosts

log = logging.getLogger(__name__)


class Shard(pubsub.RedisSingleShardConnection):
    async def _do_receiving(self) -> None:
        while True:
            try:
                await self._received_next()
            except Exception:
                # The client reconnects and subscribes again by itself; what was missed is fetched by the pages.
                log.warning("the receiver of news failed, it goes on in a second", exc_info=True)
                await asyncio.sleep(1)

    async def _received_next(self) -> None:
        if not self._pubsub or not self._pubsub.subscribed:
            await asyncio.sleep(0.1)
            return
        response = await self._pubsub.parse_response(block=True)
        if response and response[0] == b"message":
            self._receive_message({"channel": response[1], "data": response[2]})
        else:
            await self._pubsub.handle_message(response, ignore_subscribe_messages=True)


class LoopLayer(pubsub.RedisPubSubLoopLayer):
    def __init__(self, hosts: Any = None, **more: Any) -> None:
        super().__init__(hosts=hosts, **more)
        self._shards = [Shard(host, self) for host in decode_hosts(hosts)]


class PubSubLayer(pubsub.RedisPubSubChannelLayer):
    def _get_layer(self) -> LoopLayer:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            self._layers[loop] = LoopLayer(*self._args, **self._kwargs, channel_layer=self)
            _wrap_close(self, loop)
        layer: LoopLayer = self._layers[loop]
        return layer
