"""Under which keys results are kept: nobody ever shares another's entry."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import pytest

from tests.tools.factories.making import binding
from tools_app.exceptions import FactoryFailed, NotAFactory
from tools_app.factories import RunContext, cache_key, keys, register_cache_key
from tools_app.run_context import Binding


def key(asked: Binding) -> keys.Key:
    return keys.whole(asked, keys.own_key(asked))


def test_the_default_is_the_person() -> None:
    """S0.29, S0.30, S0.33-35: the same person finds it again, in another run and another conversation."""
    assert key(binding()) == key(binding(run="r2", session="s2"))
    assert key(binding()) != key(binding(user="2"))


OTHERS: dict[str, dict[str, Any]] = {
    "organization": {"org": 2},
    "factory": {"factory": "other"},
    "versions": {"versions": ("v2",)},
    "grants": {"granted": frozenset({"add"})},
    "membership": {"personal": (2, "member", ("chat",))},
    "role": {"personal": (1, "admin", ("chat",))},
    "permissions": {"personal": (1, "member", ("chat", "audit.view"))},
    "clearings": {"generations": (("*", 1),)},
}


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("chosen", ["user", "session", "user_and_tenant"])
def test_every_version_is_part_of_every_key(what: str, chosen: str) -> None:
    """S0.51: what was built before a change is found no more."""
    assert key(binding(key=chosen)) != key(binding(key=chosen, **OTHERS[what]))


@pytest.mark.parametrize("chosen", ["user", "session", "user_and_tenant", "tenant"])
def test_keys_are_told_apart_by_their_function(chosen: str) -> None:
    for other in ("user", "session", "user_and_tenant", "tenant"):
        assert (key(binding(key=chosen)) == key(binding(key=other))) is (chosen == other)


def test_nobody_is_kept_for_nobody() -> None:
    """S0.7, S0.18, S0.48: no stand-in. Without a person each run has its own, and no two share it."""
    for chosen in ("user", "user_and_tenant"):
        asked = binding(user=None, key=chosen)
        assert keys.own_key(asked) is None
        assert key(asked) != key(binding(user=None, key=chosen, run="r2"))


def test_keeping_can_be_turned_off() -> None:
    """S0.36, S0.37: then the factory is asked for each run."""
    assert key(binding(enabled=False)) == key(binding(enabled=False))
    assert key(binding(enabled=False)) != key(binding(enabled=False, run="r2"))


def test_by_conversation() -> None:
    """S0.39."""
    assert key(binding(key="session")) == key(binding(key="session", run="r2"))
    assert key(binding(key="session")) != key(binding(key="session", session="s2"))
    # A conversation is one person's; were it not, they would still not share.
    assert key(binding(key="session")) != key(binding(key="session", user="2"))


def test_by_tenant_with_a_fallback_within_the_organization() -> None:
    """S0.40: an own function; its fallback is shared by nobody of another organization."""

    @cache_key(shared=True)
    def customer(run: RunContext) -> str:
        return str((run.dependencies or {}).get("customer", "_default_"))

    one, two = binding(key="customer"), binding(key="customer", user="2")
    assert key(one) == key(two)
    assert key(one) != key(binding(key="customer", org=2))
    assert key(one) != key(binding(key="customer", dependencies={"customer": "acme"}))


def test_one_for_the_organization() -> None:
    assert key(binding(key="tenant")) == key(binding(key="tenant", user="2", session="s2", run="r2"))
    assert key(binding(key="tenant")) != key(binding(key="tenant", org=2))


def test_who_shares_an_entry_is_unknown_to_its_factory() -> None:
    """Nobody's identity can end up in what others use."""
    asked = binding(key="tenant", state={"cart": 1}, dependencies={"permissions": ["x"], "tier": "free"})
    told = keys.told(asked, keys.own_key(asked))
    assert (told.user_id, told.session_state) == (None, None)
    assert told.dependencies == {"org_id": "1", "tier": "free"}
    assert told.session_id == told.run_id != asked.run.run_id


def test_person_and_tenant_are_joined_as_parts_and_not_as_text() -> None:
    """S0.41, S0.53: "a:b" with "c" is not "a" with "b:c", nor 1 the text "1", nor true."""
    values = [
        ("a:b", "c"),
        ("a", "b:c"),
        ["a", ["b", "c"]],
        ["a", "b", "c"],
        "a",
        1,
        "1",
        True,
        ["1"],
        [1],
        "",
    ]
    written = [keys.written(value) for value in values]
    assert len(set(written)) == len(values)
    assert keys.written(UUID(int=1)) == '"00000000-0000-0000-0000-000000000001"'
    found = {key(binding(user=a, org=b, key="user_and_tenant")) for a, b in itertools.product("12", (1, 12))}
    assert len(found) == 4


@pytest.mark.parametrize("value", [1.5, {"a": 1}, object(), {1}, b"x", "x" * 5000])
def test_what_can_be_no_key_is_an_error_and_never_a_shared_entry(value: Any) -> None:
    register_cache_key("own", lambda _: value)
    with pytest.raises(FactoryFailed):
        keys.own_key(binding(key="own"))


def test_a_key_function_that_breaks_or_is_gone_is_an_error() -> None:
    register_cache_key("own", lambda run: run.dependencies["missing"])  # type: ignore[index]
    for chosen in ("own", "never_registered"):
        with pytest.raises(FactoryFailed):
            keys.own_key(binding(key=chosen))


def test_an_own_function_only_divides_further() -> None:
    """S0.38: it receives the context; whatever it returns, the person stays part of the key."""
    register_cache_key("own", lambda run: "everybody")
    assert key(binding(key="own")) != key(binding(key="own", user="2"))


@pytest.mark.parametrize(("name", "function"), [("No!", str), ("", str), ("ok", None)])
def test_what_cannot_be_a_key_function_is_refused_at_once(name: str, function: Any) -> None:
    with pytest.raises(NotAFactory):
        register_cache_key(name, function)


def test_a_clearing_names_numbers_that_no_user_text_can_forge() -> None:
    """S0.42, S0.43, S0.53."""
    asked = binding(user="1", org=3)
    names = keys.generation_names(asked, keys.own_key(asked))
    assert names[0] == "*"
    assert len(names) == len(set(names)) == 9
    assert keys.generation_name(scope="o:3", user_id="1") in names
    assert keys.generation_name(scope="a:7", own=keys.written("1")) in names
    for foreign in ("1/k:x", "2", "o:3"):
        assert keys.generation_name(scope="o:3", user_id=foreign) not in names
    assert all(len(name) <= 120 for name in names)
    shared = keys.generation_names(binding(key="tenant"), '"1"')
    assert not any("/u:" in name for name in shared)
