"""Speaking to models: a registry from an endpoint's kind to the Provider for it, loaded on first use.

Loading the SDK takes more than a second and 75 MB, so only a process that asks a model pays for it;
a worker calls `of(kind)` once at its start.
"""

from importlib import import_module

from agents_app.providers.base import Provider
from agents_app.providers.errors import ProviderMisconfigured

_SDK = "agents_app.providers.anthropic.AnthropicProvider"
_paths: dict[str, str] = {
    "scripted": "agents_app.providers.scripted.provider.ScriptedProvider",
    "direct": _SDK,
    "bedrock": _SDK,
    "vertex": _SDK,
    "foundry": _SDK,
}
_loaded: dict[str, Provider] = {}


def register(kind: str, dotted_path: str) -> None:
    """Name the class that speaks to endpoints of this kind."""
    _paths[kind] = dotted_path
    _loaded.pop(dotted_path, None)


def of(kind: str) -> Provider:
    """The Provider for this kind of endpoint; one instance per process."""
    try:
        path = _paths[kind]
    except KeyError:
        raise ProviderMisconfigured(detail=f"no provider for endpoints of kind {kind!r}") from None
    if path not in _loaded:
        module, _, name = path.rpartition(".")
        _loaded[path] = getattr(import_module(module), name)()
    return _loaded[path]


def kinds() -> tuple[str, ...]:
    return tuple(_paths)
