"""How each kind is held down, one driver a file; the order is that of a suspension."""

from aup_operator.drivers import cronjob, daemonset, job, pod, scalable
from aup_operator.drivers.driver import Driver

# A suspension goes down this list, so that what starts others stops first.
DRIVERS: tuple[Driver, ...] = (cronjob.CRONJOB, job.JOB, *scalable.SCALABLES, daemonset.DAEMONSET)

# A lift goes down this one: what holds state first, what starts others last.
RESTORE_ORDER: tuple[str, ...] = (
    "StatefulSet",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "DaemonSet",
    "Pod",
    "Job",
    "CronJob",
)

BY_KIND: dict[tuple[str, str], Driver] = {(driver.api_version, driver.kind): driver for driver in (*DRIVERS, pod.POD)}
