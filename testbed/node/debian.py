"""What the node takes from Debian: runc, the CNI plugins and nft, unpacked into a cache folder, not installed."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from testbed.gobuild import BuildError, cache_root

PACKAGES = (
    "containernetworking-plugins",
    "libedit2",
    "libgmp10",
    "libjansson4",
    "libmnl0",
    "libnftables1",
    "libnftnl11",
    "libseccomp2",
    "libxtables12",
    "nftables",
    "runc",
)


def sysroot(report: Callable[[str], None]) -> Path:
    """The folder with the unpacked packages.

    Raises:
        BuildError: apt-get cannot download them.
    """
    root = cache_root()
    folder = root / f"node-{hashlib.sha256(' '.join(PACKAGES).encode()).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    report(f"downloading {len(PACKAGES)} Debian packages for the node")
    with tempfile.TemporaryDirectory(prefix=".node-", dir=root) as work:
        ran = subprocess.run(["apt-get", "download", *PACKAGES], cwd=work, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise BuildError(f"`apt-get download` failed; run `apt-get update` first:\n{ran.stderr}")
        unpacked = Path(work, "root")
        for archive in sorted(Path(work).glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", archive, unpacked], check=True)
        shutil.move(unpacked, folder)
    return folder


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
