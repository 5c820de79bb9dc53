"""AUP6101 unverified-domain: a host below no domain that the tenant has proved to hold."""

from collections.abc import Iterator

from aup.hosts import KINDS_WITH_HOSTS, hosts, of_nobody, plain, wide, within
from aup.model import Finding, Subject, rule
from aup.wording import quoted

_LISTENERS = "spec.listeners["


@rule(id="AUP6101", clause="6.1", workloads=False, kinds=KINDS_WITH_HOSTS)
def unverified_domain(subject: Subject) -> Iterator[Finding]:
    """The object takes traffic or a certificate for a host that is not verified as yours.

    Why: Whoever answers for a host has to be its registered holder, and on a shared ingress controller the first
    object with a host takes its traffic. An object without a host takes everybody's. Where the provider has no
    verified domains recorded for you, hosts only warn; a listener without a host only warns too.

    Fix: Name a host below one of your verified domains. If the domain is yours, ask the provider to verify it; put
    your registration data right first if they are out of date. A VirtualService for somebody else's host that your own
    programs call needs exportTo ["."].
    """
    tenant = subject.tenant
    if tenant is None:
        return
    domains = frozenset(tenant.spec.verified_domains)
    if not domains and not subject.complete:
        return
    for at, host in hosts(subject.review):
        name = plain(host)
        if host.startswith("~"):
            yield Finding(at, f"{quoted(host[1:])}, of which nobody can tell the hosts", advisory=not domains)
        elif wide(host):
            shown = f"{quoted(host)}, which takes in everybody's hosts" if host else "no host, which means every host"
            yield Finding(at, shown, advisory=not host and at.startswith(_LISTENERS))
        elif not of_nobody(name) and not within(name, domains):
            shown = f"{quoted(host)}, in no domain verified for tenant {quoted(tenant.metadata.name)}"
            yield Finding(at, shown, advisory=not domains)
