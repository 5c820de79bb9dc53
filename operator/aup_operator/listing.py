"""Our objects as the API server has them; one that cannot be read is logged and left out."""

import logging
from typing import TypeVar

from aup.api.meta import Kind, Struct
from aup.errors import InputError
from aup.facts import decoded
from aup_operator.kube import Kube

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Struct)


def readable(kube: Kube, kind: Kind, type_: type[T]) -> list[T]:
    """All objects of a kind that can be read."""
    items = []
    for manifest in kube.list(kind.path):
        try:
            items.append(decoded(manifest, type_))
        except InputError as error:
            log.error("an object cannot be read", extra={"kind": kind.kind, "problem": str(error)})  # noqa: TRY400
    return items
