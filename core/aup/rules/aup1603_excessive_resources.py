"""AUP1603 excessive-resources: more than the quota for a container, a Pod, or a workload."""

from collections.abc import Iterator

from aup.amounts import over, too_much
from aup.model import Finding, Limits, Subject, rule
from aup.quantity import parse
from aup.resources import BANDWIDTHS, pod_asks, pod_extras, pods_at_once

# Asergo's figures for a tenant without a quota of its own. CPU and memory: half of, the whole of, and twice a common
# 32-core server. Bandwidth: a tenth of its 10 Gbit/s port. Accelerators, huge pages and claims of devices are sold by
# the piece, so a tenant has none before it has bought some; other devices have no limit unless a policy names them.
DEFAULTS = {
    "perContainer": {"cpu": parse("16"), "memory": parse("64Gi")},
    "perPod": {
        "cpu": parse("32"),
        "memory": parse("128Gi"),
        "ephemeral-storage": parse("256Gi"),
        "ingress-bandwidth": parse("1G"),
        "egress-bandwidth": parse("1G"),
        "hugepages-*": 0,
        "nvidia.com/*": 0,
        "amd.com/*": 0,
        "gpu.intel.com/*": 0,
        "habana.ai/*": 0,
        "google.com/tpu": 0,
        "aws.amazon.com/neuron": 0,
        "resourceclaims": 0,
    },
    "perWorkload": {"cpu": parse("64"), "memory": parse("256Gi"), "ephemeral-storage": parse("1Ti")},
}


@rule(id="AUP1603", clause="1.6", parameters=DEFAULTS)
def excessive_resources(subject: Subject, limits: Limits) -> Iterator[Finding]:
    """The workload asks for more than its quota allows.

    Why: Resources are shared; a quota keeps one customer from taking what others pay for. A Pod is counted as the
    scheduler counts it, a workload as its Pod times replicas or parallelism; a CronJob counts twice unless its
    concurrencyPolicy is Forbid or Replace. GPUs, huge pages and other devices are sold by the piece.

    Fix: Ask for less, use fewer replicas, or have your quota raised.
    """
    workload = subject.workload
    for template in workload.templates:
        asked = pod_asks(template)
        for container, asks in zip(template.containers, asked.containers, strict=True):
            for field, why in asks.unreadable:
                yield Finding(f"{container.path}.resources.{field}", why, container.name)
            for resource in over(limits, "perContainer", asks.amounts):
                amount = asks.amounts[resource]
                yield too_much(limits, "perContainer", f"{container.path}.resources", resource, amount, container.name)
        pod = asked.amounts
        extras = pod_extras(template)
        for path, why in extras.unreadable:
            yield Finding(path, why)
        if extras.amounts:
            pod = pod | {name: max(amount, pod.get(name, 0)) for name, amount in extras.amounts.items()}
        exceeded = over(limits, "perPod", pod)
        for resource in exceeded:
            at = f"{template.annotations_path}[{BANDWIDTHS[resource]}]" if resource in BANDWIDTHS else template.path
            yield too_much(limits, "perPod", at, resource, pod[resource])
        times = pods_at_once(subject.review, workload)
        total = pod if times == 1 else {resource: amount * times for resource, amount in pod.items()}
        for resource in over(limits, "perWorkload", total):
            if times > 1 or resource not in exceeded:
                at = workload.replicas_path or template.path
                yield too_much(limits, "perWorkload", at, resource, total[resource])
