"""Where Debian's packages come from: the machine's lists, or lists of our own where these are old or missing."""

import subprocess
from pathlib import Path

import pytest

from testbed.debian import program, unpacked
from testbed.gobuild import BuildError

FAKE = """#!/bin/sh
echo "$*" >> {calls}
case "$*" in *update) touch {updated};; esac
test -e {updated} || {{ echo "E: Unable to locate package tool" >&2; exit 100; }}
case "$*" in *download*) cp {archive} .;; esac
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get that has the package `tool` once its lists are read; the folder with its `calls` and `updated`."""
    (tmp_path / "deb/DEBIAN").mkdir(parents=True)
    control = "Package: tool\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nDescription: a tool\n"
    (tmp_path / "deb/DEBIAN/control").write_text(control)
    (tmp_path / "deb/usr/bin").mkdir(parents=True)
    (tmp_path / "deb/usr/bin/tool").write_text("#!/bin/sh\n")
    archive = tmp_path / "tool_1_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tmp_path / "deb", archive], check=True)
    command = tmp_path / "bin/apt-get"
    command.parent.mkdir()
    command.write_text(FAKE.format(calls=tmp_path / "calls", updated=tmp_path / "updated", archive=archive))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def calls(folder: Path) -> list[str]:
    """What apt-get was asked for, without options."""
    lines = (folder / "calls").read_text().splitlines()
    return [" ".join(word for word in line.split() if not word.startswith("-o")) for line in lines]


def test_a_package_is_unpacked_once_and_kept(apt: Path) -> None:
    """The second time nothing is downloaded."""
    (apt / "updated").touch()
    lines: list[str] = []
    folder = unpacked("bench", ["tool"], lines.append)

    assert program(folder, "tool") == folder / "usr/bin/tool"
    assert unpacked("bench", ["tool"], lines.append) == folder
    assert lines == ["downloading tool for the bench"]
    assert calls(apt) == ["download tool"]


def test_lists_that_are_missing_are_read_into_a_folder_of_our_own(apt: Path) -> None:
    """So nobody has to be root and run `apt-get update` before."""
    unpacked("bench", ["tool"], lambda _: None)

    assert calls(apt) == ["download tool", "update", "download tool"]
    assert "-oDir::State::Lists=" in (apt / "calls").read_text().splitlines()[1]


@pytest.mark.usefixtures("apt")
def test_where_it_cannot_be_had_the_reason_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    """apt's own words."""
    (tmp_path / "bin/apt-get").write_text("#!/bin/sh\necho 'E: no route to host' >&2\nexit 100\n")

    with pytest.raises(BuildError, match="`apt-get download tool` failed:\nE: no route to host"):
        unpacked("bench", ["tool"], lambda _: None)
    assert list((tmp_path / "cache/aup/testbed").iterdir()) == []


@pytest.mark.usefixtures("apt")
def test_another_system_is_told_apart(tmp_path: Path) -> None:
    """There is no apt-get on it."""
    (tmp_path / "bin/apt-get").unlink()
    (tmp_path / "only").mkdir()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "only"))
        with pytest.raises(BuildError, match="apt-get cannot be run, which only Debian and its children have"):
            unpacked("bench", ["tool"], lambda _: None)
