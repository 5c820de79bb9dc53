"""kopf's part: it watches our kinds and wakes the reconciler, which looks for itself."""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any

import kopf

from aup.api import acceptable_use_policy, permit, suspension, tenant
from aup.api.meta import GROUP, VERSION
from aup_operator import metrics
from aup_operator.reconcile import Reconciler
from aup_operator.settings import Settings

log = logging.getLogger(__name__)

_SOON_SECONDS = 0.5
"""Between passes while a suspension or lift is on its way."""

_PATIENT_PASSES = 20
"""Passes before the pause between them grows, up to the resync interval."""

_RETRY_SECONDS = 5.0
"""After a pass that failed altogether, such as when the API server is away."""


def register(registry: kopf.OperatorRegistry, reconciler: Reconciler, settings: Settings) -> None:
    """Put the handlers into a registry."""
    wake = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    kopf.on.login(registry=registry)(kopf.login_via_client)

    @kopf.on.startup(registry=registry)
    async def begin(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.posting.enabled = False  # Events are ours to write
        settings.watching.server_timeout = 300
        settings.watching.connect_timeout = 10
        tasks.append(asyncio.create_task(forever()))

    @kopf.on.cleanup(registry=registry)
    async def end(**_: Any) -> None:
        for task in tasks:
            task.cancel()

    for kind in (suspension.KIND, tenant.KIND, permit.KIND, acceptable_use_policy.KIND):

        @kopf.on.event(GROUP, VERSION, kind.plural, id=f"wake-{kind.plural}", registry=registry)
        async def changed(**_: Any) -> None:
            wake.set()

    async def forever() -> None:
        passes = 0
        while True:
            wake.clear()
            began = time.monotonic()
            try:
                busy = await asyncio.to_thread(reconciler.sync, datetime.now(UTC))
                passes = passes + 1 if busy else 0
                # What is still on its way after a while waits for something, such as a Pod that takes long to end.
                pause = _SOON_SECONDS * max(1, passes // _PATIENT_PASSES) if busy else settings.resync_seconds
                pause = min(pause, settings.resync_seconds)
                metrics.SYNCED.set(time.time())
            except Exception:
                log.exception("a pass failed; trying again in %s s", _RETRY_SECONDS)
                pause = _RETRY_SECONDS
            metrics.SYNC_SECONDS.observe(time.monotonic() - began)
            try:
                await asyncio.wait_for(wake.wait(), pause)
            except TimeoutError:
                continue
            await asyncio.sleep(_SOON_SECONDS / 5)  # let a burst of events become one pass
