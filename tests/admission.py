"""AdmissionReviews for what is asked without an API server."""

import msgspec

from aup.review import Review


def admission(review: Review) -> bytes:
    """The AdmissionReview that the API server would send."""
    request = {
        "uid": review.uid or "u-1",
        "kind": {"group": review.group, "version": review.version, "kind": review.kind},
        "resource": {"group": review.group, "version": review.version, "resource": review.resource},
        "subResource": review.subresource,
        "operation": review.operation,
        "namespace": review.namespace,
        "name": review.name,
        "userInfo": {"username": review.user},
        "object": review.object,
        "oldObject": review.old_object or None,
    }
    return msgspec.json.encode({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
