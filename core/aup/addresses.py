"""IP addresses that a tenant writes, held against the networks that the provider has assigned (clause 6.2)."""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aup.model import Subject
from aup.wording import quoted

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SPLIT = re.compile(r"[\s,]+")
_LONGEST = 64
_MAPPED_BITS = 96
_PRIVATE: tuple[Network, ...] = tuple(
    ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""What is nobody's on the internet, such as the addresses of Pods."""


def apart(written: str) -> Iterator[str]:
    """The members of a list with commas or spaces between them."""
    return filter(None, _SPLIT.split(written))


def not_assigned(subject: Subject, written: str, *, always: bool = False, target: bool = False) -> str:
    """What is wrong with an address, or with a network that is used whole; empty where nothing is.

    Args:
        subject: The object, whose tenant has its networks assigned.
        written: The address as it stands in the object.
        always: Where nothing is known of tenants, no address is assigned; without this only addresses that are
            nobody's are told then.
        target: Traffic only goes there: it takes nothing from anybody, so private addresses are left alone.
    """
    network = read(written)
    if network is not None and _nobodys(network):
        return f"{quoted(written)}, an address that is nobody's to use"
    if subject.tenant is None and not subject.complete and not always:
        return ""
    if network is None:
        return f"{quoted(written)}, which is no plain IP address"
    if subject.tenant and _within(network, assigned(tuple(subject.tenant.spec.assigned_cidrs))):
        return ""
    if target and _within(network, _PRIVATE):
        return ""
    whose = f"tenant {quoted(subject.tenant.metadata.name)}" if subject.tenant else "a known tenant"
    return f"{quoted(written)}, which is not assigned to {whose}"


@lru_cache(maxsize=4096)
def assigned(cidrs: tuple[str, ...]) -> tuple[Network, ...]:
    """A tenant's networks; what is none assigns nothing."""
    return tuple(found for cidr in cidrs if (found := read(cidr)) is not None)


def read(written: str) -> Network | None:
    """An address or network in any exact spelling; None for what systems read differently, such as leading zeros.

    An IPv4 address inside IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
    """
    if len(written) > _LONGEST or "%" in written:
        return None
    try:
        network = ip_network(written.strip(), strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        inside = network.network_address.ipv4_mapped
        if inside is not None:
            return IPv4Network((inside, network.prefixlen - _MAPPED_BITS))
    return network


def is_address(written: str) -> bool:
    """Whether this is an IP address and no name of a host."""
    try:
        ip_address(written)
    except ValueError:
        return False
    return True


def looks_like_address(written: str) -> bool:
    """Whether somebody may take this for an IP address, however it is spelled: names end in letters."""
    last = written.rstrip(".").rpartition(".")[2]
    return ":" in written or last.isdigit() or last.startswith("0x")


def _within(network: Network, networks: tuple[Network, ...]) -> bool:
    for one in networks:
        if isinstance(one, IPv4Network) and isinstance(network, IPv4Network) and network.subnet_of(one):
            return True
        if isinstance(one, IPv6Network) and isinstance(network, IPv6Network) and network.subnet_of(one):
            return True
    return False


def _nobodys(network: Network) -> bool:
    """A machine's own address, that of a link (the metadata service of clouds), of a group, or none."""
    return network.is_loopback or network.is_link_local or network.is_multicast or network.is_unspecified
