"""How each kind is held down: Kubernetes' own one driver a file, those of other projects as data."""

from aup_operator.drivers import cronjob, daemonset, job, keda, known, pod, scalable
from aup_operator.drivers.driver import Driver

# A suspension goes down this list, so that what starts others stops first.
DRIVERS: tuple[Driver, ...] = (cronjob.CRONJOB, job.JOB, *scalable.SCALABLES, daemonset.DAEMONSET)

KNOWN: dict[tuple[str, str], Driver] = {
    (driver.group, driver.kind): driver
    for driver in (keda.SCALED_OBJECT, keda.SCALED_JOB, *(one.driver() for one in known.known_kinds()))
}
"""Kinds of other projects, by API group and kind; which of them are served, the API server says."""

BY_KIND: dict[tuple[str, str], Driver] = {
    **{(driver.group, driver.kind): driver for driver in (*DRIVERS, pod.POD)},
    **KNOWN,
}
"""By API group and kind: a version may come and go, the object stays."""
