"""Which program is taken: the order of the places, and what is refused."""

from pathlib import Path

import pytest

from testbed.binaries import outside, probe
from testbed.tools import TOOLS

HELM = TOOLS["helm"]


def program(folder: Path, name: str, says: str, code: int = 0) -> Path:
    """An executable that prints one line."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    file.chmod(0o755)
    return file


def test_the_assets_folder_comes_before_path(tmp_path: Path) -> None:
    """A program in KUBEBUILDER_ASSETS is taken though PATH has one too, and the report names the place."""
    asset = program(tmp_path / "assets", "helm", "v4.0.1+gabc")
    program(tmp_path / "bin", "helm", "v4.3.1")
    lines: list[str] = []
    environ = {"KUBEBUILDER_ASSETS": str(tmp_path / "assets"), "PATH": str(tmp_path / "bin")}
    assert outside(HELM, environ, lines.append) == asset
    assert lines == [f"helm: {asset} v4.0.1+gabc (from KUBEBUILDER_ASSETS)"]


def test_path_is_next_when_the_assets_folder_lacks_the_program(tmp_path: Path) -> None:
    """An assets folder without the program, as setup-envtest makes it, does not hide the one on PATH."""
    (tmp_path / "assets").mkdir()
    on_path = program(tmp_path / "bin", "helm", "v3.18.0+gabc")
    environ = {"KUBEBUILDER_ASSETS": str(tmp_path / "assets"), "PATH": str(tmp_path / "bin")}
    assert outside(HELM, environ, lambda _: None) == on_path


def test_a_program_that_fails_is_refused_and_the_next_place_is_asked(tmp_path: Path) -> None:
    """A broken file in the assets folder is reported and passed over."""
    broken = program(tmp_path / "assets", "helm", "v4.0.0", code=3)
    on_path = program(tmp_path / "bin", "helm", "v4.3.1")
    lines: list[str] = []
    environ = {"KUBEBUILDER_ASSETS": str(tmp_path / "assets"), "PATH": str(tmp_path / "bin")}
    assert outside(HELM, environ, lines.append) == on_path
    assert lines[0] == f"helm: {broken} not taken: does not run: exit code 3"


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    """Without the program in any place the answer is None: it must be built."""
    assert outside(HELM, {"PATH": str(tmp_path)}, lambda _: None) is None


@pytest.mark.parametrize(
    ("name", "says", "refusal"),
    [
        ("helm", "v3.17.9+gabc", "version v3.17.9+gabc is older than 3.18"),
        ("helm", "v3.18.0+gabc", ""),
        ("helm", "v4.3.1", ""),
        ("kube-apiserver", "Kubernetes v1.35.4", "version v1.35.4 is older than 1.36"),
        ("kube-apiserver", "Kubernetes v1.37.2", ""),
        ("etcd", "etcd Version: 3.7.0", ""),
        ("kubectl", "Client Version: v1.35.1", "version v1.35.1 is older than 1.36"),
        ("kwok", "kwok version v0.7.0 go1.26.8 (linux/amd64)", ""),
        ("kwok", "hello", "prints no version"),
    ],
)
def test_a_program_must_be_new_enough(tmp_path: Path, name: str, says: str, refusal: str) -> None:
    """Versions are read from what each program prints, and the oldest good one is a fact of each program."""
    candidate = probe(TOOLS[name], program(tmp_path, name, says))
    assert candidate.refusal == refusal


def test_a_file_that_is_no_program_is_refused(tmp_path: Path) -> None:
    """An executable of another format is refused with the system's reason."""
    file = tmp_path / "helm"
    file.write_bytes(b"\x7fELF not really")
    file.chmod(0o755)
    assert probe(HELM, file).refusal.startswith("does not run: ")
