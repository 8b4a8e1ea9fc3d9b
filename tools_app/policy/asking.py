"""Why a person would be asked. Strictest wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tools_app.policy import layering
from tools_app.policy.values import NEEDS_ANSWER, ONLY_ADVISED, Facts, Source


def reasons(facts: Facts, asking: Iterable[tuple[str, Source]]) -> Sequence[str]:
    """Strictest wins: any reason suffices, and only a reason of the tool itself can be waived by the grant.

    `asking` is what rules of layers ask, as `layering.asking` found it.
    """
    tool, grant = facts.tool, facts.grant
    if tool is None or grant is None:
        raise ValueError("decide reached the question of approval without a tool and a grant")
    found = []
    if tool.is_dangerous:
        found.append("dangerous")
    if tool.requires_approval and not (grant.waives_approval and not tool.is_dangerous):
        found.append("tool_requires_approval")
    found += dict.fromkeys(code for code, _ in asking)
    if facts.could_leak:
        found.append("tainted")
    if tool.asks_person:
        found.append(NEEDS_ANSWER)
    # Forbidden texts in a command can be written otherwise: where nothing else protects, a person has to.
    if not found and any(layering.advisory(tool.kinds, layering.all_of(facts))):
        found.append(ONLY_ADVISED)
    return found
