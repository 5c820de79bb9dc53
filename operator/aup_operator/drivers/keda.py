"""KEDA: told to pause, so that it scales nothing up and starts no Jobs while its target is down."""

from aup.review import Json, annotations_of, listing, mapping
from aup_operator.drivers.driver import Change, Driver, Rank, Stage

_PREFIX = "autoscaling.keda.sh/"
_ANNOTATIONS = f"/metadata/annotations/{_PREFIX.replace('/', '~1')}"


def _at_zero(_: Json) -> list[Change]:
    """Both: with `paused` alone it keeps the count that it finds, with the count alone it goes back and forth."""
    return [Change(f"{_ANNOTATIONS}paused", "true"), Change(f"{_ANNOTATIONS}paused-replicas", "0")]


def _paused(_: Json) -> list[Change]:
    return [Change(f"{_ANNOTATIONS}paused", "true")]


def _still_paused(manifest: Json) -> str:
    """KEDA at times does not notice that a pause has ended (https://github.com/kedacore/keda/issues/4253)."""
    annotations = annotations_of(manifest)
    paused = annotations.get(f"{_PREFIX}paused", "false") != "false" or f"{_PREFIX}paused-replicas" in annotations
    conditions = [mapping(one) for one in listing(mapping(manifest.get("status")).get("conditions"))]
    says_so = any(one.get("type") == "Paused" and one.get("status") == "True" for one in conditions)
    return "KEDA still has it paused; it is looked at again" if says_so and not paused else ""


SCALED_OBJECT = Driver(
    group="keda.sh",
    version="v1alpha1",
    kind="ScaledObject",
    plural="scaledobjects",
    stage=Stage.PAUSER,
    rank=Rank.PAUSER,
    changes=_at_zero,
    unfinished=_still_paused,
    says="It is paused at 0 by both of KEDA's annotations; what these were before is restored.",
    source="https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling",
)
SCALED_JOB = Driver(
    group="keda.sh",
    version="v1alpha1",
    kind="ScaledJob",
    plural="scaledjobs",
    stage=Stage.PAUSER,
    rank=Rank.PAUSER,
    changes=_paused,
    unfinished=_still_paused,
    says="It is paused by KEDA's annotation and starts no more Jobs; those it has started are held by themselves.",
    source="https://keda.sh/docs/latest/concepts/scaling-jobs/#pausing-autoscaling",
)
