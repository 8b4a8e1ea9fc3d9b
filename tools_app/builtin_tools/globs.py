"""Pure: patterns for file names, and patterns in texts, by an engine whose time grows with the text alone."""

from __future__ import annotations

import re
from typing import Any

import re2

from tools_app.exceptions import ToolFailed

# How large a compiled pattern may be: each character of a text may have to be held against each part of it.
MAX_PROGRAM = 2_000
_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANS = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class BadPattern(ToolFailed):
    """This pattern cannot be used."""

    code = "bad_pattern"
    status = 400


def of_names(pattern: str) -> Any:
    """* and ? stay within a name, ** goes through folders. Without a slash it is about the name alone."""
    text = "".join(_MEANS.get(part) or re2.escape(part) for part in _GLOB.findall(pattern))
    return compiled(f"^(?:{'' if '/' in pattern else '(?:.*/)?'}{text})$")


def of_lines(query: str, *, is_regex: bool, ignore_case: bool) -> Any:
    """Finds bytes within one line of UTF-8; ^ and $ are the ends of the line."""
    text = query if is_regex else re2.escape(query)
    return compiled(f"(?m){text}", ignore_case=ignore_case)


def compiled(pattern: str, *, ignore_case: bool = False) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_nl = True
    options.case_sensitive = not ignore_case
    try:
        found = re2.compile(pattern, options=options)
    except (re2.error, UnicodeError) as broken:
        raise BadPattern(
            "The pattern cannot be read, or is too large. Its syntax is that of RE2: no look-around, no "
            "back-references."
        ) from broken
    if found.programsize > MAX_PROGRAM:
        raise BadPattern("The pattern is too large: its repetitions multiply. Write a simpler one.")
    return found
