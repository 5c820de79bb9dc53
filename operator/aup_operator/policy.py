"""The policy that the chart brings: created where it is missing, never changed."""

import logging
from pathlib import Path

import msgspec

from aup.api.acceptable_use_policy import KIND, AcceptableUsePolicy
from aup.errors import InputError
from aup.facts import decoded, gathered
from aup.review import Json
from aup_operator.kube import Kube, KubeError

log = logging.getLogger(__name__)


def read(path: Path) -> Json:
    """An AcceptableUsePolicy from a YAML file.

    Raises:
        InputError: The file cannot be read or is no such policy; the text names the place.
    """
    try:
        manifest: Json = msgspec.json.decode(msgspec.json.encode(msgspec.yaml.decode(path.read_bytes())))
        gathered(policies=[decoded(manifest, AcceptableUsePolicy)])
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(str(path), str(error)) from None
    return manifest


def install(kube: Kube, manifest: Json) -> None:
    """Create the policy unless one of its name is there; a published policy is never changed."""
    try:
        kube.create(KIND.path, manifest)
    except KubeError as error:
        if not error.conflict:
            raise
    else:
        log.info("policy installed", extra={"policy": manifest["metadata"]["name"]})
