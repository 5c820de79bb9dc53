"""Who owned a field owns it again after a lift, and nothing is ours."""

from typing import Any

import pytest

from aup.api.suspension_record import FieldValue, Owner
from aup_operator.managed_fields import given_back, handed_over, owners

Json = dict[str, Any]


def entry(manager: str, fields: Json, operation: str = "Update", **more: str) -> Json:
    """An entry of managedFields."""
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **more,
    }


def owner(manager: str, operation: str = "Update", whole: str = "") -> Owner:
    """What a record says of an owner."""
    return Owner(manager=manager, operation=operation, api_version="apps/v1", whole=whole)  # type: ignore[arg-type]


def managed(*entries: Json) -> Json:
    """An object with these entries."""
    return {"metadata": {"managedFields": list(entries)}}


REPLICAS = {"f:spec": {".": {}, "f:replicas": {}}}
OURS = entry("aup-operator", {"f:spec": {"f:replicas": {}}})


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (REPLICAS, [owner("helm")]),
        ({"f:spec": {"f:paused": {}}}, []),
        ({"f:metadata": {}}, []),
        ({"f:spec": {}}, [owner("helm", whole="/spec")]),
        ({}, []),
    ],
    ids=["the field", "another field", "elsewhere", "the whole spec", "nothing"],
)
def test_who_owns_a_field_is_recorded(fields: Json, found: list[Owner]) -> None:
    """Also who owns a map around it that Kubernetes treats as one value."""
    assert owners(managed(entry("helm", fields)), "/spec/replicas") == found


def test_a_key_with_a_slash_is_found() -> None:
    """JSON Pointer writes it as ~1."""
    fields = {"f:metadata": {"f:annotations": {"f:cnpg.io/hibernation": {}}}}
    assert owners(managed(entry("helm", fields)), "/metadata/annotations/cnpg.io~1hibernation") == [owner("helm")]


@pytest.mark.parametrize(
    ("left", "recorded", "back"),
    [
        ([entry("helm", {"f:spec": {}}), OURS], [owner("helm")], [entry("helm", REPLICAS)]),
        (
            [entry("helm", {"f:spec": {"f:paused": {}}}, "Apply"), OURS],
            [owner("helm", "Apply")],
            [entry("helm", {"f:spec": {"f:paused": {}, "f:replicas": {}}}, "Apply")],
        ),
        ([OURS], [owner("helm")], [entry("helm", {"f:spec": {"f:replicas": {}}})]),
        ([OURS], [], [{}]),
        ([OURS], [owner("helm", whole="/spec")], [entry("helm", {"f:spec": {}})]),
        ([entry("helm", REPLICAS)], [owner("helm")], None),
    ],
    ids=["lost it", "applied it", "is not there any more", "nobody", "owned it whole", "has it already"],
)
def test_ownership_is_given_back(left: list[Json], recorded: list[Owner], back: list[Json] | None) -> None:
    """An empty list would change nothing, so one with an empty entry clears it."""
    field = FieldValue(path="/spec/replicas", present=True, value="3", owners=recorded)
    assert given_back(managed(*left), [field]) == back


def test_what_we_create_again_is_handed_over_whole() -> None:
    """With the entries that were archived; those of the server's own stay."""
    scheduler = entry("kube-scheduler", {"f:spec": {"f:nodeName": {}}})
    assert handed_over(managed(OURS, scheduler), [entry("helm", REPLICAS)]) == [scheduler, entry("helm", REPLICAS)]
    assert handed_over(managed(entry("helm", REPLICAS)), [entry("helm", REPLICAS)]) is None
