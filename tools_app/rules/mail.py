"""Recipients of mail in rules: `ann@x.org` is one mailbox, `x.org` or `@x.org` a domain, `*.x.org` all below it."""

from __future__ import annotations

from tools_app.rules.values import loosened


def denies(rule: str, value: object) -> bool:
    """The same mailbox with whatever tag behind a plus, or the domain and all below it, however it is spelled."""
    wanted, found = loosened(rule), loosened(value)
    mailbox, _, domain = wanted.rpartition("@")
    found_mailbox, _, found_domain = found.rpartition("@")
    if mailbox:
        same = found_mailbox.partition("+")[0] == mailbox.partition("+")[0]
        return found == wanted or (same and _host(found_domain) == _host(domain))
    return f".{_host(found_domain)}".endswith(f".{_host(domain.removeprefix('*.'))}")


def allows(rule: str, value: str) -> bool:
    """Exactly this mailbox, any at exactly this domain, or, for `*.x.org`, any below it and none at x.org itself."""
    if value.count("@") != 1:
        return False
    local, _, domain = rule.rpartition("@")
    found_local, _, found_domain = value.lower().rpartition("@")
    if local:
        return value.rpartition("@")[0] == local and found_domain == domain.lower()
    if domain.startswith("*."):
        return bool(found_local) and found_domain.endswith(domain[1:].lower())
    return bool(found_local) and found_domain == domain.lower()


def is_recipient(rule: str) -> bool:
    domain = rule.rpartition("@")[2].removeprefix("*.")
    return (
        rule.count("@") <= 1 and "." in domain and not any(char.isspace() or char in ",;<>" for char in rule)
    )


def is_address(value: str) -> bool:
    """Whether it is one mailbox that a letter can go to; a rule may be a domain or a star as well."""
    local, _, domain = value.rpartition("@")
    return bool(local) and "*" not in domain and is_recipient(value)


def _host(text: str) -> str:
    bare = text.strip(".")
    try:
        return bare.encode("idna").decode()
    except UnicodeError:
        return bare
