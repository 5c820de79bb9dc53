"""Building: where to, under which name, and what is said when it cannot be done."""

import re
import shutil
import stat
from pathlib import Path

import pytest

from testbed import gobuild
from testbed.gobuild import BuildError, Toolchain, build, cache_key, cache_root, go_environment, toolchain, wanted_go
from testbed.tools import GOMOD_FOLDER, TOOLS

GO = Toolchain("/usr/bin/go", "go1.26.8", "linux", "amd64")

FAKE_GO = """#!/bin/sh
if [ "$1" = env ]; then echo {version}; echo linux; echo amd64; exit 0; fi
if [ "$1" = list ]; then exit 0; fi
while [ "$1" != -o ]; do shift; done
{build}
"""


def fake_go(folder: Path, version: str = "go1.99.0", build: str = 'echo built > "$2"') -> str:
    """A PATH with a `go` that knows env, list and build."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "go"
    file.write_text(FAKE_GO.format(version=version, build=build))
    file.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def copy_of_modules(tmp_path: Path) -> Path:
    """The modules in a place where they can be changed."""
    return Path(shutil.copytree(GOMOD_FOLDER, tmp_path / "gomod"))


@pytest.mark.parametrize(
    "file", ["controlplane/go.mod", "controlplane/go.sum", "helm/go.sum", "kwok/go.mod", "kwok/main.go"]
)
def test_the_folder_changes_with_every_pinned_file(tmp_path: Path, file: str) -> None:
    """Any changed byte of a go.mod, a go.sum or a program of ours gives another cache folder."""
    modules = copy_of_modules(tmp_path)
    (modules / "kwok" / "main.go").write_text("package main\n")
    before = cache_key(GO, modules)
    with (modules / file).open("a") as opened:
        opened.write("\n")
    assert cache_key(GO, modules) != before


def test_the_folder_changes_with_go_and_platform_only(tmp_path: Path) -> None:
    """Go's version, system and processor count; where the repository or `go` lies does not."""
    keys = {
        cache_key(GO),
        cache_key(Toolchain("/usr/bin/go", "go1.26.9", "linux", "amd64")),
        cache_key(Toolchain("/usr/bin/go", "go1.26.8", "linux", "arm64")),
        cache_key(Toolchain("/usr/bin/go", "go1.26.8", "darwin", "amd64")),
    }
    assert len(keys) == 4
    assert cache_key(Toolchain("/opt/go/bin/go", "go1.26.8", "linux", "amd64"), copy_of_modules(tmp_path)) in keys
    assert all(re.fullmatch(r"[0-9a-f]{12}", key) for key in keys)


def test_the_cache_is_where_xdg_says(tmp_path: Path) -> None:
    """XDG_CACHE_HOME wins over HOME, and the folder is made."""
    root = cache_root({"XDG_CACHE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)})
    assert root == tmp_path / "xdg" / "aup" / "testbed"
    assert root.is_dir()


def test_without_xdg_the_cache_is_below_home(tmp_path: Path) -> None:
    """An empty home folder is enough; a relative XDG_CACHE_HOME is ignored."""
    expected = tmp_path / ".cache" / "aup" / "testbed"
    assert cache_root({"XDG_CACHE_HOME": "relative", "HOME": str(tmp_path)}) == expected


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "/proc/nowhere"}])
def test_without_a_home_the_cache_is_private_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """No home folder, or one that cannot be used: a folder that only this user may enter, Go's caches below it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    root = cache_root(environ)
    assert root.parent == tmp_path
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert go_environment(environ, root)["GOCACHE"] == str(root / "go-build")


def test_go_builds_static_programs_for_this_machine() -> None:
    """What somebody set for cross-building does not reach the build; everything else does."""
    env = go_environment({"GOOS": "plan9", "GOARCH": "arm", "GOPROXY": "off", "HOME": str(Path.cwd())}, Path("/x"))
    assert env.keys() & {"GOOS", "GOARCH", "GOCACHE"} == set()
    assert (env["CGO_ENABLED"], env["GOWORK"], env["GOPROXY"]) == ("0", "off", "off")


def test_missing_go_is_said_with_every_way_out(tmp_path: Path) -> None:
    """The message says what to install and the three ways without Go."""
    with pytest.raises(BuildError) as caught:
        toolchain({"PATH": str(tmp_path)})
    wanted = ".".join(map(str, wanted_go()))
    for words in ("`go` is not on PATH", f"Install Go {wanted} or newer", "KUBEBUILDER_ASSETS", "AUP_KUBECONFIG"):
        assert words in str(caught.value)


def test_old_go_is_said_with_its_version(tmp_path: Path) -> None:
    """The message names the file, its version and the version to install."""
    with pytest.raises(BuildError, match=r"/go is go1\.20\.3, which is too old\. Install Go 1\.\d+ or newer"):
        toolchain({"PATH": fake_go(tmp_path, "go1.20.3")})


def test_a_program_appears_under_its_own_name(tmp_path: Path) -> None:
    """The package of etcd ends in `v3`, its program is called `etcd`; no unfinished file stays behind."""
    environ = {"PATH": fake_go(tmp_path / "bin"), "HOME": str(tmp_path)}
    lines: list[str] = []
    paths = build([TOOLS["etcd"], TOOLS["kwok"]], report=lines.append, environ=environ)
    assert {name: path.name for name, path in paths.items()} == {"etcd": "etcd", "kwok": "kwok"}
    assert sorted(file.name for file in paths["etcd"].parent.iterdir()) == [".lock", "etcd", "kwok"]
    begun, done = (line for line in lines if "etcd" in line)
    assert begun == "building etcd (1 of 2)"
    assert re.fullmatch(r"building etcd \(1 of 2\): done in \d+ s", done)


def test_a_second_build_does_nothing(tmp_path: Path) -> None:
    """What is built is taken without a line of progress."""
    environ = {"PATH": fake_go(tmp_path / "bin"), "HOME": str(tmp_path)}
    build([TOOLS["kwok"]], report=lambda _: None, environ=environ)
    lines: list[str] = []
    build([TOOLS["kwok"]], report=lines.append, environ=environ)
    assert lines == []


def test_a_failed_build_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """The message has the step, the exit code, the log's path and its last lines, and leaves no program."""
    path = fake_go(tmp_path / "bin", build='echo half > "$2"; for n in $(seq 50); do echo "line $n"; done; exit 2')
    environ = {"PATH": path, "HOME": str(tmp_path)}
    with pytest.raises(BuildError) as caught:
        build([TOOLS["kwok"]], report=lambda _: None, environ=environ)
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("building kwok (1 of 1) failed with exit code 2; all of it is in ")
    assert rest == [f"  line {number}" for number in range(31, 51)]
    assert list(tmp_path.glob(".cache/aup/testbed/*/*kwok")) == []


def test_a_long_build_says_that_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line with the elapsed seconds comes after each heartbeat."""
    monkeypatch.setattr(gobuild, "HEARTBEAT_SECONDS", 0.2)
    told = tmp_path / "told"
    path = fake_go(tmp_path / "bin", build=f'until [ -e {told} ]; do sleep 0.05; done; echo built > "$2"')

    def report(line: str) -> None:
        if re.fullmatch(r"building kwok \(1 of 1\) … \d+ s", line):
            told.touch()

    build([TOOLS["kwok"]], report=report, environ={"PATH": path, "HOME": str(tmp_path)})
    assert told.exists()


@pytest.mark.parametrize("module", ["controlplane", "helm", "kwok"])
def test_every_module_is_pinned_with_its_tools(module: str) -> None:
    """Each module lists as tools exactly the packages that are built from it, and has a go.sum."""
    text = (GOMOD_FOLDER / module / "go.mod").read_text()
    listed = re.findall(r"^tool ([^(\s]+)$", text, re.MULTILINE)
    if block := re.search(r"^tool \(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL):
        listed += block[1].split()
    assert sorted(listed) == sorted(tool.package for tool in TOOLS.values() if tool.module == module)
    assert (GOMOD_FOLDER / module / "go.sum").stat().st_size > 0
