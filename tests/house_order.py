"""The order of the modules inside the two big rooms, for `tests/test_house.py`.

Inside a room imports point left too (`house.md` 1.3): what stands earlier may not import what stands later. Every
module has a place; a new one is put where it belongs before anything else is written in it. A name without a dot is a
module or a whole folder; `folder.module` is a module of a folder that only sorts and holds no code of its own.
"""

from __future__ import annotations

Ranks = tuple[tuple[str, ...], ...]


def _ranks(text: str) -> Ranks:
    """Paragraphs of names; what follows a # is a remark."""
    plain = "\n".join(line.partition("#")[0].rstrip() for line in text.splitlines())
    return tuple(tuple(each.split()) for each in plain.split("\n\n") if each.strip())


TOOLS_APP = """
# Exceptions, values, and what knows no row.
exceptions approving.answers calling.remainders context schema.schema_tree definition approving.digest

sentences approving.lookalikes approving.deciders

approving.marks

approving.visible

calling.blocks ranking finders knowing.passages

run_context limited

bell bridge calling.leases schema.schema_weight schema.schema_kinds schema.schemas schema.weights cataloging.alike
schema.foreign_schemas

schema.schema_hints

cataloging.lint

# How a tool is carried out: told everything in values, so left of every model.
executors builtin_tools functions factories openapi

examples cataloging.settings_forms

documents

models

unchanging

# Pure rules.
arguments rules policy approving.broadening governing.selecting governing.faults governing.layer_rules
governing.installation_policy doors explain.explaining cataloging.differences cataloging.expectations

# Readings.
served credentials approving.demands governing.halts calling.information governing.layers calling.askers
governing.meanings governing.strays approving.standing calling.days calling.quotas facts calling.contexts availability
cataloging.versions governing.lowered governing.held cataloging.linting explain.decided explain.explanations
governing.rule_pages explain.powers explain.replays explain.replaying

knowing.text_index

knowing.knowledge

knowing.knowledge_tools

governing.rule_problems

binders clearing calling.traces

# Verbs, the smaller ones first.
approving.groups approving.votes approving.reading

approving.questions approving.successors approving.sparing approving.outcomes calling.claims calling.endings
calling.limits quarantine vault cataloging.written cataloging.seeding

calling.settling

calling.interrupts

governing.switches

governing.policy_rules governing.organization_policies

calls approvals approving.instead catalog seeds

notices sweeps explain.trying cataloging.unsaved approving.allowing approving.lasting

cataloging.cases

cataloging.drafts

mcp

apis.api_documents apis.api_plans

apis.api_imports

tasks receivers admin api management

apps
"""

AGENTS_APP = """
exceptions sentences answering.fencing costs.weighing costs.money costs.price_list showing.rendering answering.desk
showing.turns model_list live.news live.pieces showing.media

granted.background

providers answering.heard

models

# Pure rules and readings.
granted.grants

granted.bindings granted.factory_choice answering.tries costs.prices costs.usage_names

costs.windows

costs.spending answering.allowance

transcript answering.outside answering.verdicts answering.history granted.carried toolset factory

granted.previews

showing.pictures granted.tool_search live.remembered showing.ballots showing.anew showing.around costs.gauge

showing.cards showing.allowed

events inbox

# Verbs, the smaller ones first.
live.stream live.inbox_news live.switched runs granted.granting seeds decisions attachments

conversations personas answering.model_turns service costs.pricing costs.budgeting answering.continuing

transfer chatting

answering.listening openings answering.halting

loop sweeps

tasks receivers consumers admin api views management templatetags

apps routing urls
"""

ORDER: dict[str, Ranks] = {"tools_app": _ranks(TOOLS_APP), "agents_app": _ranks(AGENTS_APP)}
