"""Builds programs from the pinned Go modules into a cache folder, with visible progress.

Nothing is resolved at build time: `go.mod` and `go.sum` fix every version by hash and `-mod=readonly` keeps them so.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed.tools import GOMOD_FOLDER, TOOLS, Tool

HEARTBEAT_SECONDS = 15.0
"""A long step prints a line at least this often."""

LOG_LINES = 20
"""How many of a failed step's last lines an error shows."""

Report = Callable[[str], None]


class BuildError(Exception):
    """A program cannot be built; the text says what to do about it."""


@dataclass(frozen=True)
class Toolchain:
    """A Go toolchain: path of the `go` command, version such as `go1.26.8`, operating system and processor."""

    command: str
    version: str
    goos: str
    goarch: str


def cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder for everything the test bed keeps; made if need be.

    `$XDG_CACHE_HOME/aup/testbed`, else `$HOME/.cache/aup/testbed`, else a private folder below the temporary folder,
    so that a build also works without a usable home folder.

    Raises:
        BuildError: No such folder can be made.
    """
    places: list[Path] = []
    # An XDG path that is not absolute must be ignored, says the XDG Base Directory Specification.
    if (xdg := environ.get("XDG_CACHE_HOME", "")) and Path(xdg).is_absolute():
        places.append(Path(xdg))
    if home := environ.get("HOME"):
        places.append(Path(home, ".cache"))
    for place in places:
        folder = place / "aup" / "testbed"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    folder = Path(tempfile.gettempdir(), f"aup-testbed-cache-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    # Programs are run from here, so a folder that somebody else put in place is not used.
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise BuildError(f"{folder} belongs to somebody else: set HOME or XDG_CACHE_HOME to a folder of your own.")
    return folder


def go_environment(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """The environment for the `go` command: static programs for this machine, whatever else is set."""
    result = {key: value for key, value in environ.items() if key not in {"GOOS", "GOARCH"}}
    result.update(CGO_ENABLED="0", GOWORK="off")
    home = environ.get("HOME")
    if not home or not os.access(home, os.W_OK):
        # Go derives both from HOME and stops if it cannot.
        result.setdefault("GOCACHE", str(root / "go-build"))
        result.setdefault("GOPATH", str(root / "go"))
    return result


def wanted_go(gomod_folder: Path = GOMOD_FOLDER) -> tuple[int, int]:
    """The newest `go` line (major, minor) of all modules."""
    lines = (re.search(r"^go (\d+)\.(\d+)", file.read_text(), re.MULTILINE) for file in gomod_folder.glob("*/go.mod"))
    return max((int(line[1]), int(line[2])) for line in lines if line)


def toolchain(environ: Mapping[str, str], gomod_folder: Path = GOMOD_FOLDER) -> Toolchain:
    """The Go toolchain on `PATH`.

    Raises:
        BuildError: There is none, or it is older than the modules ask for.
    """
    wanted = ".".join(map(str, wanted_go(gomod_folder)))
    advice = (
        f"Install Go {wanted} or newer (https://go.dev/dl/), or put the programs on PATH or into the folder that "
        "KUBEBUILDER_ASSETS names, or set AUP_KUBECONFIG to use a cluster you have."
    )
    command = shutil.which("go", path=environ.get("PATH", os.defpath))
    if command is None:
        raise BuildError(f"`go` is not on PATH, and the control plane's programs must be built. {advice}")
    ran = subprocess.run(
        [command, "env", "GOVERSION", "GOOS", "GOARCH"],
        cwd=min(gomod_folder.glob("*/go.mod")).parent,
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    answer = ran.stdout.split()
    version = re.match(r"go(\d+)\.(\d+)", answer[0]) if answer else None
    if ran.returncode != 0 or version is None:
        said = ran.stderr.strip() or ran.stdout.strip()
        raise BuildError(f"{command} cannot be used: {said}. {advice}")
    if (int(version[1]), int(version[2])) < wanted_go(gomod_folder):
        raise BuildError(f"{command} is {answer[0]}, which is too old. {advice}")
    return Toolchain(command, *answer)


def module(gomod: Path, name: str) -> Path:
    """The folder of a Go module as it is published, checked by its hash.

    Args:
        gomod: The folder of a go.mod that requires it, with its go.sum.
        name: The module's path.

    Raises:
        BuildError: There is no Go that is new enough, or it cannot fetch the module.
    """
    environment = go_environment(os.environ, cache_root())
    ran = subprocess.run(
        [toolchain(environment, gomod.parent).command, "mod", "download", "-json", name],
        cwd=gomod,
        env=environment | {"GOFLAGS": "-mod=readonly"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise BuildError(f"Go cannot fetch {name}: {ran.stdout}{ran.stderr}")
    return Path(json.loads(ran.stdout)["Dir"])


def cache_key(go: Toolchain, gomod_folder: Path = GOMOD_FOLDER, tools: Iterable[Tool] = tuple(TOOLS.values())) -> str:
    """Twelve hex digits that change with any file of the modules, the linker flags, the Go version or the platform."""
    digest = hashlib.sha256(f"{go.version} {go.goos}/{go.goarch}\n".encode())
    for tool in tools:
        digest.update(f"{tool.name} {tool.package} {tool.ldflags}\n".encode())
    for file in sorted((*gomod_folder.glob("*/go.*"), *gomod_folder.glob("*/*.go"))):
        content = file.read_bytes()
        digest.update(f"{file.parent.name}/{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


def build(
    tools: Iterable[Tool],
    *,
    report: Report,
    environ: Mapping[str, str] = os.environ,
    gomod_folder: Path = GOMOD_FOLDER,
    every: Iterable[Tool] = tuple(TOOLS.values()),
) -> dict[str, Path]:
    """The path of each program below the cache folder, built if it is not there yet.

    A program appears under its name only when complete. Two processes that build at once take turns. `every` are all
    the programs of `gomod_folder`: the cache folder's name changes with any of them.

    Raises:
        BuildError: Go is missing or too old, or a step failed; the text ends with the step's last lines.
    """
    root = cache_root(environ)
    env = go_environment(environ, root)
    go = toolchain(env, gomod_folder)
    folder = root / cache_key(go, gomod_folder, every)
    folder.mkdir(exist_ok=True)
    wanted = list(tools)
    paths = {tool.name: folder / tool.name for tool in wanted}
    if all(path.is_file() for path in paths.values()):
        return paths
    with _turn(folder / ".lock", report):
        missing = [tool for tool in wanted if not paths[tool.name].is_file()]
        for module in dict.fromkeys(tool.module for tool in missing):
            packages = [tool.package for tool in missing if tool.module == module]
            command = [go.command, "list", "-mod=readonly", "-buildvcs=false", "-deps", "-f", '{{""}}', *packages]
            title = f"downloading the Go modules of {module}"
            _step(title, command, gomod_folder / module, env, folder / f"{module}.download.log", report=report)
        for number, tool in enumerate(missing, 1):
            unfinished = folder / f".{tool.name}.{os.getpid()}"
            flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", tool.ldflags]
            command = [go.command, "build", *flags, "-o", str(unfinished), tool.package]
            title = f"building {tool.name} ({number} of {len(missing)})"
            try:
                _step(title, command, gomod_folder / tool.module, env, folder / f"{tool.name}.build.log", report=report)
                unfinished.replace(paths[tool.name])
            finally:
                unfinished.unlink(missing_ok=True)
    return paths


@contextmanager
def _turn(lock: Path, report: Report) -> Iterator[None]:
    """Hold a file lock; the system gives it back however this process ends."""
    with lock.open("w") as file:
        began = time.monotonic()
        beat = -HEARTBEAT_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() - beat >= HEARTBEAT_SECONDS:
                    beat = time.monotonic()
                    report(f"waiting for another build … {beat - began:.0f} s")
                time.sleep(0.2)
        yield


def _step(title: str, command: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path, *, report: Report) -> None:
    """Run one command to its end, with a line at its start, every `HEARTBEAT_SECONDS` and at its end."""
    report(title)
    began = beat = time.monotonic()
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                if time.monotonic() - beat >= HEARTBEAT_SECONDS:
                    beat = time.monotonic()
                    report(f"{title} … {beat - began:.0f} s")
                time.sleep(0.05)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode != 0:
        lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        text = "\n".join(f"  {line}" for line in lines)
        raise BuildError(f"{title} failed with exit code {process.returncode}; all of it is in {log}:\n{text}")
    log.unlink()
    report(f"{title}: done in {time.monotonic() - began:.0f} s")
