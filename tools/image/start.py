"""Runs an image's program as a node does: as its user, on a root that cannot be written."""

import subprocess
import tempfile
import time
from pathlib import Path

from tools.image import archive

TRIES = 3


def imports(file: Path, module: str) -> float:
    """Seconds from the start of the process until everything is imported; the best of `TRIES`.

    Raises:
        subprocess.CalledProcessError: Something that it needs is missing, or was left out by mistake.
    """
    read = archive.read(file)
    with tempfile.TemporaryDirectory(prefix="aup-image-") as work:
        Path(work).chmod(0o755)
        archive.unpack(file, Path(work))
        command = [
            *("unshare", "--mount", "sh", "-ec"),
            'mount --bind -o ro "$1" "$1"; root=$1; user=$2; shift 2; exec chroot --userspec="$user" "$root" "$@"',
            *("sh", work, read.config["User"], "python", "-I", "-c", f"import {module}.__main__"),
        ]
        env = dict(line.split("=", 1) for line in read.config["Env"])
        env["PATH"] += ":/usr/sbin:/bin"
        took = []
        for _ in range(TRIES):
            began = time.monotonic()
            subprocess.run(command, env=env, check=True, capture_output=True, text=True)
            took.append(time.monotonic() - began)
    return min(took)
