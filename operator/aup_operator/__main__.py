"""`python -Im aup_operator`: run until told to stop."""

import gc
import logging
import os
import sys
from pathlib import Path

import kopf
import prometheus_client

from aup import environment, logs
from aup.api import suspension_record
from aup.errors import AupError
from aup_operator import handlers, policy
from aup_operator.audit import Audit
from aup_operator.kube import connect
from aup_operator.protection import Protection
from aup_operator.reconcile import Reconciler
from aup_operator.serving import Serving
from aup_operator.settings import Settings
from aup_operator.totals import Totals


def main() -> int:
    """Run the operator; 2 for settings that cannot work."""
    try:
        settings = environment.read(Settings, os.environ)
        manifest = policy.read(Path(settings.policy_file)) if settings.policy_file else None
        kube = connect(settings.connections)
        if manifest is not None:
            policy.install(kube, manifest)
        # The API server opens a kind's storage when it is first asked for: a second that no suspension should wait.
        next(kube.list(suspension_record.KIND.path), None)
    except (AupError, OSError) as error:
        print(f"aup_operator: {error}", file=sys.stderr)  # noqa: T201 - there is no log yet
        return 2
    logs.configure(settings.log_level)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    if settings.metrics_port:
        prometheus_client.start_http_server(settings.metrics_port, settings.host)
    registry = kopf.OperatorRegistry()
    audit = Audit(kube, settings.apart)
    reconciler = Reconciler(kube, settings, audit)
    handlers.register(registry, reconciler, Totals(kube, settings.apart), audit, settings)
    if settings.protection_copy:
        handlers.keep_protection(registry, Protection(kube, settings), settings)
    if settings.certificate_secret:
        handlers.keep_certificate(registry, Serving(kube, settings), settings)
    gc.collect()
    gc.freeze()  # what is loaded stays for good; to go through it took a tenth of a second, in the middle of a pass
    kopf.run(
        registry=registry,
        standalone=True,
        clusterwide=True,
        liveness_endpoint=f"http://{settings.host}:{settings.health_port}/healthz",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
