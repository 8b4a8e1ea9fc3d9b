"""Recipients of mail in rules: `ann@x.org` is one mailbox, `x.org`, `@x.org` or `*@x.org` a domain, `*.x.org` what is
below one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from tools_app.rules import names
from tools_app.rules.values import loosened

# What separates, quotes, comments or hands on in a list of recipients: in one plain mailbox it has no business.
_SPECIAL = re.compile(r"[\s<>()\[\]\\,;:\"%@*]")


@dataclass(frozen=True, slots=True)
class _Recipient:
    """Loosely: without the tag behind a plus, and with each name its domain may have, or lies in."""

    text: str
    mailbox: str
    domain: frozenset[str]
    above: frozenset[str]
    is_read: bool


def denies(rule: str, value: object, *, must_be_read: bool = True) -> bool:
    """The same mailbox with whatever tag behind a plus, or the domain and all below it, however it is spelled.

    What is not one plain mailbox is a hit: a program may read several in it, or one at another place. Where any text
    may stand (`must_be_read` is false) only if an @ is in it.
    """
    text = value if isinstance(value, str) else loosened(value)
    wanted, found = _recipient(rule), _recipient(text)
    if not found.is_read and ("@" in found.text or (must_be_read and isinstance(value, str))):
        return True
    if found.text == wanted.text:
        return True
    if wanted.mailbox:
        return found.mailbox == wanted.mailbox and not wanted.domain.isdisjoint(found.domain)
    return not wanted.domain.isdisjoint(found.above)


def allows(rule: str, value: str) -> bool:
    """Exactly this mailbox, any at exactly this domain, or, for `*.x.org`, any below it and none at x.org itself."""
    local, domain = _split(rule)
    found_local, _, found_domain = value.rpartition("@")
    if domain.startswith("*."):
        within = found_domain.lower().endswith(domain[1:].lower())
    else:
        within = found_domain.lower() == domain.lower()
    # Last, since it costs most: a list has a hundred of these, and few of them fit.
    return within and local in ("", found_local) and _is_mailbox(value)


def is_recipient(rule: str) -> bool:
    """Whether a rule can hit anybody: stars stand for all mailboxes, or before a dot for all that is below."""
    local, domain = _split(rule)
    bare = domain.removeprefix("*.")
    # A word alone is more likely a person than a domain: `*.org` and `@intranet` are clear.
    is_clear = "." in domain or "@" in rule
    return is_clear and names.is_name(bare) and (not local or _is_local(local))


def is_address(value: str) -> bool:
    """Whether it is one mailbox that a letter can go to; a rule may be a domain or a star as well."""
    return _is_mailbox(value) and "." in value.rpartition("@")[2]


def _split(rule: str) -> tuple[str, str]:
    local, _, domain = rule.rpartition("@")
    return "" if local == "*" else local, domain


def _recipient(text: str) -> _Recipient:
    return _remembered(text) if len(text) <= names.SHORT else _just_now(text)


def _read(text: str) -> _Recipient:
    loose = loosened(text)
    local, domain = _split(loose)
    # As it was written, too: to read it loosely first makes ss of ß, which is another domain.
    domains = {each.removeprefix("*.") for each in (domain, _split(text.strip())[1])}
    return _Recipient(
        loose,
        local.partition("+")[0],
        frozenset(name for each in domains for name in names.readings(each)),
        frozenset(name for each in domains for name in names.domains(each)),
        _is_mailbox(text),
    )


_remembered = lru_cache(maxsize=4096)(_read)
# A long text is looked at by one matcher after the other.
_just_now = lru_cache(maxsize=16)(_read)


def _is_mailbox(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return _is_local(local) and names.is_name(domain)


def _is_local(text: str) -> bool:
    """Also in the one spelling that programs make of it: a wide comma is a comma to some."""
    plain = unicodedata.normalize("NFKC", text)
    unseen = any(unicodedata.category(char)[0] in "CZ" for char in text)
    return bool(text) and not unseen and not _SPECIAL.search(text) and not _SPECIAL.search(plain)
