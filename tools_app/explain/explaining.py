"""A decision of the gate in words, step by step, each with the row its rule stands in. Pure: it decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tools_app import policy
from tools_app.approving import deciders
from tools_app.policy import Call, Decision, Facts, Judged, Layer, Refuse, layering, unattended

# Why a person is asked: said on the card, in the admin and where a tool is tried out.
REASONS: Final = {
    "dangerous": "The tool is dangerous: it asks before every use.",
    "tool_requires_approval": "The tool asks before every use.",
    "grant_requires_approval": "This persona has to ask before it uses the tool.",
    "condition": "The grant asks a person before it is used with such values.",
    "installation_requires_approval": "A rule of this installation asks a person before every such use.",
    "installation_condition": "A rule of this installation asks a person before a use with such values.",
    "organization_requires_approval": "A rule of the organization asks a person before every such use.",
    "organization_condition": "A rule of the organization asks a person before a use with such values.",
    "tool_condition": "The tool asks a person before it is used with such values.",
    policy.ONLY_ADVISED: "Its rules forbid texts that can be written otherwise, so a person has to look.",
    "tainted": "This answer has read content from outside, and this use could carry private data out.",
    policy.UNREADABLE.code: "Whether a person is asked cannot be evaluated, so nothing would run.",
    policy.NEEDS_ANSWER: "It is a question to the person who asked, and only they can answer it.",
    "giver_gone": "It was approved, and whoever did that may not decide about it any more, so it is asked anew.",
    "ran_out": "It was approved, and did not start in time, so it is asked anew.",
    "changed": "Something has changed since a person was asked, so they are asked anew.",
    "edited": "A person changed its arguments. It must be let to them as well as to who asked, and is looked at anew.",
}
_TITLES: Final = {
    "switches": "Kill switches",
    "person": "The person",
    "tool": "The tool and its grant",
    "editors": "Whoever changed it",
    "arguments": "The arguments",
    "installation": "Limits of this installation",
    "secrets": "Its secrets",
    "denied": "What rules forbid",
    "allowed": "What rules allow",
    "limit": "How often",
    "approval": "A person's approval",
    "deciders": "Who decides",
    "standing": "Allowed from now on",
    "unattended": "When nobody is there",
    "rules": "The rules",
}
_PASSED: Final = {
    "switches": "None is thrown.",
    "person": "An active member of the organization.",
    "installation": "No file or address is out of bounds.",
    "secrets": "None is missing, and none would go where it may not.",
    "denied": "No rule forbids one of these values.",
}
# Which row says so: of a refusal by its code, of a reason to ask by its name; else it is the row of the step.
_BY_CODE: Final = {
    "unknown_tool": (),
    "not_granted": ("persona",),
    "agent_disabled": ("persona",),
    "not_offered": ("grant",),
    "use_not_allowed": ("grant",),
    "reserved_parameter": (),
    "fixed_parameter": ("grant",),
    "grant_requires_approval": ("grant",),
    "condition": ("grant",),
    "tainted": (),
}
_BY_STEP: Final = {
    "tool": ("tool",),
    "arguments": ("tool",),
    "secrets": ("tool",),
    "denied": ("grant",),
    "allowed": ("grant",),
    "limit": ("grant",),
    "approval": ("tool",),
    "unattended": ("persona",),
}
_LIMITS: Final = frozenset({"limit", "daily_limit", "rate_limit", "concurrent_limit"})
# Whether a layer has anything to say at a step.
_SPEAKS: Final[Mapping[str, Callable[[Layer], bool]]] = {
    "arguments": lambda layer: bool(layer.fixed or layer.defaults),
    "denied": lambda layer: layer.denied is not None,
    "allowed": lambda layer: layer.allowed is not None,
}


@dataclass(frozen=True, slots=True)
class Source:
    """The row a rule stands in. `within` is the row whose page shows it, 0 where it has a page of its own."""

    kind: str
    id: int
    name: str
    within: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the decision, or one of several things found in it. `outcome` is pass, ask or refuse.

    `detail` is for those alone who may change the catalog.
    """

    check: str
    title: str
    outcome: str
    text: str
    sources: tuple[Source, ...] = ()
    detail: str = ""

    def told(self, *, in_detail: bool) -> str:
        return f"{self.text} {self.detail}".strip() if in_detail else self.text


def title_of(check: str) -> str:
    return _TITLES.get(check, check.replace("_", " ").capitalize())


def lines(
    call: Call,
    facts: Facts,
    filled: Sequence[str] = (),
    decision: Decision | None = None,
    judged: Judged | None = None,
) -> tuple[Line, ...]:
    """The whole chain, so that who mends one refusal sees the next one at once.

    `decision`, and what was `judged` of the call, spare finding it out again.
    """
    judged = judged or policy.judge(call, facts)
    decision = policy.decide(call, facts, judged) if decision is None else decision
    found = policy.checks(judged)
    # A condition that cannot be evaluated refuses, whatever the other steps say.
    if not found or (isinstance(decision, Refuse) and decision.code == policy.UNREADABLE.code):
        return (_broken(judged.broken or judged.unasked or policy.UNREADABLE, facts),)
    told = [line for check in found for line in _told(check, call, facts, filled)]
    refused = any(line.outcome == "refuse" for line in told)
    if isinstance(decision, policy.Refuse) and decision.code == unattended.CODE and not refused:
        rows = _sources(decision.code, "unattended", facts)
        asked = _asking(facts, decision, judged)
        return (*told, *asked, Line("unattended", title_of("unattended"), "refuse", decision.message, rows))
    if isinstance(decision, policy.Refuse) and decision.code in _LIMITS and not refused:
        # As it was read there was something left, and as it was to be taken there was not.
        rows = _of_refusal(decision, "limit", facts)
        spent = Line("limit", title_of("limit"), "refuse", decision.message, rows)
        return tuple(spent if line.check == "limit" else line for line in told)
    if isinstance(decision, policy.Refuse) and not refused:
        # The rules would let it, and something else does not: what was approved is not what would run.
        return (*told, Line("approval", title_of("approval"), "refuse", decision.message))
    return (*told, *_asking(facts, decision, judged))


def _broken(why: Refuse, facts: Facts) -> Line:
    """Whose rule it is, and what is wrong with it, so that it is found and mended."""
    rows = (_of_rule(why.rule, facts),) if why.rule else ()
    return Line("rules", title_of("rules"), "refuse", why.message, rows, why.detail)


def _told(check: policy.Check, call: Call, facts: Facts, filled: Sequence[str]) -> Iterator[Line]:
    title = title_of(check.name)
    for each in check.refusals:
        # The model and the person are not told which secret it is; whoever can mend it is.
        detail = " ".join(call.obstacles) if check.name == "secrets" else ""
        # A switch tells the model more than people: not to try again what was not run.
        text = facts.halted if check.name == "switches" else each.message
        yield Line(check.name, title, "refuse", text, _of_refusal(each, check.name, facts), detail)
    if not check.refusals:
        text = _passed(check.name, call, facts, filled)
        yield Line(check.name, title, "pass", text, _considered(check.name, facts))


def _asking(facts: Facts, decision: Decision, judged: Judged) -> Iterator[Line]:
    if facts.grant is None or facts.tool is None:
        return
    reasons = judged.reasons
    if isinstance(decision, policy.AskApproval):
        # Why it is asked about anew is no reason of the rules.
        reasons = (*reasons, *(each for each in decision.reasons if each not in reasons))
    if reasons and isinstance(decision, policy.Allow):
        yield _spared(facts, decision, reasons)
        return
    by_rule = _rules_that_ask(facts, judged)
    for reason in reasons:
        text = REASONS.get(reason, reason)
        rows = by_rule.get(reason) or _sources(reason, "approval", facts)
        yield Line("approval", title_of("approval"), "ask", text, tuple(rows))
    if not reasons:
        yield Line("approval", title_of("approval"), "pass", "Nobody has to be asked.")
        return
    if not facts.tool.asks_person:
        # What is asked of a person is theirs to answer, whoever has to approve uses.
        yield from _deciding(facts)


def _deciding(facts: Facts) -> Iterator[Line]:
    """Whose demand it is that not just anybody's yes will do, one line for each that makes one."""
    rows, persona = _rows(facts), facts.grant.agent_name if facts.grant else ""
    whose = {
        "organization": "the organization",
        "tool": f"the tool {facts.tool.name if facts.tool else ''}",
        "persona": f"the persona {persona}",
        "grant": f"the grant of {persona}",
        "edit": "the change of its arguments",
    }
    for demand in facts.demands:
        told = deciders.told([demand])
        text = f"Because of {whose.get(demand.layer, demand.layer)}: {told[:1].lower()}{told[1:]}"
        row = rows.get(demand.layer) or Source(demand.layer, 0, "Settings of the gate")
        yield Line("deciders", title_of("deciders"), "ask", text, () if demand.layer == "edit" else (row,))


def _spared(facts: Facts, decision: policy.Allow, reasons: Sequence[str]) -> Line:
    """Nobody is asked, because somebody allowed such uses from now on; and what would be asked for else."""
    by = next((each.by for each in facts.standing if each.id == decision.standing), "") or "Somebody"
    why = " ".join(REASONS.get(reason, reason) for reason in reasons)
    text = f"{by} allowed uses like this one from now on, so nobody is asked. Else: {why}"
    named = facts.tool.name if facts.tool else ""
    row = (Source("standing", decision.standing, named),) if decision.standing else ()
    return Line("standing", title_of("standing"), "pass", text, row)


def _of_refusal(refusal: Refuse, step: str, facts: Facts) -> tuple[Source, ...]:
    return (_of_rule(refusal.rule, facts),) if refusal.rule else _sources(refusal.code, step, facts)


def _of_rule(rule: policy.Source, facts: Facts) -> Source:
    """The row of a rule, as its layer has it. A grant is shown with its persona, a rule of the file by its name."""
    rows = _rows(facts)
    if rule.layer in rows:
        return rows[rule.layer]
    return Source(f"{rule.layer}_rule", rule.id, rule.name)


def _rules_that_ask(facts: Facts, judged: Judged) -> Mapping[str, list[Source]]:
    found: dict[str, list[Source]] = {}
    for code, rule in judged.asking:
        found.setdefault(code, []).append(_of_rule(rule, facts))
    return found


def _sources(code: str, step: str, facts: Facts) -> tuple[Source, ...]:
    rows = _rows(facts)
    return tuple(rows[kind] for kind in _BY_CODE.get(code, _BY_STEP.get(step, ())) if kind in rows)


def _considered(step: str, facts: Facts) -> tuple[Source, ...]:
    """The rows with something to say at a step that was passed; one without an opinion is no source."""
    rows, grant = _rows(facts), facts.grant
    if step == "tool":
        return tuple(rows.values())
    if step == "limit":
        return (rows["grant"],) if grant is not None and grant.usage_limit not in (None, -1) else ()
    speaks = _SPEAKS.get(step)
    layers = layering.all_of(facts) if speaks else ()
    return tuple(dict.fromkeys(_of_rule(each.source, facts) for each in layers if speaks and speaks(each)))


def _rows(facts: Facts) -> Mapping[str, Source]:
    tool, grant, rows = facts.tool, facts.grant, {}
    if tool is not None and tool.same_organization:
        rows["tool"] = Source("tool", tool.id, tool.name)
    if grant is not None:
        rows["persona"] = Source("persona", grant.agent_type_id, grant.agent_name)
        name = f"{grant.agent_name} / {tool.name}" if tool else grant.agent_name
        rows["grant"] = Source("grant", grant.id, name, within=grant.agent_type_id)
    return rows


def _passed(name: str, call: Call, facts: Facts, filled: Sequence[str]) -> str:
    agent, tool = facts.grant.agent_name if facts.grant else "", facts.tool.name if facts.tool else ""
    match name:
        case "tool":
            return f"{tool} is switched on, can be carried out here, and {agent} may use it."
        case "arguments":
            by_policy = f" Filled in by policy: {', '.join(filled)}." if filled else ""
            return f"They fit the schema.{by_policy}"
        case "allowed":
            return _listed(facts)
        case "denied":
            return _PASSED[name] + _only_advice(facts)
    if name == "limit":
        return _uses(facts)
    if name == "editors":
        return f"{', '.join(each.name for each in facts.editors)} may use it too, and may still change it."
    return _PASSED.get(name, "Nothing speaks against it.")


def _only_advice(facts: Facts) -> str:
    """What looks like a limit and is none is said here too (S4.221)."""
    kinds = facts.tool.kinds if facts.tool else {}
    advised = layering.advisory(kinds, layering.all_of(facts))
    names = sorted({name for _, listed in advised for name in listed})
    return f" Only advice, since it can be written otherwise: {', '.join(names)}." if names else ""


def _listed(facts: Facts) -> str:
    listed = any(layer.allowed is not None for layer in policy.layers_of(facts))
    return "Every value is on the list." if listed else "There is no list, so any value may pass."


def _uses(facts: Facts) -> str:
    limit = facts.grant.usage_limit if facts.grant else None
    told = [] if limit in (None, -1) else [f"{facts.uses} of {limit} uses so far in this conversation."]
    told += [f"{each.uses} of {each.most} uses so far {each.where}." for each in facts.used]
    return " ".join(told) or "As often as wanted."


def packed(told: Sequence[Line]) -> dict[str, Any]:
    """The chain as it is kept with a call: its rows named once, and no titles."""
    rows = list(dict.fromkeys(source for line in told for source in line.sources))
    return {
        "rows": [[each.kind, each.id, each.name, each.within] for each in rows],
        "chain": [
            [
                line.check,
                line.outcome,
                line.text,
                [rows.index(source) for source in line.sources],
                line.detail,
            ]
            for line in told
        ],
    }


def unpacked(kept: Mapping[str, Any]) -> tuple[Line, ...]:
    """What `packed` made; of anything else it raises TypeError, KeyError, ValueError or IndexError."""
    rows = [Source(str(kind), int(pk), str(name), int(within)) for kind, pk, name, within in kept["rows"]]
    return tuple(
        Line(
            str(check), title_of(str(check)), str(outcome), str(text), tuple(rows[at] for at in named), *rest
        )
        for check, outcome, text, named, *rest in kept["chain"]
    )
