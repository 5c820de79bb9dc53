"""AdmissionReview v1 as it goes over the wire: decoded into types, answered from a verdict."""

from typing import Any, Literal

import msgspec

from aup.message import rejection, warning
from aup.model import Verdict
from aup.review import Json, Operation, Review

Point = Literal["enforce", "advise"]
"""`enforce` rejects and says why; `advise` never rejects and carries the warnings."""

_WARNINGS = 16
"""Warnings sent at most: the API server cuts them off at 4 KiB in all."""


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


class AdmissionRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The parts of `request` that we judge; anything else is not even decoded."""

    uid: str
    kind: _Kind
    resource: _Resource
    operation: Operation
    sub_resource: str = ""
    name: str = ""
    namespace: str = ""
    user_info: _User = _User()
    object: dict[str, Any] | None = None
    old_object: dict[str, Any] | None = None


class AdmissionReview(msgspec.Struct, frozen=True, rename="camel"):
    """An AdmissionReview of the API server's asking."""

    api_version: Literal["admission.k8s.io/v1"]
    kind: Literal["AdmissionReview"]
    request: AdmissionRequest


_decoder = msgspec.json.Decoder(AdmissionReview)


class NotAReviewError(Exception):
    """The body is no AdmissionReview v1; the text says where it is not."""


def decode(body: bytes) -> tuple[str, Review]:
    """The request's uid and the review in a body.

    Raises:
        NotAReviewError: The body is no AdmissionReview v1.
    """
    try:
        request = _decoder.decode(body).request
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotAReviewError(f"not an admission.k8s.io/v1 AdmissionReview: {error}") from None
    except RecursionError:
        raise NotAReviewError("not an AdmissionReview: nested too deeply") from None
    return request.uid, Review(
        operation=request.operation,
        group=request.kind.group,
        version=request.kind.version,
        kind=request.kind.kind,
        resource=request.resource.resource,
        subresource=request.sub_resource,
        namespace=request.namespace,
        name=request.name,
        user=request.user_info.username,
        object=request.object or {},
        old_object=request.old_object or {},
    )


def answer(point: Point, uid: str, review: Review, verdict: Verdict) -> bytes:
    """The AdmissionReview to send back."""
    response: Json = {"uid": uid, "allowed": True}
    if point == "enforce" and verdict.denials:
        response["allowed"] = False
        response["status"] = _status(review, verdict)
    elif point == "advise" and verdict.warnings:
        response["warnings"] = [warning(finding) for finding in verdict.warnings[:_WARNINGS]]
    if verdict.findings:
        response["auditAnnotations"] = _audit(verdict)
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


def _audit(verdict: Verdict) -> dict[str, str]:
    """What the API server writes into its audit log; it prefixes the keys with the webhook's name."""
    notes = {"policy": verdict.policy, "tenant": verdict.tenant}
    for mode in ("deny", "warn", "audit"):
        rules = sorted({finding.rule for finding in verdict.findings if finding.mode == mode})
        if rules:
            notes[mode] = ",".join(rules)
    permits = sorted({finding.permit for finding in verdict.findings if finding.permit})
    if permits:
        notes["permits"] = ",".join(permits)
    return notes
