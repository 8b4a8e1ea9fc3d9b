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
    *_of(
        "", "arguments", "rule_tables", "rule_parts", "gate_properties", "unattended_policy", "policy_values"
    ),
    *_of("", "policy_parts"),
)
NETWORK = _of(
    "executors/", "network", "network_exactly", "network_backend", "network_limits", "network_redirects"
)
LASTING = _of("executors/", "network_lasting")
PATHS = _of("executors/", "paths_exactly", "paths", "writing")
ADDRESSES = (
    *_of("executors/", "network_urls", "network_addresses"),
    *_of("", "rules_of_hosts"),
)
VERDICTS = _of(
    "", "verdicts_exactly", "approvals", "votes", "who_decides", "deciders", "handing_on", "ask_user"
)
INSTEAD = _of("", "instead_exactly", "instead", "successors_told", "file_changes")
QUESTIONS = _of(
    "",
    "questions_exactly",
    "successors_told",
    "verdicts_exactly",
    "deciders",
    "ask_user",
    "who_decides",
    "instead",
)
CLAIMS = _of("", "claims_exactly", "approvals", "fence", "usage_person", "decided", "at_once", "outcomes")
ENDINGS = _of("", "endings_exactly", "fence", "stopping", "outcomes", "instead", "decided", "usage_person")
LIMITS = _of("", "limits_exactly", "daily_limits", "rate_limit", "at_once")
FLOWS = _of("", "information", "information_flow")
LAYERS = _of("", "layer_rules", "layers", "layers_read", "policy_rules", "installation_policy")
STANDING = _of("", "broadened", "broadening", "standing", "standing_policy", "standing_races")
HALTS = _of("", "halts", "switches", "switches_exactly", "lifting", "kill_switch_command")
TARGETS: tuple[Target, ...] = (
    Target("tools_app.policy", RULES),
    Target("tools_app.policy.steps", RULES),
    Target("tools_app.policy.asking", RULES),
    Target("tools_app.policy.layering", RULES),
    Target("tools_app.policy.standing", RULES),
    Target("tools_app.policy.unattended", RULES),
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
    Target("tools_app.calling.information", FLOWS),
    Target("tools_app.governing.layer_rules", LAYERS),
    Target("tools_app.governing.layers", LAYERS),
    Target("tools_app.approving.broadening", STANDING),
    Target("tools_app.approving.allowing", STANDING),
    Target("tools_app.approving.standing", STANDING),
    Target("tools_app.approving.sparing", STANDING),
    Target("tools_app.governing.halts", HALTS),
    Target("tools_app.governing.switches", HALTS),
    Target("tools_app.approvals", VERDICTS),
    Target("tools_app.approving.questions", QUESTIONS),
    Target("tools_app.calling.claims", CLAIMS),
    Target("tools_app.approving.votes", VERDICTS),
    Target("tools_app.approving.instead", INSTEAD),
    Target("tools_app.approving.successors", INSTEAD),
    Target("tools_app.approving.deciders", _of("", "who_decides")),
    Target("tools_app.calling.settling", ENDINGS),
    Target("tools_app.approving.outcomes", ENDINGS),
    Target("tools_app.calling.endings", ENDINGS),
    Target("tools_app.calling.quotas", LIMITS),
    Target("tools_app.calling.limits", LIMITS),
    Target("tools_app.executors.network.urls", ADDRESSES),
    Target("tools_app.executors.network.addresses", ADDRESSES),
    Target("tools_app.executors.network.backend", NETWORK),
    Target("tools_app.executors.network.client", NETWORK),
    Target("tools_app.executors.network.lasting", LASTING),
    Target("tools_app.executors.paths", PATHS),
    Target("tools_app.executors.beneath", _of("executors/", "beneath")),
)
