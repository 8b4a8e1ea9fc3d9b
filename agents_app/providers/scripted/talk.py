"""What the scripted model says where no tool fits: who it is, what it can do, a little courtesy, and
samples."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

SHOWCASE = '''# Markdown, as this chat shows it

Text may be **strong**, *emphasised*, ~~struck out~~ or `code`, and may [link](https://example.com/) away.

## Lists

- first
- second
  - nested
- third

1. one
2. two

## A table

| Part | What it does | Count |
| --- | --- | ---: |
| Tool | is issued by an administrator | 4 |
| Approval | is given by a person | 1 |

## Code

```python
def greet(name: str) -> str:
    """Say hello."""
    return f"Hello, {name}!"
```

> Every tool an agent uses is issued, approved and signed for.

---

That was a heading, lists, a table, code and a quotation.'''

MOST_COUNTED = 2000
MOST_WORDS = 5000


def reply(text: str, *, system: str, tools: Sequence[Mapping[str, Any]]) -> str:
    for pattern, answer in REPLIES:
        if found := re.search(pattern, text, re.IGNORECASE):
            return answer(found, system, tools)
    return _at_a_loss(text, tools)


def knows(text: str) -> bool:
    """Whether there is an answer to this that needs no tool."""
    return any(re.search(pattern, text, re.IGNORECASE) for pattern, _ in REPLIES)


def before(calls: Sequence[Mapping[str, Any]]) -> str:
    """A sentence ahead of the tool cards."""
    names = [f"`{call['name']}`" for call in calls]
    listed = ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1]
    return f"I'll use {listed}.\n\n"


def role_in(system: str) -> str:
    """What the persona's prompt calls it: "You are a patient analyst, …" gives "a patient analyst"."""
    found = re.search(r"\byou(?:'re| are) (an? [^.,;:\n]{3,80})", system, re.IGNORECASE)
    return found.group(1).strip() if found else ""


def _introduction(system: str) -> str:
    role = role_in(system)
    playing = f", standing in for {role}" if role else ""
    return f"I am the **scripted model**{playing}. I work by fixed rules, without a language model or a key."


def _powers(tools: Sequence[Mapping[str, Any]]) -> str:
    if not tools:
        return "This persona has no tools, so I can only talk."
    lines = [f"- `{tool['name']}`: {_first_sentence(str(tool.get('description', '')))}" for tool in tools]
    return "\n".join(["I can use these tools when you ask for what they do:", "", *lines])


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0] or "no description"


def _greet(found: re.Match[str], system: str, tools: Sequence[Mapping[str, Any]]) -> str:
    return f"Hello! {_introduction(system)}\n\n{_powers(tools)}"


def _count(found: re.Match[str], system: str, tools: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(n) for n in range(1, min(int(found.group(1)), MOST_COUNTED) + 1)) + "."


def _at_length(found: re.Match[str], system: str, tools: Sequence[Mapping[str, Any]]) -> str:
    wanted = min(int(found.group(1) or 400), MOST_WORDS)
    purpose = "This text is long on purpose, so that streaming, scrolling and Stop can be seen."
    source = f"{_introduction(system)} {purpose}"
    words = (source.split() * (wanted // len(source.split()) + 1))[:wanted]
    paragraphs = [" ".join(words[at : at + 60]) for at in range(0, len(words), 60)]
    return "\n\n".join(paragraphs)


def _at_a_loss(text: str, tools: Sequence[Mapping[str, Any]]) -> str:
    heard = " ".join(text.split())
    heard = heard if len(heard) <= 200 else heard[:200] + "…"
    opening = f"I read: “{heard}”" if heard else "I read nothing I could answer."
    why = (
        "I am the scripted model: I do not think, I match requests to tools, and none of mine fits this one."
    )
    return f"{opening}\n\n{why}\n\n{_powers(tools)}"


Answer = Callable[[re.Match[str], str, Sequence[Mapping[str, Any]]], str]
REPLIES: tuple[tuple[str, Answer], ...] = (
    (r"\bmarkdown\b", lambda found, system, tools: SHOWCASE),
    (r"\bcount\s+(?:up\s+)?to\s+(\d{1,6})\b", _count),
    (r"\b(\d{2,5})\s+words\b|\b(?:long|lengthy)\s+(?:answer|text|story|reply)\b", _at_length),
    (r"\b(?:who|what)\s+are\s+you\b|\bintroduce\s+yourself\b|\byour\s+name\b", _greet),
    (
        r"\bwhat\s+can\s+you\s+do\b|\bhelp\b|\b(?:which|what)\s+tools\b",
        lambda found, system, tools: f"{_introduction(system)}\n\n{_powers(tools)}",
    ),
    (r"^\W*(?:hi|hello|hey|good\s+(?:morning|afternoon|evening)|hallo)\b", _greet),
    (r"\bhow\s+are\s+you\b", lambda found, system, tools: "As well as rules can be. What shall I do?"),
    (r"\b(?:thanks|thank\s+you|cheers)\b", lambda found, system, tools: "You are welcome."),
    (r"\b(?:bye|goodbye|see\s+you)\b", lambda found, system, tools: "Goodbye."),
)
