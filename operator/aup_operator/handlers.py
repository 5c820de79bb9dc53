"""kopf's part: it watches our kinds and wakes the reconciler, which looks for itself."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import kopf

from aup.api import (
    acceptable_use_policy,
    indicator_list,
    license_entitlement,
    permit,
    screening_list,
    signature_list,
    suspension,
    tenant,
)
from aup.api.meta import ENTITLEMENT_ANNOTATION, GROUP, LICENSE_ANNOTATION, QUOTA_LABEL, TENANT_LABEL, VERSION
from aup.review import Json, mapping
from aup_operator import metrics
from aup_operator.audit import Audit
from aup_operator.protection import PLURALS, Protection
from aup_operator.reconcile import Reconciler
from aup_operator.serving import Serving
from aup_operator.settings import Settings
from aup_operator.suspending import Pace
from aup_operator.totals import Totals

log = logging.getLogger(__name__)

_SOON_SECONDS = 0.5
"""Between passes while a suspension or lift is on its way."""

_WATCHFUL_SECONDS = 3.0
"""Between passes while something is held down: what comes up again all the same goes down within seconds."""

_WATCHFUL_REST = 3
"""Such passes rest so many times what one takes, so that held tenants take no more than a quarter of our time."""

_BURST_SECONDS = 0.1
"""From the begin of one pass to the next, at least: of a burst, the first event is heeded at once, others together."""

_REST = 4
"""From a pass over totals to the next passes at least so many times what one takes, however much changes."""

_PATIENT_PASSES = 20
"""Passes before the pause between them grows, up to the resync interval."""

_TOLD_SECONDS = 2.0
"""How long changes of what tenants use are gathered before it is told in their status."""

_GATHERED_SECONDS = 0.5
"""How long changes of what an audit judges by are gathered."""

_AUDIT_REST = 4
"""From an audit to the next passes at least so many times what one takes, at most the interval."""

_AGAIN_SECONDS = 30.0
"""From an audit that found something new to the next, which tells whether that was only on its way."""

_AUDITED = (
    acceptable_use_policy.KIND,
    tenant.KIND,
    permit.KIND,
    license_entitlement.KIND,
    indicator_list.KIND,
    screening_list.KIND,
    signature_list.KIND,
)
"""Our kinds whose change may change what an audit finds; so may a namespace that joins a tenant."""

_ADMISSION = ("admissionregistration.k8s.io", "v1")
"""The group and version of what the API server asks before it stores something."""

_TRUSTED_SECONDS = 3.0
"""Between looks at the webhook's certificate, of two small reads each: while it is not trusted, changes are refused."""

_HUNG_SECONDS = 600.0
"""A pass that takes longer hangs: each call to the API server ends by itself, so only a new process can help."""

_RETRY_SECONDS = 5.0
"""After a pass that failed altogether, such as when the API server is away."""


class Pulse:
    """Tells whether passes end, be it badly: while the API server is away, a new process helps nobody."""

    def __init__(self, pause: float) -> None:
        self._longest = pause + _HUNG_SECONDS
        self._at = time.monotonic()

    def beat(self) -> None:
        """A pass has ended."""
        self._at = time.monotonic()

    def check(self) -> float:
        """Seconds since the last pass ended.

        Raises:
            kopf.PermanentError: It is so long ago that the kubelet should start us again.
        """
        age = time.monotonic() - self._at
        if age > self._longest:
            raise kopf.PermanentError(f"no pass has ended for {age:.0f} s")
        return age


class Seen:
    """Tells changes of what somebody wrote from those of a status, which would make an audit follow from itself."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, ...]] = {}

    def changed(self, event: Mapping[str, Any]) -> bool:
        """Whether an object is new, gone, or other than it was."""
        metadata = mapping(event["object"].get("metadata"))
        uid = str(metadata.get("uid"))
        if event.get("type") == "DELETED":
            self._known.pop(uid, None)
            return True
        version = _version(metadata)
        new = self._known.get(uid) != version
        self._known[uid] = version
        return new


def _version(metadata: Json) -> tuple[object, ...]:
    """What of an object's metadata changes with its spec, or with what a Namespace says of its tenant."""
    labels, annotations = mapping(metadata.get("labels")), mapping(metadata.get("annotations"))
    inherited = annotations.get(LICENSE_ANNOTATION), annotations.get(ENTITLEMENT_ANNOTATION)
    return metadata.get("generation"), labels.get(TENANT_LABEL), *inherited


def register(
    registry: kopf.OperatorRegistry, reconciler: Reconciler, totals: Totals, audit: Audit, settings: Settings
) -> None:
    """Put the handlers into a registry."""
    wake, counted, audited = asyncio.Event(), asyncio.Event(), asyncio.Event()
    pulse = Pulse(settings.resync_seconds)

    kopf.on.login(registry=registry)(kopf.login_via_client)

    @kopf.on.startup(registry=registry)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.posting.enabled = False  # Events are ours to write
        settings.watching.server_timeout = 300
        settings.watching.connect_timeout = 10
        settings.watching.label_selectors["namespaces"] = namespaces
        settings.watching.label_selectors["resourcequotas"] = f"{QUOTA_LABEL}=true"

    @kopf.on.probe(id="last-pass-seconds", registry=registry)
    async def last_pass_seconds(**_: Any) -> float:
        return pulse.check()

    seen = Seen()

    async def changed(event: kopf.RawEvent, **_: Any) -> None:
        if seen.changed(event):
            wake.set()
            counted.set()

    resync, interval = settings.resync_seconds, settings.audit_interval
    namespaces = "" if settings.cluster_tenant else TENANT_LABEL  # one tenant's cluster has no others
    for kind in (suspension.KIND, tenant.KIND, permit.KIND, acceptable_use_policy.KIND):
        kopf.on.event(GROUP, VERSION, kind.plural, id=f"wake-{kind.plural}", registry=registry)(changed)
    for resource in ("namespaces", "resourcequotas"):
        kopf.on.event("", "v1", resource, id=f"wake-{resource}", registry=registry)(_sets(counted))
    _join_on_creation(registry, wake)
    _audit_on_change(registry, audited)
    _beside(registry, "reconcile", partial(_reconcile_forever, reconciler, wake, resync, pulse))
    _beside(registry, "count", partial(_count_forever, totals, counted, wake, resync))
    _beside(registry, "audit", partial(_audit_forever, audit, audited, wake, interval))


def _beside(registry: kopf.OperatorRegistry, name: str, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a loop of ours beside kopf's, for as long as the operator runs."""
    tasks: list[asyncio.Task[None]] = []

    @kopf.on.startup(id=f"begin-{name}", registry=registry)
    async def begin(**_: Any) -> None:
        tasks.append(asyncio.create_task(loop()))

    @kopf.on.cleanup(id=f"end-{name}", registry=registry)
    async def end(**_: Any) -> None:
        for task in tasks:
            task.cancel()


def _sets(event: asyncio.Event) -> Callable[..., Coroutine[Any, Any, None]]:
    """A handler that wakes a loop, whatever happened."""

    async def happened(**_: Any) -> None:
        event.set()

    return happened


def _join_on_creation(registry: kopf.OperatorRegistry, wake: asyncio.Event) -> None:
    """Have a pass follow a namespace without a tenant: it joins the one that has the cluster, or is not watched."""

    async def made(event: kopf.RawEvent, **_: Any) -> None:
        if TENANT_LABEL not in mapping(mapping(event["object"].get("metadata")).get("labels")):
            wake.set()

    kopf.on.event("", "v1", "namespaces", id="join-namespaces", registry=registry)(made)


def _audit_on_change(registry: kopf.OperatorRegistry, audited: asyncio.Event) -> None:
    """Have an audit follow each change of what it judges by."""
    seen = Seen()

    async def changed(event: kopf.RawEvent, **_: Any) -> None:
        if seen.changed(event):
            audited.set()

    for kind in _AUDITED:
        kopf.on.event(GROUP, VERSION, kind.plural, id=f"audit-{kind.plural}", registry=registry)(changed)
    kopf.on.event("", "v1", "namespaces", id="audit-namespaces", registry=registry)(changed)


def keep_protection(registry: kopf.OperatorRegistry, protection: Protection, settings: Settings) -> None:
    """Have an eye on what holds tenants, in a loop of its own, so that nothing holds it up."""
    lost = asyncio.Event()
    for plural in PLURALS.values():
        kopf.on.event(*_ADMISSION, plural, id=f"protect-{plural}", registry=registry)(_sets(lost))
    _beside(registry, "protection", partial(_protect_forever, protection, lost, settings.resync_seconds))


def keep_certificate(registry: kopf.OperatorRegistry, serving: Serving, settings: Settings) -> None:
    """Have the webhook's certificate kept, in a loop of its own, since a renewal waits for the API servers."""
    distrusted = asyncio.Event()
    configurations = PLURALS["ValidatingWebhookConfiguration"]
    kopf.on.event(*_ADMISSION, configurations, id="trust-webhook", registry=registry)(_sets(distrusted))
    pause = min(settings.resync_seconds, _TRUSTED_SECONDS)
    _beside(registry, "certificate", partial(_serve_forever, serving, distrusted, pause))


async def _reconcile_forever(reconciler: Reconciler, wake: asyncio.Event, resync: float, pulse: Pulse) -> None:
    passes = 0
    metrics.SYNCED.set_to_current_time()
    while True:
        wake.clear()
        began = time.monotonic()
        try:
            pace = await asyncio.to_thread(reconciler.sync, datetime.now(UTC))
            passes = passes + 1 if pace == Pace.BUSY else 0
            pause = min(_pause(pace, passes, time.monotonic() - began), resync)
            metrics.SYNCED.set_to_current_time()
        except Exception:
            metrics.FAILURES.inc()
            log.exception("a pass failed; trying again in %s s", _RETRY_SECONDS)
            pause = _RETRY_SECONDS
        pulse.beat()
        metrics.SYNC_SECONDS.observe(time.monotonic() - began)
        await _woken(wake, pause)
        await asyncio.sleep(max(0.0, began + _BURST_SECONDS - time.monotonic()))


def _pause(pace: Pace, passes: int, took: float) -> float:
    """Seconds to the next pass over suspensions, at most the resync interval."""
    if pace == Pace.BUSY:
        # What is still on its way after a while waits for something, such as a Pod that takes long to end.
        return _SOON_SECONDS * max(1, passes // _PATIENT_PASSES)
    return max(_WATCHFUL_SECONDS, _WATCHFUL_REST * took) if pace == Pace.HOLDING else math.inf


async def _count_forever(totals: Totals, counted: asyncio.Event, wake: asyncio.Event, resync: float) -> None:
    """Keep the tenants' totals, in a loop of its own, so that no suspension holds it up."""
    telling: asyncio.TimerHandle | None = None
    loop = asyncio.get_running_loop()
    while True:
        counted.clear()
        began = loop.time()
        pause = resync
        try:
            await asyncio.to_thread(totals.sync, datetime.now(UTC))
        except Exception:
            metrics.FAILURES.inc()
            log.exception("a pass over totals failed; trying again in %s s", _RETRY_SECONDS)
            pause = _RETRY_SECONDS
        rested = loop.time() + min(_REST * (loop.time() - began), _TOLD_SECONDS)
        if await _woken(counted, pause):
            if telling is None or telling.when() <= loop.time():
                telling = loop.call_later(_TOLD_SECONDS, wake.set)
            await asyncio.sleep(max(_BURST_SECONDS, rested - loop.time()))


async def _audit_forever(audit: Audit, audited: asyncio.Event, wake: asyncio.Event, interval: float) -> None:
    """Judge what is stored, in a loop of its own.

    A change that comes when it has rested is judged at once; however much changes, it works a fifth of the time.
    """
    loop = asyncio.get_running_loop()
    while True:
        audited.clear()
        began = loop.time()
        pause = interval
        try:
            if await asyncio.to_thread(audit.sync, datetime.now(UTC)):
                pause = min(_AGAIN_SECONDS, interval)
                wake.set()
        except Exception:
            metrics.FAILURES.inc()
            log.exception("an audit failed; trying again in %s s", _RETRY_SECONDS)
            pause = _RETRY_SECONDS
        took = loop.time() - began
        metrics.AUDIT_SECONDS.observe(took)
        rested = loop.time() + min(_AUDIT_REST * took, interval)
        if await _woken(audited, pause):
            await asyncio.sleep(max(_GATHERED_SECONDS, rested - loop.time()))


async def _protect_forever(protection: Protection, lost: asyncio.Event, pause: float) -> None:
    while True:
        lost.clear()
        try:
            waits = await asyncio.to_thread(protection.sync)
            await _woken(lost, min(_TOLD_SECONDS, pause) if waits else pause)
            await asyncio.sleep(_GATHERED_SECONDS)
        except Exception:
            metrics.FAILURES.inc()
            log.exception("a look at what holds tenants failed; trying again in %s s", _RETRY_SECONDS)
            await asyncio.sleep(_RETRY_SECONDS)


async def _serve_forever(serving: Serving, distrusted: asyncio.Event, pause: float) -> None:
    while True:
        distrusted.clear()
        try:
            await asyncio.to_thread(serving.sync, datetime.now(UTC))
            await _woken(distrusted, pause)
        except Exception:
            metrics.FAILURES.inc()
            log.exception("a pass over the certificate failed; trying again in %s s", _RETRY_SECONDS)
            await asyncio.sleep(_RETRY_SECONDS)


async def _woken(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event; whether it came within the time."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
