"""Calls buildah: chroot isolation, no daemon, a store of its own below the cache folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.image.rootfs import ImageError

CERTIFICATES = Path("/etc/ssl/certs")
"""Mounted into the build, so that a machine whose packages come through a proxy of its own can build as well."""

LARGEST_STORE = 3 * 10**9
"""How many bytes of layers are kept between builds; a cold build makes half a gigabyte."""


class Buildah:
    """buildah with one store."""

    def __init__(self, store: Path) -> None:
        if shutil.which("buildah") is None:
            raise ImageError("buildah is missing: apt-get install buildah")
        # In a mount namespace of its own, so that no mount of the store stays when a command is done.
        self._common = [
            *("unshare", "--mount", "buildah", "--storage-driver=overlay"),
            *(f"--root={store / 'root'}", f"--runroot={store / 'run'}"),
        ]
        self._keep_small(store)

    def build(self, folder: Path, tag: str, arguments: Sequence[str], log: Path) -> None:
        """Build `folder`'s Containerfile; the output goes to stderr a line a step, and all of it to `log`.

        Raises:
            ImageError: It failed; the text has its last lines.
        """
        command = [*self._common, "build", "--isolation=chroot", "--layers", "--pull=never", "--identity-label=false"]
        if CERTIFICATES.is_dir():
            command.append(f"--volume={CERTIFICATES}:{CERTIFICATES}:ro")
        command += [*arguments, f"--tag={tag}", str(folder)]
        pipe, merged, nothing = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL
        with (
            log.open("w") as file,
            subprocess.Popen(command, stdin=nothing, stdout=pipe, stderr=merged, text=True) as process,
        ):
            assert process.stdout is not None  # noqa: S101 - a pipe, as asked for
            for line in process.stdout:
                file.write(line)
                if "STEP " in line:
                    print(f"  {line.rstrip()[:150]}", file=sys.stderr, flush=True)
        if process.returncode != 0:
            last = "\n".join(f"  {line}" for line in log.read_text().splitlines()[-20:])
            raise ImageError(f"buildah failed with exit code {process.returncode}; all of it is in {log}:\n{last}")

    def push(self, tag: str, layout: Path) -> None:
        """Write an image as an OCI layout to a folder."""
        self._run("push", "--quiet", "--format=oci", tag, f"oci:{layout}")

    def digest(self, tag: str) -> str | None:
        """The manifest's digest of an image in the store; None if it is not there."""
        return self._inspected(tag, "FromImageDigest")

    def image(self, tag: str) -> str | None:
        """The id of an image in the store; None if it is not there."""
        return self._inspected(tag, "FromImageID")

    def _keep_small(self, store: Path) -> None:
        """Begin anew when layers of earlier builds have become too many."""
        layers = store / "root" / "overlay-layers" / "layers.json"
        if not layers.is_file():
            return
        size = sum(int(layer.get("diff-size", 0)) for layer in json.loads(layers.read_text()))
        if size > LARGEST_STORE:
            self._run("rmi", "--all", "--force")

    def _inspected(self, tag: str, field: str) -> str | None:
        command = [*self._common, "inspect", "--type=image", tag]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        return str(json.loads(ran.stdout)[field]) if ran.returncode == 0 else None

    def _run(self, *arguments: str) -> str:
        ran = subprocess.run([*self._common, *arguments], capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise ImageError(f"`buildah {' '.join(arguments)}` failed:\n{ran.stderr}")
        return ran.stdout


def epoch() -> str:
    """The time that all files and images bear: `SOURCE_DATE_EPOCH`, or the beginning of 1970.

    A fixed time makes an image's digest change only with its content.
    """
    return os.environ.get("SOURCE_DATE_EPOCH", "0")
