"""AdmissionReview v1 as it goes over the wire: decoded into types, answered from a verdict."""

from typing import Any, Generic, Literal, TypeVar

import msgspec

from aup.judged import BUILT_IN, Manifest
from aup.message import rejection, warning
from aup.model import Verdict
from aup.review import Json, Operation, Review

_WARNINGS = 16
"""Warnings sent at most: the API server cuts them off at 4 KiB in all."""

_Object = TypeVar("_Object")


class _Kind(msgspec.Struct, frozen=True):
    group: str = ""
    version: str = ""
    kind: str = ""


class _Resource(msgspec.Struct, frozen=True):
    group: str = ""
    version: str = ""
    resource: str = ""


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _Request(msgspec.Struct, Generic[_Object], frozen=True, rename="camel"):
    uid: str
    kind: _Kind
    resource: _Resource
    operation: Operation
    sub_resource: str = ""
    name: str = ""
    namespace: str = ""
    user_info: _User = _User()
    object: _Object | None = None
    old_object: _Object | None = None


class _AdmissionReview(msgspec.Struct, Generic[_Object], frozen=True, rename="camel"):
    api_version: Literal["admission.k8s.io/v1"]
    kind: Literal["AdmissionReview"]
    request: _Request[_Object]


# The first keeps to what is judged of built-in kinds, the second takes all of an object of any kind and form.
_judged = msgspec.json.Decoder(_AdmissionReview[Manifest])
_whole = msgspec.json.Decoder(_AdmissionReview[dict[str, Any]])


class NotAReviewError(Exception):
    """The body is no AdmissionReview v1; the text says where it is not."""


def decode(body: bytes) -> Review:
    """The review in a body; of a built-in kind's object, what is judged.

    Raises:
        NotAReviewError: The body is no AdmissionReview v1.
    """
    request: _Request[Any] = _request(body)
    kind = request.kind
    return Review(
        uid=request.uid,
        operation=request.operation,
        group=kind.group,
        version=kind.version,
        kind=kind.kind,
        resource=request.resource.resource,
        subresource=request.sub_resource,
        namespace=request.namespace,
        name=request.name,
        user=request.user_info.username,
        object=request.object or {},
        old_object=request.old_object or {},
    )


def _request(body: bytes) -> _Request[Any]:
    try:
        try:
            request = _judged.decode(body).request
            if (request.kind.group, request.kind.kind) in BUILT_IN:
                return request
        except msgspec.ValidationError:
            pass  # a field of another type than Kubernetes gives it, which is data as well
        return _whole.decode(body).request
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotAReviewError(f"not an admission.k8s.io/v1 AdmissionReview: {error}") from None
    except RecursionError:
        raise NotAReviewError("not an AdmissionReview: nested too deeply") from None


_ALLOWED = b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":%b,"allowed":true}}'


def answer(review: Review, verdict: Verdict) -> bytes:
    """The AdmissionReview to send back: rejected with the reasons or allowed, and warned of what does not reject."""
    if not verdict.findings:
        return _ALLOWED % msgspec.json.encode(review.uid)
    denials, warnings = verdict.denials, verdict.warnings
    response: Json = {"uid": review.uid, "allowed": not denials, "auditAnnotations": _audit(review, verdict)}
    if denials:
        response["status"] = _status(review, verdict)
    if warnings:
        response["warnings"] = [warning(finding, review.decision) for finding in warnings[:_WARNINGS]]
    return msgspec.json.encode({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})


def _status(review: Review, verdict: Verdict) -> Json:
    return {
        "code": 403,
        "reason": "Forbidden",
        "message": rejection(review, verdict),
        "details": {
            "name": review.name,
            "group": review.group,
            "kind": review.kind,
            "causes": [
                {
                    "reason": finding.rule,
                    "field": finding.path,
                    "message": f"{finding.message} Found: {finding.found}. Fix: {finding.fix} {finding.url}",
                }
                for finding in verdict.denials
            ],
        },
    }


def _audit(review: Review, verdict: Verdict) -> dict[str, str]:
    """What the API server writes into its audit log; it prefixes the keys with the webhook's name."""
    notes = {"decision": review.decision, "policy": verdict.policy, "tenant": verdict.tenant}
    found: dict[str, set[str]] = {}
    for finding in verdict.findings:
        found.setdefault(finding.mode, set()).add(finding.rule)
        if finding.permit:
            found.setdefault("permits", set()).add(finding.permit)
    return notes | {key: ",".join(sorted(names)) for key, names in found.items()}
