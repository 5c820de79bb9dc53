"""The two HTTP applications: reviews over TLS, and health and metrics in plain."""

import logging
import time
from datetime import UTC, datetime

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import ClientDisconnect

from aup.engine import decide
from aup.facts import Facts
from aup.message import SHOWN
from aup.model import Verdict
from aup.review import Review
from aup_webhook import metrics
from aup_webhook.snapshot import Snapshot
from aup_webhook.wire import NotAReviewError, Point, answer, decode

log = logging.getLogger(__name__)


class Draining:
    """Whether the process is on its way out, so that `/readyz` says no while requests are still served."""

    def __init__(self) -> None:
        self.on = False


def review_app(snapshot: Snapshot, max_body_bytes: int) -> FastAPI:
    """The application for the API server: POST an AdmissionReview to `/enforce` or `/advise`.

    400 for a body that is no AdmissionReview, 413 for one over `max_body_bytes`, 503 before the snapshot is complete.
    """
    app = FastAPI(openapi_url=None)

    async def reviewed(point: Point, request: Request) -> Response:
        body = await _body(request, max_body_bytes)
        if body is None:
            return _refused(413, f"the review is larger than {max_body_bytes} bytes")
        facts = snapshot.facts
        if facts is None:
            return _refused(503, f"not ready: waiting for {', '.join(snapshot.missing())}")
        began = time.perf_counter()
        try:
            uid, review = decode(body)
        except NotAReviewError as error:
            return _refused(400, str(error))
        content = _answered(point, uid, review, facts)
        metrics.REVIEW_SECONDS.labels(point).observe(time.perf_counter() - began)
        return Response(content, media_type="application/json")

    @app.post("/enforce")
    async def enforce(request: Request) -> Response:
        """Reject what breaks a hard rule."""
        return await reviewed("enforce", request)

    @app.post("/advise")
    async def advise(request: Request) -> Response:
        """Warn, and never reject."""
        return await reviewed("advise", request)

    return app


def plain_app(snapshot: Snapshot, draining: Draining) -> FastAPI:
    """The application for kubelet and Prometheus: `/livez`, `/readyz`, `/metrics`."""
    app = FastAPI(openapi_url=None)

    @app.get("/livez")
    async def livez() -> Response:
        """The event loop turns."""
        return Response("ok\n", media_type="text/plain")

    @app.get("/readyz")
    async def readyz() -> Response:
        """Every list is in and we are not on our way out."""
        if draining.on:
            return Response("shutting down\n", 503, media_type="text/plain")
        if snapshot.facts is None:
            return Response(f"waiting for {', '.join(snapshot.missing())}\n", 503, media_type="text/plain")
        return Response("ok\n", media_type="text/plain")

    @app.get("/metrics")
    async def exposition() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return app


async def _body(request: Request, most: int) -> bytes | None:
    """The request's body, or None as soon as it is larger than `most` bytes."""
    if int(request.headers.get("content-length") or 0) > most:
        return None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)


def _refused(code: int, reason: str) -> Response:
    metrics.BAD_REQUESTS.labels(str(code)).inc()
    log.warning("request refused", extra={"code": code, "reason": reason})
    return Response(reason + "\n", code, media_type="text/plain; charset=utf-8")


def _answered(point: Point, uid: str, review: Review, facts: Facts) -> bytes:
    verdict = decide(review, facts, datetime.now(UTC))
    denied = point == "enforce" and bool(verdict.denials)
    metrics.REVIEWS.labels(point, "denied" if denied else "allowed").inc()
    _note(point, uid, review, verdict)
    return answer(point, uid, review, verdict)


def _note(point: Point, uid: str, review: Review, verdict: Verdict) -> None:
    """Count and log what was found; values are left out of logs, places and rules are not."""
    for finding in verdict.findings:
        metrics.FINDINGS.labels(finding.rule, finding.mode).inc()
    for crash in verdict.crashes:
        metrics.CRASHES.labels(crash.rule).inc()
        log.error("a rule broke", extra={"rule": crash.rule, "problem": crash.error, "object": review.display_name})
    if point == "enforce" and verdict.denials:
        log.info(
            "denied",
            extra={
                "uid": uid,
                "object": review.display_name,
                "operation": review.operation,
                "user": review.user,
                "tenant": verdict.tenant,
                "findings": [f"{finding.rule} {finding.path}" for finding in verdict.denials[:SHOWN]],
                "denials": len(verdict.denials),
            },
        )
