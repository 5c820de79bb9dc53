"""DaemonSet: it has no count of Pods, so it is given a node selector that no node matches."""

from aup.api.meta import SUSPENDED_LABEL
from aup.review import Json
from aup_operator.drivers.driver import Change, Driver


def _to_no_node(_: Json) -> list[Change]:
    return [Change("/spec/template/spec/nodeSelector", {SUSPENDED_LABEL: "true"})]


DAEMONSET = Driver(api_version="apps/v1", kind="DaemonSet", plural="daemonsets", changes=_to_no_node)
