"""Commands of the documentation, typed on a real cluster as an administrator does who reads them."""

import os
import re
import subprocess
from pathlib import Path

from testbed.binaries import binary
from testbed.controlplane import ControlPlane

ROOT = Path(__file__).resolve().parents[2]


def section(page: str, heading: str) -> str:
    """What stands in a page of docs/ under a heading, up to the next one."""
    text = (ROOT / "docs" / page).read_text()
    return re.split(r"^## ", text.partition(f"\n## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def shown(text: str) -> str:
    """The indented lines, which are what to type."""
    return "\n".join(line.removeprefix("    ") for line in text.splitlines() if line.startswith("    "))


def typed(plane: ControlPlane, commands: str, folder: Path) -> None:
    """Run commands in a folder, stopping at the first that fails; `charts/` is there as in the repository.

    Raises:
        subprocess.CalledProcessError: One failed.
    """
    programs = folder / "bin"
    if not programs.exists():
        programs.mkdir()
        for program in ("kubectl", "helm"):
            (programs / program).symlink_to(binary(program))
        (folder / "charts").symlink_to(ROOT / "charts")
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "KUBECONFIG": str(plane.kubeconfig)}
    subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=environment, check=True)
