"""AUP1302 pod-security: what Kubernetes' own Pod Security Standards forbid at their level *baseline*.

It judges as version 1.37 of the standards does (k8s.io/pod-security-admission v0.37.2). AUP1301 has the rest of
baseline: host namespaces, hostPath, hostProcess, privileged, and the capabilities that open the machine.
"""

from collections.abc import Iterator
from typing import Any

from aup.model import Finding, Subject, rule
from aup.review import Json, count, listing, mapping, text
from aup.rules.aup1301_host_access import HOST_CAPABILITIES
from aup.wording import quoted
from aup.workload import Container, PodTemplate

APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
BASELINE_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"}
    | {"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
SAFE_SYSCTLS = frozenset(
    {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"}
    | {"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout"}
    | {"net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time"}
    | {"net.ipv4.tcp_notsent_lowat", "net.ipv4.tcp_rmem", "net.ipv4.tcp_slow_start_after_idle"}
    | {"net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem"}
)
_PROFILES = frozenset({"RuntimeDefault", "Localhost"})
_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_OPTIONS = frozenset({"appArmorProfile", "procMount", "seccompProfile", "seLinuxOptions", "sysctls"})
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@rule(id="AUP1302", clause="1.3")
def pod_security(subject: Subject) -> Iterator[Finding]:
    """The Pod takes off a guard that Kubernetes' Pod Security Standards (baseline) ask every Pod to keep.

    Why: Host ports, further capabilities, unsafe sysctls, an unmasked /proc, and seccomp, AppArmor or SELinux turned
    off or changed make the step from a container to the machine and its other customers a short one. A probe with a
    host of its own lets the machine call addresses that the Pod cannot reach.

    Fix: Remove the field, or give it a value that baseline allows: a profile is RuntimeDefault or Localhost, a
    capability one of the thirteen in Kubernetes' documentation, spelt as there. For a host port use a Service; a probe
    without a host calls the Pod itself.
    """
    for template in subject.workload.templates:
        pod = template.spec
        if template.annotations:
            yield from _annotations(template)
        if "securityContext" in pod:
            yield from _pod(template)
        for container in template.containers:
            yield from _container(container, pod)


def _annotations(template: PodTemplate) -> Iterator[Finding]:
    for key, value in template.annotations.items():
        if key.startswith(APPARMOR_ANNOTATION):
            profile = text(value)
            if profile not in {"", "runtime/default"} and not profile.startswith("localhost/"):
                yield Finding(f"{template.annotations_path}[{key}]", quoted(profile))


def _pod(template: PodTemplate) -> Iterator[Finding]:
    security = mapping(template.spec["securityContext"])
    if _OPTIONS.isdisjoint(security):
        return
    yield from _options(security, f"{template.path}.securityContext", "")
    for index, sysctl in enumerate(listing(security.get("sysctls"))):
        name = text(mapping(sysctl).get("name"))
        if name not in SAFE_SYSCTLS:
            yield Finding(f"{template.path}.securityContext.sysctls[{index}].name", quoted(name))


def _container(container: Container, pod: Json) -> Iterator[Finding]:
    fields = container.spec
    security = fields.get("securityContext")
    if isinstance(security, dict):
        added = mapping(security.get("capabilities")).get("add")
        if added:
            yield from _capabilities(container, listing(added))
        if not _OPTIONS.isdisjoint(security):
            yield from _options(security, f"{container.path}.securityContext", container.name)
            yield from _proc_mount(container, security, pod)
    if "ports" in fields:
        yield from _host_ports(container, pod)
    for probe in _PROBES:
        if probe in fields:
            yield from _hosts(container, probe, fields[probe])
    if "lifecycle" in fields:
        hooks = mapping(fields["lifecycle"])
        for hook in ("postStart", "preStop"):
            yield from _hosts(container, f"lifecycle.{hook}", hooks.get(hook))


def _options(security: Json, path: str, container: str) -> Iterator[Finding]:
    """The profiles of a Pod's or a container's security context; an empty object sets the profile "", which is none."""
    for field in ("appArmorProfile", "seccompProfile"):
        if field in security and isinstance(security[field], dict):
            profile = text(security[field].get("type"))
            if profile not in _PROFILES:
                yield Finding(f"{path}.{field}.type", quoted(profile), container)
    if "seLinuxOptions" in security:
        labels = mapping(security["seLinuxOptions"])
        if text(labels.get("type")) not in _SELINUX_TYPES:
            yield Finding(f"{path}.seLinuxOptions.type", quoted(labels["type"]), container)
        for field in ("user", "role"):
            if text(labels.get(field)):
                yield Finding(f"{path}.seLinuxOptions.{field}", quoted(labels[field]), container)


def _capabilities(container: Container, added: list[Any]) -> Iterator[Finding]:
    """Kubernetes compares a name as it is written, so `chown` and `CAP_CHOWN` are none of baseline's."""
    for index, written in enumerate(map(text, added)):
        if written not in BASELINE_CAPABILITIES and written.upper().removeprefix("CAP_") not in HOST_CAPABILITIES:
            path = f"{container.path}.securityContext.capabilities.add[{index}]"
            yield Finding(path, quoted(written), container.name)


def _proc_mount(container: Container, security: Json, pod: Json) -> Iterator[Finding]:
    """A user namespace of the Pod's own makes an unmasked /proc harmless."""
    mount = security.get("procMount")
    if isinstance(mount, str) and mount != "Default" and pod.get("hostUsers") is not False:
        yield Finding(f"{container.path}.securityContext.procMount", quoted(mount), container.name)


def _host_ports(container: Container, pod: Json) -> Iterator[Finding]:
    """With hostNetwork every port is the machine's, which AUP1301 says."""
    for index, port in enumerate(listing(container.spec["ports"])):
        if isinstance(port, dict) and "hostPort" in port and pod.get("hostNetwork") is not True:
            number = count(port["hostPort"], 0)
            if number:
                yield Finding(f"{container.path}.ports[{index}].hostPort", str(number), container.name)


def _hosts(container: Container, path: str, caller: object) -> Iterator[Finding]:
    """The host that the kubelet would call in place of the Pod, from the machine's network."""
    if isinstance(caller, dict):
        for way in ("httpGet", "tcpSocket"):
            if way in caller:
                host = text(mapping(caller[way]).get("host"))
                if host:
                    yield Finding(f"{container.path}.{path}.{way}.host", quoted(host), container.name)
