"""Reads the table of attacks, makes the attempts, and reads what the API server answers."""

import json
import re
import shlex
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from testbed.controlplane import ControlPlane
from tests.support import Customer, Json, eventually, named_customer, suspension

_FOLDER = Path(__file__).parent
_PLACE = re.compile(r"(?P<path>.*?)(?: \(container \"(?P<container>.*)\"\))?")

_AT_ONCE = 4

Outcomes = dict[str, subprocess.CompletedProcess[str]]
"""What kubectl answered to each attempt."""

Found = tuple[str, str, str]
"""A finding as a rejection tells it: rule, field path, the container's name."""


class Attempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of `attacks.yaml`; its head says what the fields mean."""

    id: str
    attack: str
    kubectl: str
    given: list[Json] = []
    first: list[str] = []
    stdin: Json = {}
    denied: list[Found] = []
    says: str = ""
    since: str = "1.0"

    def __str__(self) -> str:
        return f"{self.id} {self.attack}"

    def run(self, customer: Customer) -> subprocess.CompletedProcess[str]:
        """Make the attempt as the tenant's user."""
        for command in self.first:
            customer.run(*shlex.split(command), check=True)
        words = shlex.split(self.kubectl.replace("NAMESPACE", customer.namespace))
        return customer.run(*words, stdin=json.dumps(self.stdin) if self.stdin else None)


class Attacks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of `attacks.yaml`; `parts` only holds what the rows have in common."""

    parts: list[Any]
    cases: list[Attempt]
    standing: list[Json]
    suspended: list[Attempt]


@cache
def attacks() -> Attacks:
    """The table."""
    return msgspec.convert(yaml.safe_load((_FOLDER / "attacks.yaml").read_text()), Attacks)


def made(attempts: Sequence[Attempt], customer: Customer) -> Outcomes:
    """Make all attempts, some at a time: each is independent of the others, and most of it is kubectl's own start."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(map(str, attempts), pool.map(lambda one: one.run(customer), attempts), strict=True))


def suspended_customer(plane: ControlPlane, name: str) -> Customer:
    """A tenant with one of each kind and a Pod that had ended, suspended, with everything down."""
    install_kinds(plane)
    customer = named_customer(plane, name)
    customer.run("apply", "--server-side", "-f", "-", stdin=attacks().standing, check=True)
    ended = '{"status": {"phase": "Failed"}}'
    customer.provider("patch", "pod", "ended", "--subresource=status", "--type=merge", "-p", ended)
    customer.provider("apply", "-f", "-", stdin=suspension(name))
    eventually(lambda: customer.get("suspension", name).get("status", {}).get("phase") == "Enforced")
    return customer


def labelled_customer(plane: ControlPlane, name: str) -> Customer:
    """A tenant whose namespace carries the label of the freeze, with three of each kind that has a count."""
    install_kinds(plane)
    customer = named_customer(plane, name)
    standing = [one for one in attacks().standing if one["kind"] not in {"Pod", "Job", "DaemonSet"}]
    counted = [one | {"spec": one["spec"] | {"replicas": 3}} if "replicas" in one["spec"] else one for one in standing]
    customer.run("apply", "--server-side", "-f", "-", stdin=counted, check=True)
    customer.provider("label", "namespace", name, "aup.asergo.com/suspended=true")
    return customer


def frozen(what: str, tenant: str) -> str:
    """How the API server's own freeze refuses something."""
    return (
        "ValidatingAdmissionPolicy 'aup-freeze' with binding 'aup-freeze' denied request: [AUP7301 suspended-tenant] "
        f"{what}: tenant {tenant} is suspended; deleting and scaling down stay allowed. "
        f"Read the statement of reasons: kubectl get notices -n {tenant} -o yaml"
    )


def install_kinds(plane: ControlPlane) -> None:
    """Install the custom kinds, and wait until the API server serves them."""
    plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(_FOLDER / "kinds.yaml"))
    established(plane, "crd", "--all")


def established(plane: ControlPlane, *names: str) -> None:
    """Wait until CustomResourceDefinitions are served; kubectl gives up on one that has no status yet."""
    wait = ("wait", "--for=condition=Established", *names, "--timeout=20s")
    eventually(lambda: plane.kubectl(*wait, check=False).returncode == 0)


def findings(message: str) -> list[Found]:
    """The findings that a rejection names, in its order."""
    found: list[Found] = []
    rule = ""
    for line in message.splitlines():
        if title := re.match(r"\[(AUP\d{4}) [a-z-]+\] AUP \d\.\d$", line):
            rule = title[1]
        elif line.startswith("  at:    ") and (place := _PLACE.fullmatch(line.removeprefix("  at:    "))):
            found.append((rule, place["path"], place["container"] or ""))
    return found
