"""What `helm template` makes of the chart, for the tests of it."""

import base64
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from testbed.binaries import binary

Json = dict[str, Any]

CHART = Path(__file__).resolve().parents[2] / "charts" / "aup"
NAMESPACE = "aup-system"
BUNDLE = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n").decode()
BROUGHT = f"webhook.tls.mode=existingSecret,webhook.tls.caBundle={BUNDLE}"
"""The values of a user who brings the certificate."""
FULL = CHART / "ci" / "full-values.yaml"
"""Every option on."""


def template(*values: str, show: str = "") -> subprocess.CompletedProcess[str]:
    """`helm template` with `--set` values, or values files; only one of its templates if `show` names it."""
    sets = [part for value in values for part in ("--values" if value.endswith(".yaml") else "--set", value)]
    command = [str(binary("helm")), "template", "aup", str(CHART), "--namespace", NAMESPACE, *sets]
    command += ["--show-only", f"templates/{show}"] if show else []
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))


@cache
def render(*values: str) -> tuple[Json, ...]:
    """All objects that the chart makes with these values."""
    done = template(*values)
    assert done.returncode == 0, done.stderr
    return tuple(document for document in yaml.safe_load_all(done.stdout) if document)


def one(kind: str, name: str, *values: str) -> Json:
    """The one object of a kind and name."""
    (found,) = [each for each in render(*values) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def kinds(*values: str) -> set[str]:
    """The kinds that the chart makes."""
    return {each["kind"] for each in render(*values)}
