"""AUP1403 imitated-host: a host that people may take for a protected one."""

from collections.abc import Iterator

from aup.hosts import KINDS_WITH_HOSTS, dns_annotations, hosts, plain, records
from aup.imitation import beside, imitated, mixed_scripts, readable
from aup.model import Finding, Subject, rule
from aup.wording import quoted

_KINDS = KINDS_WITH_HOSTS | {("", "Service"), ("externaldns.k8s.io", "DNSEndpoint")}
_LONGEST = 253


@rule(id="AUP1403", clause="1.4", workloads=False, kinds=_KINDS)
def imitated_host(subject: Subject) -> Iterator[Finding]:
    """The host imitates the name of somebody else.

    Why: Look-alike letters, a letter more or less, and words such as login beside a known name are how people are led
    to give their passwords to the wrong site. The provider's policy lists the names that it protects (protectedNames).
    Letters of different scripts in one label are always taken for that. What may be chance only warns.

    Fix: Use a name that nobody can mistake. If the domain is yours, ask the provider to verify it; if you may use a
    name like it, ask for a Permit. A VirtualService for a host that your own programs call needs exportTo ["."].
    """
    unknown = subject.tenant is None and not subject.complete
    own = frozenset(subject.tenant.spec.verified_domains) if subject.tenant else frozenset()
    for at, host in [*hosts(subject.review), *records(dns_annotations(subject), subject.review)]:
        if not host or len(host) > _LONGEST or host.startswith("~"):
            continue
        name = plain(host)
        if label := mixed_scripts(beside(name, own)):
            yield Finding(at, f"{quoted(host)} mixes letters of different scripts in {quoted(label)}")
        elif subject.protected_names and (found := imitated(name, subject.protected_names, own)) is not None:
            shown = quoted(host) if readable(name) == name else f"{quoted(host)} ({quoted(readable(name))})"
            yield Finding(at, f"{shown} {found.how}", advisory=unknown or not found.sure)
