"""`python -Im aup_webhook`: serve until told to stop."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop

from aup import environment, logs
from aup.cluster import SYSTEM, names
from aup.errors import InputError
from aup_webhook import memory, tls, watch
from aup_webhook.app import plain_app, review_app
from aup_webhook.draining import Draining
from aup_webhook.settings import Settings
from aup_webhook.snapshot import Snapshot

log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """A server that leaves the signals to us: there are two in this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(settings: Settings) -> None:
    """Serve both ports until SIGTERM or SIGINT."""
    apart = SYSTEM | names(settings.provider_namespaces)
    snapshot, draining = Snapshot(apart), Draining()
    snapshot.start()
    watch.start(snapshot, whole_cluster=bool(settings.cluster_tenant))
    common = {
        "host": settings.host,
        "http": "httptools",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
        "date_header": False,
    }
    secure = uvicorn.Config(
        review_app(snapshot, settings.max_body_bytes, draining),
        port=settings.port,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_keep_alive=120,  # the API server keeps its connections for 90 s
        **common,  # type: ignore[arg-type]
    )
    secure.load()
    plain = uvicorn.Config(plain_app(snapshot, draining), port=settings.plain_port, **common)  # type: ignore[arg-type]
    servers = [_Server(secure), _Server(plain)]

    async def stop() -> None:
        draining.on = True
        log.info("stopping", extra={"drain_seconds": settings.drain_seconds})
        await asyncio.sleep(settings.drain_seconds)
        for server in servers:
            server.should_exit = True

    loop, stopping = asyncio.get_running_loop(), []
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: stopping.append(loop.create_task(stop())))
    assert secure.ssl is not None  # noqa: S101 - load() above made it
    fresh = loop.create_task(tls.keep_fresh(secure.ssl, Path(settings.tls_cert), Path(settings.tls_key)))
    spare = loop.create_task(memory.give_back_what_is_free())
    await asyncio.gather(*(server.serve() for server in servers))
    fresh.cancel()
    spare.cancel()


def main() -> int:
    """Run the webhook; 2 for settings that cannot work."""
    try:
        settings = environment.read(Settings, os.environ)
        tls.content(Path(settings.tls_cert), Path(settings.tls_key))
    except (InputError, OSError) as error:
        print(f"aup_webhook: {error}", file=sys.stderr)  # noqa: T201 - there is no log yet
        return 2
    logs.configure(settings.log_level)
    uvloop.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
