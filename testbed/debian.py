"""Debian packages, downloaded and unpacked into the cache folder, not installed: that takes no root."""

import hashlib
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from testbed.gobuild import BuildError, cache_root


def unpacked(name: str, packages: Sequence[str], report: Callable[[str], None]) -> Path:
    """The folder with these packages and nothing that they depend on; `name` is what they are for.

    Raises:
        BuildError: This is no Debian, or apt-get cannot download them.
    """
    root = cache_root()
    folder = root / f"{name}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    listed = packages[0] if len(packages) == 1 else f"{len(packages)} Debian packages"
    report(f"downloading {listed} for the {name}")
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=root) as work:
        _download(packages, Path(work), report)
        made = Path(work, "root")
        for archive in sorted(Path(work).glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", archive, made], check=True)
        try:
            made.rename(folder)
        except OSError:  # another process was quicker
            if not folder.is_dir():
                raise
    return folder


def _download(packages: Sequence[str], work: Path, report: Callable[[str], None]) -> None:
    """Download archives into `work`; with lists of our own where the machine's lists of packages are old or missing."""
    ran = _apt(work, "download", *packages)
    if ran.returncode != 0:
        report("reading Debian's lists of packages anew")
        for folder in ("lists/partial", "cache/archives/partial"):
            (work / folder).mkdir(parents=True)
        own = (f"-oDir::State::Lists={work}/lists", f"-oDir::Cache={work}/cache")
        ran = _apt(work, *own, "update")
        if ran.returncode == 0:
            ran = _apt(work, *own, "download", *packages)
    if ran.returncode != 0:
        raise BuildError(f"`apt-get download {' '.join(packages)}` failed:\n{ran.stderr.strip()}")


def _apt(work: Path, *args: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["apt-get", *args], cwd=work, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BuildError(f"apt-get cannot be run, which only Debian and its children have: {error}") from None


def libraries(root: Path) -> str:
    """The value of LD_LIBRARY_PATH for programs of the folder."""
    return ":".join(str(path) for place in ("usr/lib", "lib") for path in sorted((root / place).glob("*-linux-gnu")))


def program(root: Path, name: str) -> Path:
    """The path of a program of the folder.

    Raises:
        BuildError: It is not there.
    """
    for place in ("usr/sbin", "usr/bin", "sbin", "bin"):
        if (path := root / place / name).is_file():
            return path
    raise BuildError(f"{name} is not in {root}: remove that folder and try again.")
