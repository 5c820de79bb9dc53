"""Whether a URL or an e-mail address can be one that people reach, judged by its letters alone.

The well-kept library for addresses, email-validator, brings a DNS resolver, which is never wanted here, and refuses the
names that examples use. What it would check without a look-up is little: the limits of RFC 5321 (4.5.3.1), the unquoted
local part of RFC 5322 (3.2.3) and a host name. Quoted local parts and those beyond ASCII are refused on purpose: many
systems cannot write to them.
"""

import re
from functools import lru_cache

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--{_LABEL})")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_URL = re.compile(r"https://([^/?#\\\s:@]+)(?::[0-9]{1,5})?(?:[/?#][^\s\\]*)?", re.IGNORECASE)
_UNREAD = re.compile(r"(?:^|[._+-])(?:no|do[._-]?not|dont)[._-]?reply(?:$|[._+-])")
_NOWHERE = frozenset({"internal", "invalid", "local", "localdomain", "localhost", "svc", "test"})
_LONGEST_DOMAIN, _LONGEST_LOCAL, _LONGEST_ADDRESS, _LONGEST_URL = 253, 64, 254, 2048


def domain_problem(host: str) -> str:
    """What keeps a host from being a public name; empty where nothing does."""
    name = host.lower()
    if len(name) <= _LONGEST_DOMAIN and not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            return "without a valid host name"
    if len(name) > _LONGEST_DOMAIN or _DOMAIN.fullmatch(name) is None:
        return "without a full host name, such as www.acme.example"
    if name.rpartition(".")[2] in _NOWHERE:
        return "on a host that nobody outside can reach"
    return ""


def url_problem(written: str) -> str:
    """What is wrong with the URL of a public page; empty where nothing is."""
    found = _URL.fullmatch(written) if len(written) <= _LONGEST_URL and written.isprintable() else None
    if found is None:
        return "which is no https URL"
    problem = domain_problem(found[1].removesuffix("."))
    return f"a URL {problem}" if problem else ""


@lru_cache(maxsize=1024)
def email_problem(written: str, *, read: bool = True) -> str:
    """What is wrong with an e-mail address; empty where nothing is. With `read`, somebody must read what comes."""
    local, at, domain = written.rpartition("@")
    if not at or len(written) > _LONGEST_ADDRESS or len(local) > _LONGEST_LOCAL or _LOCAL.fullmatch(local) is None:
        return "which is no e-mail address"
    problem = domain_problem(domain)
    if problem:
        return f"an e-mail address {problem}"
    return "an address that nobody reads" if read and _UNREAD.search(local.lower()) else ""
