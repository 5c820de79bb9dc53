"""A Secret's files as the kubelet mounts them into a Pod, where there is no kubelet."""

import base64
import json
import subprocess
import threading
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from testbed.binaries import binary
from testbed.controlplane import ControlPlane

_POLL_SECONDS = 0.05


class MountedSecret:
    """A folder with a Secret's files, which follow the Secret; those of a deleted one stay, as the kubelet leaves them.

    Args:
        plane: Where the Secret is, or will be.
        namespace: Its namespace.
        name: Its name.
        folder: The folder, which is made.
        delay: Seconds by which the files are behind the Secret.
    """

    def __init__(self, plane: ControlPlane, namespace: str, name: str, folder: Path, *, delay: float = 0) -> None:
        self.folder = folder
        self._delay = delay
        self._versions = count(1)
        folder.mkdir(parents=True)
        which = ["secrets", "--namespace", namespace, "--field-selector", f"metadata.name={name}"]
        shape = ["--watch", "--output", 'jsonpath={.data}{"\\n"}']
        self._watch = subprocess.Popen(
            [str(binary("kubectl")), "get", *which, *shape],
            env=plane.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def wait(self, seconds: float = 60) -> None:
        """Wait until the files are there.

        Raises:
            TimeoutError: They are not within the time.
        """
        deadline = time.monotonic() + seconds
        while not (self.folder / "tls.key").is_file():
            if time.monotonic() > deadline:
                raise TimeoutError(f"there is no Secret for {self.folder} after {seconds:.0f} s")
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Follow no more; the files stay."""
        self._watch.terminate()
        self._watch.wait()
        self._thread.join()

    def _follow(self) -> None:
        assert self._watch.stdout is not None  # noqa: S101 - it was asked for
        with self._watch.stdout as lines:
            for line in lines:
                time.sleep(self._delay)
                self._show(json.loads(line))

    def _show(self, data: Mapping[str, str]) -> None:
        """All files at once: they are links through one link, which is replaced."""
        version = self.folder / f"..{next(self._versions)}"
        version.mkdir(mode=0o700)
        for name, value in data.items():
            (version / name).write_bytes(base64.b64decode(value))
        link = self.folder / "..next"
        link.symlink_to(version.name)
        link.replace(self.folder / "..data")
        for name in data:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
