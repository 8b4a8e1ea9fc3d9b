"""What a rule that cannot be evaluated raises; the gate turns it into a refusal."""

from __future__ import annotations


class UnknownRule(ValueError):
    """A rule is written in a form this version does not know. Whoever writes it reads the message."""


class TooMuch(UnknownRule):
    """The rule can be read, and a call brings more to hold against it than can be in good time."""
