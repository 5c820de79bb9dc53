"""Job: suspended, which deletes its Pods; a finished one is left alone."""

from aup.review import Json, listing, mapping
from aup_operator.drivers.driver import Change, Driver


def _suspended(manifest: Json) -> list[Change]:
    conditions = listing(mapping(manifest.get("status")).get("conditions"))
    finished = any(
        condition.get("type") in {"Complete", "Failed"} and condition.get("status") == "True"
        for condition in conditions
    )
    return [] if finished else [Change("/spec/suspend", True)]


JOB = Driver(api_version="batch/v1", kind="Job", plural="jobs", changes=_suspended)
