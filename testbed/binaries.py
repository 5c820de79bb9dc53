"""Finds etcd, the Kubernetes programs, kwok and helm on this machine; builds the missing ones.

Order for each program: the folder `KUBEBUILDER_ASSETS`, then `PATH`, then a build from the pinned Go modules, which is
kept in a cache folder. A program from outside is taken only if it runs and is not too old. Programs of an older
Kubernetes that the environment asks for are always built.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed import gobuild, older_kubernetes
from testbed.tools import TOOLS, Tool

PROBE_SECONDS = 20.0
"""How long a program may take to print its version."""

_VERSION = re.compile(r"\bv?(\d+)\.(\d+)(?:\.\d+)?\S*")

_found: dict[str, Path] = {}


@dataclass(frozen=True)
class Candidate:
    """A file that may be the program: `refusal` says why it is not taken, and is empty if it is."""

    path: Path
    version: str
    refusal: str


def say(line: str) -> None:
    """Print one line of progress on stderr at once."""
    print(f"testbed: {line}", file=sys.stderr, flush=True)


def probe(tool: Tool, path: Path) -> Candidate:
    """Run the file to learn its version; a file that fails, hangs or is too old is refused."""
    try:
        ran = subprocess.run(
            [path, *tool.version_args],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Candidate(path, "", f"does not run: {error}")
    if ran.returncode != 0:
        return Candidate(path, "", f"does not run: exit code {ran.returncode}")
    version = _VERSION.search(ran.stdout + ran.stderr)
    if version is None:
        return Candidate(path, "", "prints no version")
    if (int(version[1]), int(version[2])) < tool.minimum:
        oldest = ".".join(map(str, tool.minimum))
        return Candidate(path, version[0], f"version {version[0]} is older than {oldest}")
    return Candidate(path, version[0], "")


def outside(tool: Tool, environ: Mapping[str, str] = os.environ, report: Callable[[str], None] = say) -> Path | None:
    """The program from `KUBEBUILDER_ASSETS` or `PATH`, or None; reports what was taken or refused and why."""
    places: list[tuple[str, Path]] = []
    if assets := environ.get("KUBEBUILDER_ASSETS"):
        places.append(("KUBEBUILDER_ASSETS", Path(assets, tool.name)))
    if on_path := shutil.which(tool.name, path=environ.get("PATH", os.defpath)):
        places.append(("PATH", Path(on_path)))
    for place, path in places:
        if not path.is_file():
            continue
        candidate = probe(tool, path)
        if not candidate.refusal:
            report(f"{tool.name}: {path.absolute()} {candidate.version} (from {place})")
            return path.absolute()
        report(f"{tool.name}: {path} not taken: {candidate.refusal}")
    return None


def binaries(names: Iterable[str] = tuple(TOOLS)) -> dict[str, Path]:
    """The absolute path of each named program; what is found once is kept for the life of this process.

    Raises:
        gobuild.BuildError: A program must be built, and Go is missing, too old, or the build fails.
    """
    wanted = list(names)
    older = [name for name in older_kubernetes.PROGRAMS if name in wanted and name not in _found]
    if older and (version := older_kubernetes.chosen()):
        _keep(older_kubernetes.build(version, older, say))
    missing = [TOOLS[name] for name in wanted if name not in _found]
    to_build: list[Tool] = []
    for tool in missing:
        path = outside(tool)
        if path is None:
            to_build.append(tool)
        else:
            _found[tool.name] = path
    if to_build:
        _keep(gobuild.build(to_build, report=say))
    return {name: _found[name] for name in wanted}


def _keep(built: Mapping[str, Path]) -> None:
    for name, path in built.items():
        say(f"{name}: {path} (built)")
        _found[name] = path


def binary(name: str) -> Path:
    """The absolute path of one program; see `binaries`."""
    return binaries([name])[name]
