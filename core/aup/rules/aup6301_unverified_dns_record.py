"""AUP6301 unverified-dns-record: a DNS record for a name or an address that is not the tenant's."""

from collections.abc import Iterable, Iterator

from aup.addresses import apart, looks_like_address, not_assigned
from aup.hosts import DNS_HEADS, Annotation, dns_annotations, endpoints, of_nobody, plain, records, wide, within
from aup.model import EVERY, Finding, Subject, rule
from aup.review import Review, listing, text
from aup.wording import quoted

_OF_ADDRESSES = frozenset({"A", "AAAA"})
_OF_TEXT = frozenset({"CAA", "NAPTR", "TXT"})


@rule(id="AUP6301", clause="6.3", kinds=EVERY, signs={"DNSEndpoint", *DNS_HEADS})
def unverified_dns_record(subject: Subject) -> Iterator[Finding]:
    """The object asks for a DNS record that is not yours to have.

    Why: The provider's DNS answers for what its records say. A name may only be changed by who holds its domain, and
    may only lead to addresses of the same customer. Where the provider has recorded no verified domains or no assigned
    networks for you, it only warns.

    Fix: Use names below your verified domains, and let them lead to your own addresses or to a name. Ask the provider
    to verify a domain or to assign an address that is yours.
    """
    annotations = dns_annotations(subject)
    if not annotations and subject.review.kind != "DNSEndpoint":
        return
    tenant = subject.tenant
    domains = frozenset(tenant.spec.verified_domains) if tenant else frozenset()
    if tenant is not None and (domains or subject.complete):
        for at, host in records(annotations, subject.review):
            name = plain(host)
            if wide(host) or not (of_nobody(name) or within(name, domains)):
                shown = f"{quoted(host)}, in no domain verified for tenant {quoted(tenant.metadata.name)}"
                yield Finding(at, shown, advisory=not domains)
    unknown = tenant is not None and not tenant.spec.assigned_cidrs
    for at, written in _targets(annotations, subject.review):
        if wrong := not_assigned(subject, written, target=True):
            yield Finding(at, wrong, advisory=unknown)


def _targets(annotations: Iterable[Annotation], review: Review) -> Iterator[tuple[str, str]]:
    """The addresses that records lead to."""
    for at, key, value in annotations:
        if key.rpartition("/")[2] == "target":
            for written in apart(value):
                if looks_like_address(written):
                    yield at, written
    for at, endpoint in endpoints(review):
        type_ = text(endpoint.get("recordType")).upper()
        for index, target in enumerate(listing(endpoint.get("targets"))):
            if not isinstance(target, str) or type_ in _OF_TEXT:
                continue
            if type_ in _OF_ADDRESSES or looks_like_address(target):
                yield f"{at}.targets[{index}]", target
