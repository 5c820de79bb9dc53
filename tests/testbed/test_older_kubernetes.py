"""Which Kubernetes the environment asks for, and what its programs are."""

import re

import pytest

from testbed.gobuild import BuildError
from testbed.older_kubernetes import PROGRAMS, VARIABLE, chosen, minor, tools, versions
from testbed.tools import GOMOD_FOLDER, KUBERNETES


def test_the_newest_is_the_one_of_its_module() -> None:
    """What the programs say is what go.mod pins."""
    pinned = re.findall(r"k8s\.io/kubernetes v(\S+)", (GOMOD_FOLDER / "controlplane/go.mod").read_text())
    assert pinned == [KUBERNETES]


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}, {VARIABLE: ".".join(KUBERNETES.split(".")[:2])}])
def test_the_newest_is_taken_unless_an_older_one_is_named(environ: dict[str, str]) -> None:
    """No variable, an empty one, and the newest version by its name."""
    assert chosen(environ) is None


def test_an_older_one_is_taken_by_its_name() -> None:
    """Three minor versions before the newest are there: those that the Kubernetes project may still support."""
    assert [chosen({VARIABLE: version}) for version in versions()] == versions()
    assert [minor(version) for version in versions()] == [(1, 34), (1, 35), (1, 36)]


def test_a_version_that_is_not_there_is_told_with_those_that_are() -> None:
    """The text says what can be chosen."""
    with pytest.raises(BuildError, match=re.escape(f"{VARIABLE} is 1.29, and there are only 1.34, 1.35, 1.36, 1.37.")):
        chosen({VARIABLE: "1.29"})


@pytest.mark.parametrize("version", versions())
def test_the_programs_say_the_version_that_is_pinned(version: str) -> None:
    """Kubernetes' own four, each with the same version, and etcd is not among them."""
    made = tools(version)

    assert tuple(tool.name for tool in made) == PROGRAMS
    assert PROGRAMS == ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
    assert {re.search(r"gitVersion=v(\d+\.\d+)\.\d+ ", tool.ldflags)[1] for tool in made} == {version}  # type: ignore[index]
