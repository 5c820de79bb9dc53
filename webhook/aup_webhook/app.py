"""The two HTTP applications: reviews over TLS, and health and metrics in plain."""

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp

from aup_webhook.draining import Draining
from aup_webhook.reviews import Reviews
from aup_webhook.snapshot import Snapshot


def review_app(snapshot: Snapshot, max_body_bytes: int, draining: Draining) -> ASGIApp:
    """The application for the API server: reviews, and 404 for everything else."""
    return Reviews(FastAPI(openapi_url=None), snapshot, max_body_bytes, draining)


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
