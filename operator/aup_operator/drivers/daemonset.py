"""DaemonSet: it has no count of Pods, so it is given a node selector that no node matches."""

from aup.api.meta import SUSPENDED_LABEL
from aup.review import Json
from aup_operator.drivers.driver import Change, Driver, Rank, Stage


def _to_no_node(_: Json) -> list[Change]:
    return [Change("/spec/template/spec/nodeSelector", {SUSPENDED_LABEL: "true"})]


DAEMONSET = Driver(
    group="apps",
    version="v1",
    kind="DaemonSet",
    plural="daemonsets",
    stage=Stage.DAEMONSET,
    rank=Rank.DAEMONSET,
    changes=_to_no_node,
    says="Its node selector is replaced by one that no node matches, so that its controller deletes its Pods.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#running-pods-on-select-nodes",
)
