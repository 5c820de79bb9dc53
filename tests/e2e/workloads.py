"""Containers that the node can run without a registry."""

from typing import Any

from testbed.node.images import WORKLOAD
from tests.support import container

Json = dict[str, Any]


def shop(**fields: Any) -> Json:
    """A container of the image that the node has."""
    return container(image=WORKLOAD, imagePullPolicy="Never", **fields)
