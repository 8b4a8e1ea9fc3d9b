"""Under which key what a factory built is kept. Keys are tuples of typed parts, never joined texts (S0.53).

A persona chooses a key function by name. Whatever it returns only divides further: organization, persona, versions
and the person are part of every key. Only a function registered as `shared` leaves the person out, and then the
factory is told nothing of any person, so that nobody's identity can end up in what others use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from tools_app.exceptions import FactoryFailed, NotAFactory
from tools_app.factories import registry
from tools_app.run_context import Binding, RunContext

Key = tuple[Hashable, ...]
_Function = TypeVar("_Function", bound=Callable[[RunContext], Any])
_MOST: Final = 2_000
_PERSONAL: Final = frozenset(
    {
        "auth_claims",
        "locale",
        "permissions",
        "request_id",
        "requested_by",
        "role",
        "roles",
        "session_id",
        "user_id",
    }
)


@dataclass(frozen=True, slots=True)
class KeyFunction:
    """`shared`: one entry for everybody to whom the function gives the same key, in one organization."""

    name: str
    function: Callable[[RunContext], Any]
    shared: bool = False
    description: str = ""


def _user(run: RunContext) -> Any:
    return run.user_id


def _session(run: RunContext) -> Any:
    return run.session_id


def _tenant(run: RunContext) -> Any:
    return (run.dependencies or {}).get("org_id")


def _user_and_tenant(run: RunContext) -> Any:
    return (run.user_id, _tenant(run)) if run.user_id else None


_functions: dict[str, KeyFunction] = {
    each.name: each
    for each in (
        KeyFunction("user", _user, description="Per person"),
        KeyFunction("session", _session, description="Per conversation"),
        KeyFunction("user_and_tenant", _user_and_tenant, description="Per person and organization"),
        KeyFunction("tenant", _tenant, shared=True, description="One for the whole organization"),
    )
}


def register_cache_key(
    name: str, function: Callable[[RunContext], Any], *, shared: bool = False, description: str = ""
) -> None:
    """Offer a key function to personas (S0.38). It returns text, a number, or a list of them; None: do not keep."""
    if not registry.NAME.match(name):
        raise NotAFactory(
            f"{name!r} is no name for a cache key: use 1 to 64 lower-case letters, digits, _ or -."
        )
    if not callable(function):
        raise NotAFactory(f"The cache key {name!r} is no function.")
    _functions[name] = KeyFunction(name, function, shared, description or name.replace("_", " ").capitalize())


def cache_key(
    *, name: str = "", shared: bool = False, description: str = ""
) -> Callable[[_Function], _Function]:
    """The same as `register_cache_key` where the function is written."""

    def keep(function: _Function) -> _Function:
        chosen = name or getattr(function, "__name__", "")
        register_cache_key(chosen, function, shared=shared, description=description)
        return function

    return keep


def everything() -> tuple[KeyFunction, ...]:
    return tuple(_functions.values())


def own_key(binding: Binding) -> str | None:
    """What the persona's key function says about this run, written so that two values never look alike.

    None: nothing is kept. Raises FactoryFailed for a function that breaks or returns something else.
    """
    if not binding.keeping.enabled:
        return None
    try:
        return written(_function(binding).function(binding.run.own()))
    except FactoryFailed:
        raise
    except Exception as broken:
        raise FactoryFailed(details={"cache_key": binding.keeping.key}) from broken


def written(value: Any) -> str | None:
    """As JSON: 1 and "1" differ, and ["a:b", "c"] from ["a", "b:c"]. None stays None."""
    if value is None:
        return None
    text = json.dumps(_plain(value), separators=(",", ":"))
    if len(text) > _MOST:
        raise FactoryFailed("The key of a cache is too long.")
    return text


def whole(binding: Binding, own: str | None) -> Key:
    """The key of an entry. Where nothing may be kept it is this run's alone, which belongs to one person."""
    common: Key = (
        binding.organization_id,
        binding.agent.id,
        binding.factory,
        binding.versions,
        binding.granted,
        binding.generations,
    )
    if own is None:
        return ("run", *common, binding.person, binding.personal, binding.run.run_id)
    if is_shared(binding, own):
        return ("shared", *common, binding.keeping.key, own)
    return ("kept", *common, binding.person, binding.personal, binding.keeping.key, own)


def is_shared(binding: Binding, own: str | None) -> bool:
    return own is not None and _function(binding).shared


def told(binding: Binding, own: str | None) -> RunContext:
    """What the factory is handed: for an entry that others will use, nothing of the person who happens to be first."""
    if not is_shared(binding, own):
        return binding.run.own()
    anonymous = f"shared-{uuid4().hex}"
    kept = {name: value for name, value in (binding.run.dependencies or {}).items() if name not in _PERSONAL}
    return replace(
        binding.run,
        run_id=anonymous,
        session_id=anonymous,
        user_id=None,
        session_state=None,
        dependencies=kept,
    ).own()


def generation_names(binding: Binding, own: str | None) -> tuple[str, ...]:
    """The numbers that clearing raises and this entry depends on: each scope, by itself and with person or key."""
    person = "" if is_shared(binding, own) else binding.person
    scopes = ("*", f"o:{binding.organization_id}", f"a:{binding.agent.id}")
    return tuple(f"{scope}{whose}" for scope in scopes for whose in ("", *_whose(person, own)))


def generation_name(*, scope: str, user_id: str | None = None, own: str | None = None) -> str:
    """The one number to raise."""
    return f"{scope}{next(_whose(user_id or '', own), '')}"


def _whose(person: str, own: str | None) -> Iterator[str]:
    # Hashed: a key is somebody's text, and the names of numbers have a bound.
    if person:
        yield f"/u:{hashlib.sha256(person.encode()).hexdigest()[:40]}"
    if own is not None:
        yield f"/k:{hashlib.sha256(own.encode()).hexdigest()[:40]}"


def _function(binding: Binding) -> KeyFunction:
    name = binding.keeping.key or "user"
    if name not in _functions:
        raise FactoryFailed(f"This installation has no cache key {name!r}.", details={"cache_key": name})
    return _functions[name]


def _plain(value: Any) -> Any:
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, list | tuple):
        return None if value is None else [_plain(item) for item in value]
    raise FactoryFailed(f"A cache key cannot be made of {type(value).__name__}.")
