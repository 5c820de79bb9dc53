"""The hot path: `POST /enforce` as a bare ASGI application, in front of all others.

FastAPI's routing and request objects would cost nearly as much CPU again as reading, judging and answering a review
do (docs/performance.md); whatever is not `/enforce` goes on to it.
"""

import logging
import time
from datetime import UTC, datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from aup.engine import decide
from aup.message import SHOWN
from aup.model import Verdict
from aup.review import Review
from aup_webhook import metrics
from aup_webhook.draining import Draining
from aup_webhook.snapshot import Snapshot
from aup_webhook.wire import NotAReviewError, answer, decode

log = logging.getLogger(__name__)

PATH = "/enforce"

_JSON = (b"content-type", b"application/json")
_CLOSE = (b"connection", b"close")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")


class Reviews:
    """Answers AdmissionReviews.

    200 for a review, 400 for a body that is none, 405 for another method, 413 for one over `max_body_bytes`, 503 before
    the snapshot is complete. While the process is draining, a review's connection is closed with its answer.
    """

    def __init__(self, other: ASGIApp, snapshot: Snapshot, max_body_bytes: int, draining: Draining) -> None:
        self._other = other
        self._snapshot = snapshot
        self._max_body_bytes = max_body_bytes
        self._draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._other(scope, receive, send)
            return
        if scope["method"] != "POST":
            await _refuse(send, 405, "post an AdmissionReview", (b"allow", b"POST"))
            return
        body = await self._body(scope, receive)
        if body is None:
            await _refuse(send, 413, f"the review is larger than {self._max_body_bytes} bytes")
            return
        facts = self._snapshot.facts
        if facts is None:
            await _refuse(send, 503, f"not ready: waiting for {', '.join(self._snapshot.missing())}")
            return
        began = time.perf_counter()
        try:
            review = decode(body)
        except NotAReviewError as error:
            await _refuse(send, 400, str(error))
            return
        verdict = decide(review, facts, datetime.now(UTC))
        content = answer(review, verdict)
        if verdict.findings:
            _note(review, verdict)
        metrics.REVIEWS.count("denied" if verdict.denials else "allowed", time.perf_counter() - began)
        await _send(send, 200, content, _JSON, *([_CLOSE] if self._draining.on else []))

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The request's body, or None as soon as it is larger than allowed; empty where the client has gone."""
        length = next((int(value) for name, value in scope["headers"] if name == b"content-length"), 0)
        if length > self._max_body_bytes:
            return None
        message = await receive()
        if not message.get("more_body"):  # nearly always: the whole body came at once
            body: bytes = message.get("body", b"")
            return body if len(body) <= self._max_body_bytes else None
        parts = bytearray(message.get("body", b""))
        while message.get("more_body"):
            message = await receive()
            parts += message.get("body", b"")
            if len(parts) > self._max_body_bytes:
                return None
        return bytes(parts) if message["type"] == "http.request" else b""


async def _send(send: Send, status: int, content: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", b"%d" % len(content))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": content})


async def _refuse(send: Send, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
    metrics.BAD_REQUESTS.labels(str(status)).inc()
    log.warning("request refused", extra={"code": status, "reason": reason})
    await _send(send, status, f"{reason}\n".encode(), _TEXT, *headers)


def _note(review: Review, verdict: Verdict) -> None:
    """Count and log what was found; values are left out of logs, places and rules are not."""
    for finding in verdict.findings:
        metrics.findings(finding.rule, finding.mode).inc()
    for crash in verdict.crashes:
        metrics.CRASHES.labels(crash.rule).inc()
        about = {"decision": review.decision, "object": review.display_name}
        log.error("a rule broke", extra={"rule": crash.rule, "problem": crash.error, **about})
    told = verdict.denials or verdict.warnings
    if told:
        log.info(
            "denied" if verdict.denials else "warned",
            extra={
                "decision": review.decision,
                "object": review.display_name,
                "operation": review.operation,
                "user": review.user,
                "tenant": verdict.tenant,
                "policy": verdict.policy,
                "findings": [f"{finding.rule} {finding.path}" for finding in told[:SHOWN]],
                "found": len(told),
            },
        )
