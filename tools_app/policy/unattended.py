"""What becomes of a question where nobody is there to be asked: a program, a schedule or another persona wants the use.

It never allows anything: it only says whether a question may be put at all.
"""

from __future__ import annotations

from typing import Final

from tools_app.policy.values import Facts, Refuse

WAIT: Final = "wait"
STANDING: Final = "standing"
CODE: Final = "unattended"


def may_stand_in(facts: Facts) -> bool:
    """Whether what somebody allowed from now on counts; a persona that refuses takes no word but one given now."""
    return facts.attended or (facts.grant is not None and facts.grant.unattended in (WAIT, STANDING))


def refusal(facts: Facts) -> Refuse | None:
    """Why nobody is asked; None where the question is put. A word that is not known refuses like the strictest."""
    tool, grant = facts.tool, facts.grant
    if facts.attended or tool is None or grant is None or grant.unattended == WAIT:
        return None
    may = (
        "only what needs no approval, or was allowed from now on before"
        if grant.unattended == STANDING
        else "only what needs no approval"
    )
    told = f"{tool.name} needs a person's approval, and nobody is there: a program asked for this answer."
    return Refuse(CODE, f"{told} {grant.agent_name} may then use {may}. Go on without it.")
