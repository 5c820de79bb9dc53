"""Kubeconfig files: one cluster, one user, one context each."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def encoded(pem: bytes) -> str:
    """PEM as a kubeconfig's `...-data` fields want it."""
    return base64.b64encode(pem).decode()


def decoded(data: str) -> bytes:
    """The reverse of `encoded`."""
    return base64.b64decode(data)


def certificate_user(certificate: bytes, key: bytes) -> dict[str, str]:
    """The `user` entry for a client certificate, both parts in PEM."""
    return {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}


def file_name(name: str) -> str:
    """A file name for a user's name: readable, and two different users never share one."""
    safe = re.sub(r"[^A-Za-z0-9.-]", "_", name)
    if safe != name:
        safe = f"{safe[:80]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"{safe}.kubeconfig"


def write(path: Path, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> Path:
    """Write a kubeconfig with mode 0600 and return its path.

    Args:
        path: The file; an older one is replaced.
        cluster: The `cluster` entry, for instance `server` and `certificate-authority-data`.
        user: The `user` entry, for instance `token`, or `client-certificate-data` and `client-key-data`.
    """
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": dict(cluster)}],
        "users": [{"name": "testbed", "user": dict(user)}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "testbed"}}],
        "current-context": "testbed",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    # JSON is YAML too, and every reader of kubeconfigs takes it.
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path
