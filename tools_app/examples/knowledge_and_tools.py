"""Knowledge and tools, both from factories: what may be searched, and what may be done, for who asks (S0.14, S0.31).

    python -m tools_app.examples.knowledge_and_tools

What a knowledge factory returns is searched by `search_knowledge`, next to the documents that are kept, for personas
that choose it; its passages are cited. The store is a list here. In earnest: anything with `search(query, limit)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tools_app.factories import Passage, RunContext, Toolkit, knowledge_factory, tool_factory, tool_method

HANDBOOK = (
    ("everybody", "Holidays", "Everybody has 28 days of holiday a year. Ask at least two weeks before."),
    ("everybody", "Travel", "Trains are booked in second class, hotels up to 120 a night."),
    ("admin", "Salaries", "Salaries are raised in March, by three percent at least."),
)


@dataclass(frozen=True)
class Handbook:
    """The pages that one role may read; the others are not there at all."""

    pages: Sequence[tuple[str, str]]

    def search(self, query: str, limit: int) -> list[Passage]:
        wanted = _words(query)
        scored = [(len(wanted & _words(f"{title} {text}")), title, text) for title, text in self.pages]
        best = sorted((each for each in scored if each[0]), reverse=True)[:limit]
        return [
            Passage(text, title, f"handbook/{title.lower()}", float(score)) for score, title, text in best
        ]


@knowledge_factory(description="The handbook, as far as one's role goes.")
def handbook(run_context: RunContext) -> Handbook:
    roles = {"everybody", *(run_context.dependencies or {}).get("roles", [])}
    return Handbook([(title, text) for role, title, text in HANDBOOK if role in roles])


class Requests(Toolkit):
    """The person's own requests for holiday."""

    def __init__(self, person: str) -> None:
        self.person, self.days = person, 0

    @tool_method(category="holidays", icon="🏖️")
    def request_holiday(self, days: int) -> str:
        """Request days of holiday for the person who asks. Look up the rules first.

        Args:
            days: How many.
        """
        self.days += days
        return f"Person {self.person} has asked for {self.days} days."


@tool_factory(tools=[Requests], description="Requests for holiday.")
def holiday_requests(run_context: RunContext) -> list[Any]:
    return [Requests(run_context.user_id)] if run_context.user_id else []


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in ("the", "and", "are")}


def _titles(found: Iterable[Passage]) -> list[str]:
    return [f"{passage.title}: {passage.text}" for passage in found]


def _show() -> None:
    from dataclasses import replace

    from tools_app.examples.showing import Person, Persona, say
    from tools_app.factories import knowledge_of

    helper, ann = Persona(("handbook", "holiday_requests")), Person("1")
    chief = replace(ann, user_id="2", role="admin")
    for who in (ann, chief):
        with knowledge_of(helper.bindings(who)) as (pages,):
            say(
                f"Person {who.user_id} ({who.role}) looks up:",
                *_titles(pages.search("holiday and salaries", 5)),
            )
    say(
        "And then asks:",
        helper.use(ann, "request_holiday", days=3),
        helper.use(chief, "request_holiday", days=1),
    )


if __name__ == "__main__":
    from tools_app.examples import showing

    showing.main(_show)
