"""Older Kubernetes: what `make compat` tests against, each built from Go modules that its folder here pins by hash.

With `AUP_TESTBED_KUBERNETES=1.34` every control plane that this package starts is of that version: API server,
controllers, scheduler and kubectl. etcd, kwok and helm stay the same.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from testbed import gobuild
from testbed.tools import KUBERNETES, TOOLS, Tool, kubernetes_flags

VARIABLE = "AUP_TESTBED_KUBERNETES"
"""The environment variable that names a version, such as 1.34; unset for the one in `testbed.tools`."""

PROGRAMS = tuple(name for name, tool in TOOLS.items() if tool.package.startswith("k8s.io/kubernetes/"))
"""The programs that are of that version."""

_FOLDER = Path(__file__).resolve().parent


def minor(version: str) -> tuple[int, int]:
    """Major and minor of a version such as `1.34` or `1.34.4`, to compare it with another."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def versions() -> list[str]:
    """The versions that there are beside the newest, oldest first."""
    return sorted((file.parents[1].name for file in _FOLDER.glob("*/controlplane/go.mod")), key=minor)


def chosen(environ: Mapping[str, str] = os.environ) -> str | None:
    """The older version that the environment names; None where it names none, or the newest.

    Raises:
        gobuild.BuildError: It names one that there is not.
    """
    named = environ.get(VARIABLE) or KUBERNETES
    if minor(named) == minor(KUBERNETES):
        return None
    if named not in versions():
        there = ", ".join([*versions(), ".".join(map(str, minor(KUBERNETES)))])
        raise gobuild.BuildError(f"{VARIABLE} is {named}, and there are only {there}.")
    return named


def tools(version: str) -> list[Tool]:
    """The programs of a version, which say the exact one that its `go.mod` names."""
    pinned = re.search(
        r"^\tk8s\.io/kubernetes v(\S+)", (_FOLDER / version / "controlplane/go.mod").read_text(), re.MULTILINE
    )
    assert pinned, version  # noqa: S101 - a file of ours
    flags = kubernetes_flags(pinned[1])
    return [replace(TOOLS[name], ldflags=flags, minimum=minor(version)) for name in PROGRAMS]


def build(version: str, names: Iterable[str], report: Callable[[str], None]) -> dict[str, Path]:
    """The path of each named program of a version, built if need be: half an hour the first time, on two cores.

    Nothing is taken from `PATH`: what is there may be of any version.

    Raises:
        gobuild.BuildError: See `gobuild.build`.
    """
    every = tools(version)
    wanted = [tool for tool in every if tool.name in set(names)]
    return gobuild.build(wanted, report=report, gomod_folder=_FOLDER / version, every=every)
