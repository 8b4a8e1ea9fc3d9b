"""Which modules are mutated, and which tests have to notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    module: str
    tests: tuple[str, ...]


def _of(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/tools/{folder}test_{name}.py" for name in names)


RULES = (
    *_of(
        "", "rules", "rule_operators", "rules_of_mail", "policy", "policy_told", "layers", "standing_policy"
    ),
    *_of("", "arguments", "rule_tables", "rule_parts", "gate_properties"),
)
NETWORK = _of(
    "executors/", "network", "network_exactly", "network_backend", "network_limits", "network_redirects"
)
LASTING = _of("executors/", "network_lasting")
PATHS = _of("executors/", "paths_exactly", "paths", "beneath", "writing")
ADDRESSES = (
    *_of("executors/", "network_urls", "network_addresses"),
    *_of("", "rules_of_hosts"),
)
APPROVALS = _of("", "approvals", "deciders", "claims", "outcomes", "ask_user")
TARGETS: tuple[Target, ...] = (
    Target("tools_app.policy", RULES),
    Target("tools_app.policy.steps", RULES),
    Target("tools_app.policy.asking", RULES),
    Target("tools_app.policy.layering", RULES),
    Target("tools_app.policy.standing", RULES),
    Target("tools_app.policy.values", RULES),
    Target("tools_app.rules", RULES),
    Target("tools_app.rules.matchers", RULES),
    Target("tools_app.rules.values", RULES),
    Target("tools_app.rules.hosts", _of("", "rules_of_hosts")),
    Target("tools_app.rules.paths", _of("", "rules_of_paths")),
    Target("tools_app.rules.offering", RULES),
    Target("tools_app.rules.places", RULES),
    Target("tools_app.rules.mail", _of("", "rules_of_mail")),
    Target("tools_app.arguments", RULES),
    Target("tools_app.approvals", APPROVALS),
    Target("tools_app.questions", APPROVALS),
    Target("tools_app.claims", APPROVALS),
    Target("tools_app.executors.network.urls", ADDRESSES),
    Target("tools_app.executors.network.addresses", ADDRESSES),
    Target("tools_app.executors.network.backend", NETWORK),
    Target("tools_app.executors.network.client", NETWORK),
    Target("tools_app.executors.network.lasting", LASTING),
    Target("tools_app.executors.paths", PATHS),
    Target("tools_app.executors.beneath", PATHS),
)
