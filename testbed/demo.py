"""The whole loop in one terminal, narrated: reject, suspend, hold, restore.

Each step is checked; the first that does not hold ends the demo with exit code 1.

`python -m testbed.demo [--keep]`
"""

import difflib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from testbed import running
from testbed.controlplane import ControlPlane, controlplane
from testbed.installation import NAMESPACE, Installation

ROOT = Path(__file__).resolve().parent.parent
REJECTED = {
    "miner.yaml": ["AUP1601"],
    "host-access.yaml": ["AUP1301", "AUP1401"],
    "unbounded.yaml": ["AUP1602", "AUP1603", "AUP3101"],
}
SHOP_PODS = 5
"""Pods of examples/shop.yaml."""

KINDS = "deployments,statefulsets,cronjobs"

_PATIENCE_SECONDS = 300.0
_POLL_SECONDS = 0.2


class StepFailedError(Exception):
    """A step did not do what it had to."""


class Demo:
    """The steps, in order; each tells what it does and checks what came of it."""

    def __init__(self, plane: ControlPlane, aup: Installation) -> None:
        self.plane = plane
        self.aup = aup
        self.alice = plane.user_kubeconfig("alice")
        self.bob = plane.user_kubeconfig("bob")
        self.before: dict[str, Any] = {}
        self._number = 1

    def run(self) -> None:
        """All steps.

        Raises:
            StepFailedError: One did not hold.
        """
        self.tenants()
        self.accepted()
        self.rejected()
        self.suspended()
        self.denied("alice scales up again: denied")
        self.held_without_us()
        self.restored()

    def tenants(self) -> None:
        """Two tenants with a namespace each."""
        self._title("The provider creates two tenants, alice of acme and bob of globex get a namespace each")
        self._kubectl("apply", "-f", self._example("tenants.yaml"))
        self._until("a tenant has no standing", lambda: "Good" in self._quiet("get", "tenants").stdout)
        self._kubectl("get", "tenants")

    def accepted(self) -> None:
        """Good applications of both run."""
        self._title("alice and bob deploy an application that keeps the policy: accepted")
        for user, namespace in ((self.alice, "acme-shop"), (self.bob, "globex-web")):
            apply = ("apply", "-n", namespace, "-f", self._example("shop.yaml"))
            rehearsal = partial(self._quiet, *apply, "--dry-run=server", user=user)
            self._until("the webhook does not know the namespace", lambda: rehearsal().returncode == 0)  # noqa: B023
            self._kubectl(*apply, user=user)
        self._until(
            "the applications do not run",
            lambda: self._running("acme-shop") == self._running("globex-web") == SHOP_PODS,
        )
        self._kubectl("get", "pods", "-n", "acme-shop", user=self.alice)

    def rejected(self) -> None:
        """Three manifests are rejected, with every finding."""
        for name, rules in REJECTED.items():
            self._title(f"alice applies examples/rejected/{name}: rejected, and told everything at once")
            answer = self._kubectl(
                "apply", "-n", "acme-shop", "-f", self._example(f"rejected/{name}"), user=self.alice, ok=False
            )
            self._check(f"{name} is rejected", answer.returncode != 0)
            for rule in rules:
                self._check(f"the message names {rule}", f"[{rule} " in answer.stderr)

    def suspended(self) -> None:
        """Everything of acme is down, nothing of globex."""
        self._title("The abuse desk suspends acme: everything to zero, every original recorded first")
        self.before = self._state("acme-shop")
        began = time.monotonic()
        facts = "Deployment acme-shop/analytics connected to a mining pool."
        self._aup("suspend", "acme", "--name", "acme-1", "--clause", "1.6", "--facts", facts)
        self._say(f"Nothing of acme runs after {time.monotonic() - began:.1f} s.")
        self._check("no Pod of acme runs", self._running("acme-shop") == 0)
        self._check("globex is untouched", self._running("globex-web") == SHOP_PODS)
        self._until("acme's standing is not told", lambda: "Suspended" in self._quiet("get", "tenant", "acme").stdout)
        self._kubectl("get", "deployments,statefulsets,cronjobs", "-n", "acme-shop")
        self._kubectl("get", "tenants,suspensions")
        self._say("What alice reads:")
        self._kubectl("get", "notices", "-n", "acme-shop", user=self.alice)

    def denied(self, title: str) -> None:
        """Scaling up is denied."""
        self._title(title)
        answer = self._kubectl("scale", "deployment/web", "--replicas=3", "-n", "acme-shop", user=self.alice, ok=False)
        self._check("scaling up is denied", answer.returncode != 0 and "[AUP7301 suspended-tenant]" in answer.stderr)

    def held_without_us(self) -> None:
        """The API server holds the suspension by itself."""
        self._title("Webhook and operator are killed (SIGKILL)")
        self.aup.kill("webhook")
        self.aup.kill("operator")
        self._check("both are gone", not self.aup.running("webhook") and not self.aup.running("operator"))
        self.denied("alice tries again: the API server denies it by itself")
        answer = self._kubectl(
            "create", "job", "again", "--image=busybox", "-n", "acme-shop", user=self.alice, ok=False
        )
        self._check("a new Job is denied", answer.returncode != 0 and "aup-freeze" in answer.stderr)
        self._check("no Pod of acme runs", self._running("acme-shop") == 0)
        self.aup.start_webhook()
        self.aup.start_operator()
        self._say("Webhook and operator are started again.")

    def restored(self) -> None:
        """Everything is as it was."""
        self._title("The abuse desk lifts the suspension: everything as it was")
        self._aup("lift", "acme", "--reason", "The miner is removed, statement received.")
        after = self._state("acme-shop")
        difference = list(difflib.unified_diff(_lines(self.before), _lines(after), "before", "after", lineterm=""))
        click.echo("\n".join(difference) or "diff of every spec, label and annotation before and after: empty")
        self._check("nothing differs", not difference)
        self._until("the application does not run again", lambda: self._running("acme-shop") == SHOP_PODS)
        self._kubectl("get", "pods", "-n", "acme-shop", user=self.alice)

    def _title(self, text: str) -> None:
        click.secho(f"\n{self._number}. {text}", bold=True)
        self._number += 1

    def _say(self, text: str) -> None:
        click.secho(text, fg="cyan")

    def _check(self, what: str, holds: bool) -> None:
        if not holds:
            raise StepFailedError(what)
        click.secho(f"  seen: {what}", fg="green")

    def _kubectl(self, *args: str, user: Path | None = None, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Show a command with its whole output."""
        who = {self.alice: "alice", self.bob: "bob"}.get(user, "provider") if user else "provider"
        command = f"kubectl {' '.join(args)}"
        click.secho(f"{who}$ {command}", fg="yellow")
        answer = self._quiet(*args, user=user)
        click.echo((answer.stdout + answer.stderr).rstrip())
        if ok and answer.returncode != 0:
            raise StepFailedError(f"`{command}` succeeds")
        return answer

    def _quiet(self, *args: str, user: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.plane.kubectl(*args, check=False, kubeconfig=user)

    def _aup(self, *args: str) -> None:
        shown = " ".join(f'"{arg}"' if " " in arg else arg for arg in args)
        click.secho(f"provider$ aup {shown}", fg="yellow")
        command = [str(Path(sys.executable).with_name("aup")), *args]
        if subprocess.run(command, env=self.plane.environment(), check=False).returncode != 0:
            raise StepFailedError(f"`aup {shown}` succeeds")

    def _running(self, namespace: str) -> int:
        """Pods in phase Running that are not being deleted, or that still may start."""
        pods = json.loads(self._quiet("get", "pods", "-n", namespace, "-o", "json").stdout)["items"]
        return sum(pod["status"].get("phase") not in {"Succeeded", "Failed"} for pod in pods)

    def _state(self, namespace: str) -> dict[str, Any]:
        """Every spec, label and annotation of the workloads, by kind and name."""
        items = json.loads(self._quiet("get", KINDS, "-n", namespace, "-o", "json").stdout)["items"]
        return {
            f"{item['kind']}/{item['metadata']['name']}": {
                "spec": item["spec"],
                "labels": item["metadata"].get("labels"),
                "annotations": item["metadata"].get("annotations"),
            }
            for item in items
        }

    def _until(self, problem: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise StepFailedError(f"after {_PATIENCE_SECONDS:g} s {problem}")
            time.sleep(_POLL_SECONDS)

    @staticmethod
    def _example(name: str) -> str:
        return f"examples/{name}"


def _lines(state: dict[str, Any]) -> list[str]:
    return json.dumps(state, indent=1, sort_keys=True).splitlines()


@click.command()
@click.option("--keep", is_flag=True, help="Leave the control plane running and print its KUBECONFIG.")
def main(keep: bool) -> None:
    """Show the whole loop on a real control plane."""
    os.chdir(ROOT)  # so that commands show short paths
    began = time.monotonic()
    click.secho(
        "A real control plane starts: etcd, kube-apiserver, controllers, scheduler, one simulated node", bold=True
    )
    if keep:
        running.down()
    plane = ControlPlane.start(leave_running=True) if keep else controlplane()
    try:
        click.secho(f"aup is installed by its chart: helm install aup charts/aup -n {NAMESPACE}", bold=True)
        aup = Installation(plane, plane.log_dir, leave_running=keep).install()
        demo = Demo(plane, aup)
        demo.run()
    except StepFailedError as failure:
        click.secho(f"\nNot seen: {failure}. Logs: {plane.log_dir}", fg="red", bold=True)
        plane.stop(keep=True)
        sys.exit(1)
    finally:
        if keep:
            running.remember(plane, plane.pids | aup.pids)
        else:
            aup.stop()
            plane.stop()
    click.secho(f"\nEvery step was seen to hold, in {time.monotonic() - began:.0f} s.", bold=True)
    if not keep:
        click.echo(
            "The control plane has ended. To try things on one: make demo KEEP=1. To install it: docs/install.md."
        )
        return
    click.echo(
        "The control plane is left running; .venv/bin/python -m testbed down ends it.\n"
        f"  export KUBECONFIG={plane.kubeconfig}    # the provider\n"
        f"  export KUBECONFIG={demo.alice}    # alice, who is of the tenant acme"
    )


if __name__ == "__main__":
    main()
