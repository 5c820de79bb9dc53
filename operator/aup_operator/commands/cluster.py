"""The API server for a command: failures end it with one sentence, and orders carry who gave them."""

from typing import TypeVar

import click

from aup.api import suspension as suspensions
from aup.api import tenant as tenants
from aup.api.meta import Struct
from aup.api.suspension import Suspension
from aup.errors import AupError
from aup.facts import decoded
from aup.review import Json
from aup_operator.kube import MERGE_PATCH, UNREACHABLE, Kube, KubeError, connect

_FIELD_MANAGER = "aup-command"
_FORBIDDEN = 403
_CONNECTIONS = 8
_TRIES = 10

T = TypeVar("T", bound=Struct)


class Cluster:
    """A client whose failures end the command with one sentence."""

    def __enter__(self) -> Kube:
        try:
            return connect(_CONNECTIONS)
        except AupError as error:
            raise click.ClickException(str(error)) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KubeError):
            by_rbac = error.code == _FORBIDDEN and " cannot " in error.message
            hint = "; ask an administrator to bind the ClusterRole aup-abuse-desk to you" if by_rbac else ""
            raise click.ClickException(f"the API server refused: {error}{hint}") from None
        if isinstance(error, UNREACHABLE):
            raise click.ClickException(
                f"the API server cannot be reached: {error}; does KUBECONFIG name the right cluster?"
            ) from None
        if isinstance(error, AupError):
            raise click.ClickException(str(error)) from None


def caller(kube: Kube) -> str:
    """Who the API server says that the caller is; the guard policy lets nobody order in another name."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = kube.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    return str(answer["status"]["userInfo"]["username"])


def everything(kube: Kube, path: str, type_: type[T]) -> list[T]:
    """All objects of one of our kinds."""
    return [decoded(manifest, type_) for manifest in kube.list(path)]


def tenant_known(kube: Kube, name: str) -> bool:
    """Whether there is a tenant of this name."""
    return kube.get(f"{tenants.KIND.path}/{name}") is not None


def suspension(kube: Kube, name: str) -> Suspension:
    """The suspension of this name.

    Raises:
        click.ClickException: There is none.
    """
    manifest = kube.get(f"{suspensions.KIND.path}/{name}")
    if manifest is None:
        raise click.ClickException(f"there is no suspension {name!r}; `aup status` lists them")
    return decoded(manifest, Suspension)


def create(kube: Kube, manifest: Json, *, dry_run: bool = False) -> None:
    """Order a suspension; fields that the API server does not know are refused."""
    kube.request("POST", suspensions.KIND.path, manifest, **_how(dry_run=dry_run))


def change(kube: Kube, one: Suspension, spec: Json) -> None:
    """Change fields of a suspension's spec, if what was ordered is still as it was when it was read.

    The operator writes the status meanwhile; that is no reason to give up.

    Raises:
        click.ClickException: Somebody else has changed it meanwhile.
    """
    name, version = one.metadata.name, one.metadata.resource_version
    for _ in range(_TRIES):
        body = {"metadata": {"resourceVersion": version}, "spec": spec}
        try:
            kube.request("PATCH", f"{suspensions.KIND.path}/{name}", body, MERGE_PATCH, **_how())
        except KubeError as error:
            if not error.conflict:
                raise
        else:
            return
        there = suspension(kube, name).metadata
        if (there.uid, there.generation) != (one.metadata.uid, one.metadata.generation):
            break
        version = there.resource_version
    raise click.ClickException(f"suspension {name} was changed meanwhile; look at it and try again: aup status")


def _how(*, dry_run: bool = False) -> dict[str, str]:
    return {"fieldManager": _FIELD_MANAGER, "fieldValidation": "Strict", "dryRun": "All" if dry_run else ""}
