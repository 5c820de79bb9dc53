"""The load generator in `load/`, built once and run on a core of its own."""

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from testbed.gobuild import go_environment, toolchain

_FOLDER = Path(__file__).resolve().parent / "load"


class LoadError(Exception):
    """The generator did not do what was asked; the text is its own."""


class Load(msgspec.Struct, frozen=True):
    """What a run measured; times in microseconds, from the send, or in the open loop from when it was due."""

    requests: int
    requests_per_second: float
    p50: float
    p99: float
    p999: float
    generator_cpu: float


class Generator:
    """Sends bodies to a server on this machine.

    Args:
        folder: Where the program and the bodies go.
        authority: PEM of the certificate authority to trust.
        core: The core that it runs on.
    """

    def __init__(self, folder: Path, authority: bytes, core: int) -> None:
        environment = go_environment(os.environ, folder)
        self.program = folder / "load"
        built = subprocess.run(
            [toolchain(environment).command, "build", "-trimpath", "-o", str(self.program), "."],
            cwd=_FOLDER,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode:
            raise LoadError(f"the load generator cannot be built:\n{built.stderr}")
        self._folder = folder
        self._authority = folder / "ca.pem"
        self._authority.write_bytes(authority)
        self._core = core

    def bodies(self, name: str, bodies: Iterable[bytes]) -> Path:
        """Write bodies to be sent in turn."""
        path = self._folder / f"{name}.jsonl"
        path.write_bytes(b"\n".join(bodies) + b"\n")
        return path

    def start(self, port: int, bodies: Path, expect: str, **options: str) -> "subprocess.Popen[str]":
        """Begin a run; `options` are the program's own, such as `mode` and `duration`."""
        flags = [word for name, value in options.items() for word in (f"-{name}", value)]
        url = f"https://localhost:{port}/enforce"
        command = [str(self.program), "-url", url, "-ca", str(self._authority), "-bodies", str(bodies)]
        return subprocess.Popen(
            ["taskset", "-c", str(self._core), *command, "-expect", expect, *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, port: int, bodies: Path, expect: str, **options: str) -> Load:
        """A whole run.

        Raises:
            LoadError: It failed, or an answer was not what was expected.
        """
        return finished(self.start(port, bodies, expect, **options))


def finished(process: "subprocess.Popen[str]") -> Load:
    """What a run measured, once it is over.

    Raises:
        LoadError: It failed, or an answer was not what was expected.
    """
    output, errors = process.communicate(timeout=120)
    if process.returncode:
        raise LoadError(errors.strip())
    said: dict[str, Any] = json.loads(output)
    if said["errors"]:
        raise LoadError(f"wrong answers: {said['errors']}, such as {said['error_bodies'][:1]}")
    latency = said["latency_us"]
    return Load(
        requests=said["requests"],
        requests_per_second=said["requests_per_second"],
        p50=latency["p50"],
        p99=latency["p99"],
        p999=latency["p999"],
        generator_cpu=said["generator_cpu_per_request_us"],
    )
