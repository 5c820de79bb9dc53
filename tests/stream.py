"""A stream of changes of a tenant, each of which must be judged: what is refused for another reason is a failure."""

import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from testbed.api import CREATED, Api
from testbed.controlplane import ControlPlane
from tests.background import Background
from tests.support import pod

FORBIDDEN = 403
RATE = 10
"""Changes a second."""


class Stream(Background):
    """Pods are created for rehearsal, one that keeps the policy and one that breaks it by turns, until the block ends.

    Attributes:
        right: How many were judged as they should be.
        wrong: What was answered else, and how often.
    """

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        super().__init__()
        pki, server = plane.run_dir / "pki", urlsplit(plane.server)
        self._api = Api(pki / "ca.crt", pki / "admin.crt", pki / "admin.key", server.hostname or "", timeout=60)
        self._port = server.port or 443
        self._path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
        self.right = 0
        self.wrong: Counter[str] = Counter()

    def _run(self) -> None:
        good, bad = pod("good"), pod("bad", hostNetwork=True)
        while not self._ended.is_set():
            began = time.monotonic()
            self._send(good, CREATED, "")
            self._send(bad, FORBIDDEN, "AUP1301")
            self._ended.wait(max(0.0, 2 / RATE - (time.monotonic() - began)))

    def _send(self, body: dict[str, Any], code: int, word: str) -> None:
        answer, text = self._api.request("POST", self._port, self._path, body)
        if answer == code and word in text:
            self.right += 1
        else:
            self.wrong[f"{answer}: {text[:300]}"] += 1
