"""CronJob: suspended, so that it starts no more Jobs; those it has started are held by themselves."""

from aup.review import Json
from aup_operator.drivers.driver import Change, Driver, Rank, Stage


def _suspended(_: Json) -> list[Change]:
    return [Change("/spec/suspend", True)]


CRONJOB = Driver(
    group="batch",
    version="v1",
    kind="CronJob",
    plural="cronjobs",
    stage=Stage.CRONJOB,
    rank=Rank.CRONJOB,
    changes=_suspended,
    says="It is suspended and starts no more Jobs; those it has started are held by themselves. Runs that were missed "
    "are not made up for, but the last one may start at the lift where no startingDeadlineSeconds is set.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension",
)
