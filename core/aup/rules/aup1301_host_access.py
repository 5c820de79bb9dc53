"""AUP1301 host-access: a container that reaches the machine it runs on."""

from collections.abc import Iterator

from aup.model import Finding, Subject, rule
from aup.review import listing, mapping, text
from aup.wording import quoted
from aup.workload import Container, PodTemplate

HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
# Capabilities that open the machine, or every file and process on it (capabilities(7)).
HOST_CAPABILITIES = frozenset(
    {"ALL", "BPF", "DAC_READ_SEARCH", "MAC_ADMIN", "PERFMON", "SYS_ADMIN", "SYS_BOOT", "SYS_MODULE", "SYS_PTRACE"}
    | {"SYS_RAWIO", "SYS_TIME", "SYSLOG"}
)


@rule(id="AUP1301", clause="1.3", signs={*HOST_NAMESPACES, "add", "hostPath", "privileged", "windowsOptions"})
def host_access(subject: Subject) -> Iterator[Finding]:
    """The Pod reaches into the machine that it runs on.

    Why: A privileged container, a host namespace, a host path or a capability such as SYS_ADMIN lets a workload read
    and change the machine and with it every other customer's workloads there.

    Fix: Remove the field or the capability. For files use a PersistentVolumeClaim or emptyDir, for traffic a Service.
    """
    for template in subject.workload.templates:
        yield from _pod(template)
        for container in template.containers:
            if "securityContext" in container.spec:
                yield from _container(container)


def _pod(template: PodTemplate) -> Iterator[Finding]:
    spec = template.spec
    for field in HOST_NAMESPACES:
        if spec.get(field) is True:
            yield Finding(f"{template.path}.{field}", "true")
    if "securityContext" in spec:
        windows = mapping(mapping(spec["securityContext"]).get("windowsOptions"))
        if windows.get("hostProcess") is True:
            yield Finding(f"{template.path}.securityContext.windowsOptions.hostProcess", "true")
    for index, volume in enumerate(listing(spec.get("volumes"))):
        if isinstance(volume, dict) and volume.get("hostPath") is not None:
            path = text(mapping(volume["hostPath"]).get("path"))
            yield Finding(f"{template.path}.volumes[{index}].hostPath", f"{quoted(path)} of the machine")


def _container(container: Container) -> Iterator[Finding]:
    security = mapping(container.spec.get("securityContext"))
    if security.get("privileged") is True:
        yield Finding(f"{container.path}.securityContext.privileged", "true", container.name)
    if mapping(security.get("windowsOptions")).get("hostProcess") is True:
        yield Finding(f"{container.path}.securityContext.windowsOptions.hostProcess", "true", container.name)
    for index, capability in enumerate(container.added_capabilities()):
        if capability in HOST_CAPABILITIES:
            yield Finding(
                f"{container.path}.securityContext.capabilities.add[{index}]", quoted(capability), container.name
            )
