"""AUP1401 raw-packets: a capability, or the machine's own network, with which packet headers can be forged."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.wording import quoted

RAW_CAPABILITIES = frozenset({"ALL", "NET_ADMIN", "NET_RAW"})


@rule(id="AUP1401", clause="1.4", signs={"add", "hostNetwork"})
def raw_packets(subject: Subject) -> Iterator[Finding]:
    """The Pod may send packets that are not its own.

    Why: With NET_RAW or NET_ADMIN a workload can send packets with forged headers and answer for its neighbours'
    addresses. On the machine's network (hostNetwork) all it sends carries the machine's address, past every
    NetworkPolicy.

    Fix: Remove the capability. Since Linux 3.0 `ping` needs none where net.ipv4.ping_group_range allows it, which is
    a safe sysctl of the Pod's securityContext. In place of hostNetwork use a Service, of type LoadBalancer for callers
    from outside.
    """
    for template in subject.workload.templates:
        if template.spec.get("hostNetwork") is True:
            yield Finding(f"{template.path}.hostNetwork", "true")
        for container in template.containers:
            if "securityContext" in container.spec:
                for index, capability in enumerate(container.added_capabilities()):
                    if capability in RAW_CAPABILITIES:
                        at = f"{container.path}.securityContext.capabilities.add[{index}]"
                        yield Finding(at, quoted(capability), container.name)
