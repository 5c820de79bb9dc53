"""The files with which kube-apiserver itself holds a customer who has the whole cluster (docs/control-plane.md)."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from testbed.binaries import binary
from testbed.controlplane import CommandError
from testbed.installation import CHART, NAMESPACE, RELEASE

PLACES = {
    "policies": "policies/aup.yaml",
    "webhooks": "webhooks/aup.yaml",
    "admission": "admission.yaml",
    "authorization": "authorization.yaml",
    "authorizer": "authorizer.yaml",
}
"""Where each of the chart's templates goes in the folder of the files."""


def write(folder: Path, values: Sequence[str], *names: str) -> None:
    """Render files into a folder, some or all; a folder for objects that are still to come is made empty.

    Args:
        folder: Where to, an absolute path.
        values: The chart's values, each as `name=value`.
        names: Those of `PLACES` to write, all if none is named.

    Raises:
        testbed.controlplane.CommandError: helm refuses.
    """
    values = [*values, "controlPlane.render=true", f"controlPlane.folder={folder}"]
    sets = [part for value in values for part in ("--set", value)]
    for name, place in PLACES.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if names and name not in names:
            continue
        shown = ("--show-only", f"templates/controlplane/{name}.yaml")
        command = [str(binary("helm")), "template", RELEASE, str(CHART), "--namespace", NAMESPACE, *sets, *shown]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CommandError(f"helm made no {place}: {done.stderr.strip()}", done)
        # In one step, so that kube-apiserver never reads half of it.
        new = path.with_suffix(".new")
        new.write_text(done.stdout)
        new.rename(path)


def arguments(folder: Path) -> list[str]:
    """kube-apiserver's arguments for a folder of these files."""
    return [
        f"--admission-control-config-file={folder / PLACES['admission']}",
        f"--authorization-config={folder / PLACES['authorization']}",
    ]
