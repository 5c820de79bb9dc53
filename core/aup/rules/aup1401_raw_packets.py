"""AUP1401 raw-packets: a capability with which packet headers can be forged."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.wording import quoted

RAW_CAPABILITIES = frozenset({"ALL", "NET_ADMIN", "NET_RAW"})


@rule(id="AUP1401", clause="1.4")
def raw_packets(subject: Subject) -> Iterator[Finding]:
    """The container may write raw network packets.

    Why: With NET_RAW or NET_ADMIN a workload can send packets with forged headers and answer for its neighbours'
    addresses.

    Fix: Remove the capability. Since Linux 3.0 `ping` needs none where net.ipv4.ping_group_range allows it, which is
    a safe sysctl of the Pod's securityContext.
    """
    for container in subject.workload.containers():
        for index, capability in enumerate(container.added_capabilities()):
            if capability in RAW_CAPABILITIES:
                yield Finding(
                    f"{container.path}.securityContext.capabilities.add[{index}]", quoted(capability), container.name
                )
