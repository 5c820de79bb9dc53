"""What malware does to stay and to be alone."""

from collections.abc import Iterator

from aup.signatures.behaviours.steps import FETCHERS, Steps, base, lists
from aup.signatures.evidence import Evidence

_KILLERS = frozenset(["pkill", "killall", "kill", "killall5"])
_LISTERS = frozenset(["ps", "pgrep", "pidof", "grep", "egrep", "awk"])
_LASTING = (
    "/etc/cron",
    "/var/spool/cron",
    "/etc/rc.local",
    "/etc/systemd/system/",
    "/etc/init.d/",
    "/etc/ld.so.preload",
)


def rivals_killed(steps: Steps) -> Iterator[Evidence]:
    """Several miners and bots are stopped by name."""
    killed: set[str] = set()
    first = ""
    for step in steps.all:
        kills = step.name in _KILLERS or any(
            each.name in _KILLERS for each in steps.pipeline(step) if step.name in _LISTERS
        )
        if kills:
            named = {part for word in step.args for part in [base(word).lower()] if part in lists()["rivals"]}
            first = first or (step.at if named else "")
            killed |= named
    if len(killed) > 1:
        said = f"other miners and bots are stopped: {', '.join(sorted(killed)[:3])}"
        yield Evidence(first, "rivals killed", "medium", said)


def made_to_last(steps: Steps) -> Iterator[Evidence]:
    """A download that is put where it is run again and again."""
    for step in steps.all:
        if step.name in FETCHERS and any(place.outside or place.unknown for place in step.places()):
            above = steps.holder(step)
            kept = steps.pipeline(above) if above else []
            lasting = any(where.startswith(_LASTING) for each in kept for where in each.written())
            if (
                lasting
                or any(each.name == "crontab" for each in kept)
                or any(where.startswith(_LASTING) for where in step.written())
            ):
                yield Evidence(step.at, "made to last", "medium", "a download is set up to run again and again")
