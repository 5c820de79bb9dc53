"""What the operator's loops leave to be seen of passes that fail."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from aup_operator import handlers
from aup_operator.handlers import Pulse
from aup_operator.reconcile import Reconciler
from aup_operator.serving import Serving
from tests.support import eventually

FAILURES = "aup_operator_failures_total"
Loop = Callable[[], Coroutine[Any, Any, None]]


class Failing:
    """Passes that the API server ends."""

    def sync(self, _: object) -> None:
        """Fail."""
        raise OSError("connection refused")


def reconcile() -> Coroutine[Any, Any, None]:
    """The loop over suspensions."""
    return handlers._reconcile_forever(cast(Reconciler, Failing()), asyncio.Event(), 60, Pulse(60))


def serve() -> Coroutine[Any, Any, None]:
    """The loop over the certificate."""
    return handlers._serve_forever(cast(Serving, Failing()), asyncio.Event(), 60)


def value(name: str) -> float:
    """What a scrape reads."""
    return REGISTRY.get_sample_value(name) or 0.0


def begin(loop: Loop) -> None:
    """Run a loop until a failed pass is counted."""
    before = value(FAILURES)

    async def scenario() -> None:
        task = asyncio.create_task(loop())
        await asyncio.to_thread(eventually, lambda: value(FAILURES) > before)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


@pytest.mark.parametrize("loop", [reconcile, serve])
def test_a_pass_that_fails_is_counted(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by one, whichever loop it is of."""
    monkeypatch.setattr(handlers, "_RETRY_SECONDS", 3600.0)
    before = value(FAILURES)

    begin(loop)

    assert value(FAILURES) == before + 1


def test_an_operator_without_a_good_pass_counts_from_its_begin() -> None:
    """Not from 1970, by which an alert would say that the last good pass was decades ago."""
    now = time.time()

    begin(reconcile)

    assert value("aup_operator_synced_timestamp_seconds") >= now
