"""CronJob: suspended, so that it starts no more Jobs; those it has started are held by themselves."""

from aup.review import Json
from aup_operator.drivers.driver import Change, Driver


def _suspended(_: Json) -> list[Change]:
    return [Change("/spec/suspend", True)]


CRONJOB = Driver(api_version="batch/v1", kind="CronJob", plural="cronjobs", changes=_suspended)
