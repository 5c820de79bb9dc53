"""A folder of its own for each test, and `aup` run in it without a process of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aup.cli.main import commands

Run = Callable[..., Result]

POLICY = """\
apiVersion: aup.asergo.com/v1alpha1
kind: AcceptableUsePolicy
metadata: {name: test}
spec:
  version: "2026-01"
  provider: Example Hosting
  announcedAt: 2025-11-01T00:00:00Z
  effectiveAt: 2026-01-01T00:00:00Z
  url: https://hosting.example/aup
  contact: abuse@hosting.example
  documentationURL: https://hosting.example/rules
  rules:
    - {id: AUP1602, mode: warn}
    - {id: AUP3101, mode: audit}
    - {id: AUP1401, mode: "off"} # one finding for hostNetwork is enough here
    - {id: AUP8201, mode: "off"}
---
apiVersion: aup.asergo.com/v1alpha1
kind: Tenant
metadata: {name: acme}
spec: {accountID: "1001", legalName: Acme ApS, country: DK, contacts: {abuse: abuse@acme.example}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {aup.asergo.com/tenant: acme}, annotations: {aup.asergo.com/license: MIT}}
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 2
  template:
    spec:
      hostNetwork: true
      containers:
        - name: app
          image: registry.example/app:1
          securityContext:
            privileged: true
"""

CLEAN = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a policy and a tenant in `facts.yaml`, one denied and one clean manifest."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "facts.yaml").write_text(POLICY)
    (tmp_path / "deploy.yaml").write_text(DEPLOYMENT)
    (tmp_path / "clean.yaml").write_text(CLEAN)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:  # noqa: ARG001 - commands run in it
    """Run `aup` with arguments; an exception that it lets out fails the test."""

    def invoke(*arguments: str, stdin: str | bytes = "") -> Result:
        return CliRunner().invoke(commands, arguments, input=stdin, prog_name="aup", catch_exceptions=False)

    return invoke


@pytest.fixture
def check(run: Run) -> Run:
    """Run `aup check` with the facts of `facts.yaml` at a fixed instant."""

    def invoke(*arguments: str, stdin: str | bytes = "") -> Result:
        return run("check", "--facts", "facts.yaml", "--at", "2026-06-01T00:00:00Z", *arguments, stdin=stdin)

    return invoke
