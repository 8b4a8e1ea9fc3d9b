"""What reading a model's stream costs: the SDK's helper, the SDK's stream, and this house's provider, by turns.

`python -m tests.bench.model_stream [--streams 200] [--tokens 80] [--rounds 3]`: each way reads so many streams at
once from a fake vendor in another process, 20 tokens a second each; CPU seconds are those of the reading process.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
os.environ.setdefault("TESTING", "true")

import anthropic
from anthropic.types import MessageParam

from agents_app import providers
from agents_app.providers.base import Endpoint, ModelRequest, TextPiece
from tests.fake_model import free_port
from tools_app import bridge

MODEL = "claude-sonnet-5-5"
SAID: list[MessageParam] = [{"role": "user", "content": "Hello"}]
Read = Callable[[], Awaitable[str]]


def ways(url: str) -> dict[str, Read]:
    client = anthropic.AsyncAnthropic(api_key="k", base_url=url, max_retries=0)
    endpoint = Endpoint("direct", "bench", url, "k", options={"trusted": True})
    request = ModelRequest(endpoint, MODEL, "", [{"role": "user", "content": "Hello"}])

    async def helper() -> str:
        async with client.messages.stream(model=MODEL, max_tokens=100, messages=SAID) as stream:
            return "".join([text async for text in stream.text_stream])

    async def stream() -> str:
        events = await client.messages.create(model=MODEL, max_tokens=100, messages=SAID, stream=True)
        return "".join(
            [
                event.delta.text
                async for event in events
                if event.type == "content_block_delta" and event.delta.type == "text_delta"
            ]
        )

    async def ours() -> str:
        events = providers.of("direct").stream(request)
        return "".join([event.text async for event in events if isinstance(event, TextPiece)])

    return {"messages.stream": helper, "create(stream=True)": stream, "provider": ours}


async def measure(read: Read, *, streams: int) -> tuple[float, list[str]]:
    await read()
    before = _cpu()
    texts = await asyncio.gather(*(read() for _ in range(streams)))
    return _cpu() - before, list(texts)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def vendor(tokens: int) -> Iterator[str]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.json"
        script.write_text(json.dumps({"default": {"stamp": tokens, "pace_ms": 50}}))
        command = [sys.executable, "-m", "tests.fake_model", "--port", str(port), "--script", str(script)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("streams", 200), ("tokens", 80), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    figures: dict[str, list[float]] = {}
    with vendor(chosen.tokens) as url:
        for _ in range(chosen.rounds):
            for name, read in ways(url).items():
                began = time.monotonic()
                cpu, texts = bridge.run(measure(read, streams=chosen.streams))
                assert all(text.count(":") == chosen.tokens for text in texts), "a token was lost"
                figures.setdefault(name, []).append(1000 * cpu / (chosen.tokens * chosen.streams))
                print(
                    f"{name:22} {figures[name][-1]:.4f} CPU s per 1,000 tokens, {time.monotonic() - began:.1f} s"
                )
    for name, found in figures.items():
        print(f"{name:22} median {statistics.median(found):.4f}, least {min(found):.4f}")


if __name__ == "__main__":
    main()
