"""A real Prometheus that scrapes webhook and operator and evaluates the chart's alerts, and promtool.

Both programs are those on PATH, or else of the Debian package, unpacked into the cache folder.
"""

import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from testbed import debian
from testbed.binaries import outside, say
from testbed.gobuild import BuildError
from testbed.processes import Component, Processes, free_ports
from testbed.tools import Tool

Json = dict[str, Any]

PACKAGE = "prometheus"
PROGRAMS = ("prometheus", "promtool")
OLDEST = (2, 42)
"""That of Debian 12."""

_READY_SECONDS = 30.0


class PrometheusError(Exception):
    """Prometheus did not start, or refused a query; the text says why."""


@cache
def program(name: str) -> Path:
    """The path of `prometheus` or `promtool`.

    Raises:
        testbed.gobuild.BuildError: It is not on PATH, and the package cannot be had.
    """
    found = outside(Tool(name, module="", package="", minimum=OLDEST))
    if found is not None:
        return found
    try:
        return debian.program(debian.unpacked("monitoring", [PACKAGE], say), name)
    except BuildError as error:
        wanted = ".".join(map(str, OLDEST))
        raise BuildError(f"{error}\nOr put {name} {wanted} or newer on PATH.") from None


def promtool(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run promtool; the caller looks at what came of it."""
    command = [str(program("promtool")), *args]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


class Prometheus:
    """One Prometheus on a loopback port, with its data below `folder`.

    Args:
        folder: An empty folder for configuration, data and log.
        jobs: Scrape configurations, as in `scrape_configs`.
        rules: What a PrometheusRule has as its spec.
        interval: Between scrapes and between evaluations, in seconds.
    """

    def __init__(self, folder: Path, jobs: Sequence[Json], rules: Json, interval: float = 1) -> None:
        often = f"{interval * 1000:.0f}ms"
        (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
        (folder / "prometheus.yaml").write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": often, "scrape_timeout": often, "evaluation_interval": often},
                    "rule_files": ["rules.yaml"],
                    "scrape_configs": list(jobs),
                }
            )
        )
        (port,) = free_ports(1)
        self._url = f"http://127.0.0.1:{port}"
        self._processes = Processes(folder, folder, leave_running=False)
        running = self._processes.start(
            "prometheus",
            [
                str(program("prometheus")),
                f"--config.file={folder}/prometheus.yaml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            os.environ,
        )
        try:
            self._wait(running)
        except BaseException:
            self.stop()
            raise

    def query(self, promql: str) -> list[Json]:
        """The samples of an instant query, each with `metric` (its labels) and `value`.

        Raises:
            PrometheusError: Prometheus refused it.
        """
        found: list[Json] = self.get("query", query=promql)["result"]
        return found

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer of the HTTP API, by the path below `/api/v1/`.

        Raises:
            PrometheusError: Prometheus refused it.
        """
        url = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own loopback URL
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise PrometheusError(f"{parameters}: {error.read().decode()}") from None

    def stop(self) -> None:
        """End it; its files stay."""
        self._processes.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self, running: Component) -> None:
        if not running.answers_within(f"{self._url}/-/ready", _READY_SECONDS):
            raise PrometheusError(running.failure())


def job(name: str, endpoints: Mapping[str, Mapping[str, str]], path: str) -> Json:
    """A scrape configuration of loopback endpoints (`host:port` to the labels that a PodMonitor gives a Pod's)."""
    targets = [{"targets": [where], "labels": dict(labels)} for where, labels in endpoints.items()]
    return {"job_name": name, "metrics_path": path, "static_configs": targets}
