"""Keeps the webhook's certificate: the Secret that its Pods serve with, and what the API server trusts of it.

A new certificate is trusted before anybody serves it, and an old one until nobody does. Everything is looked up anew
in each pass, and the key of a certificate that did not get into the Secret is forgotten: after a kill at any point the
next pass begins again.
"""

import base64
import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from cryptography.x509 import Certificate

from aup.review import Json, listing, mapping, text
from aup_operator import certificates
from aup_operator.certificates import Pair
from aup_operator.kube import JSON_PATCH, MERGE_PATCH, Kube
from aup_operator.settings import Settings

log = logging.getLogger(__name__)

_CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/aup-enforce"
_CHAIN, _KEY, _TRUSTED = "tls.crt", "tls.key", "ca.crt"


class Serving:
    """The certificate in the Secret that the settings name.

    Args:
        kube: The API server.
        settings: How long certificates are good, and the pauses of a renewal.
        wait: Called with the seconds that API servers get to hear of a new certificate.
    """

    def __init__(self, kube: Kube, settings: Settings, wait: Callable[[float], object] = time.sleep) -> None:
        self._kube = kube
        self._namespace = settings.namespace
        self._name = settings.certificate_secret
        self._host = f"aup-webhook.{settings.namespace}.svc"
        self._lifetime = timedelta(seconds=settings.certificate_lifetime)
        self._overlap = timedelta(seconds=settings.certificate_overlap)
        self._settle = settings.certificate_settle
        self._wait = wait

    def sync(self, now: datetime) -> None:
        """One pass: put right what is trusted, and renew the certificate if it is missing, unusable or due.

        Raises:
            KubeError: The API server refuses, such as because another operator was faster.
            OSError: It cannot be reached.
        """
        configuration, secret = self._kube.get(_CONFIGURATION), self._kube.get(self._path(self._name))
        stored = {name: base64.b64decode(value) for name, value in mapping(mapping(secret).get("data")).items()}
        served = certificates.usable(stored.get(_CHAIN, b""), stored.get(_KEY, b""), self._host)
        known = {*_trusted(configuration), *certificates.read(stored.get(_TRUSTED, b""))}
        bundle = certificates.trusted(known, served, now, self._overlap)
        if served is not None and not certificates.due(served, now, self._lifetime):
            self._trust(configuration, bundle)
            return
        made = certificates.make(self._host, now, self._lifetime)
        bundle.append(made.certificate)
        self._trust(configuration, bundle)
        self._wait(self._settle)
        self._store(secret, made, bundle)
        log.info("certificate made", extra={"expires": made.certificate.not_valid_after_utc.isoformat()})

    def _trust(self, configuration: Json | None, bundle: Iterable[Certificate]) -> None:
        """Have the API server trust these; while the configuration is away, nobody asks us."""
        wanted = base64.b64encode(certificates.written(bundle)).decode()
        operations = [
            {"op": "add", "path": f"/webhooks/{number}/clientConfig/caBundle", "value": wanted}
            for number, client in enumerate(_clients(configuration))
            if client.get("caBundle") != wanted
        ]
        if operations and configuration is not None:
            version = configuration["metadata"]["resourceVersion"]
            unchanged = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
            self._kube.patch(_CONFIGURATION, [unchanged, *operations], JSON_PATCH)

    def _store(self, secret: Json | None, made: Pair, bundle: Iterable[Certificate]) -> None:
        """Write the Secret, if it is still as it was read: the certificate of whoever is first is the one."""
        content = {
            _CHAIN: certificates.written([made.certificate]),
            _KEY: made.key,
            _TRUSTED: certificates.written(bundle),
        }
        data = {name: base64.b64encode(value).decode() for name, value in content.items()}
        if secret is not None:
            version = {"resourceVersion": secret["metadata"]["resourceVersion"]}
            self._kube.patch(self._path(self._name), {"metadata": version, "data": data}, MERGE_PATCH)
            return
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self._name, "ownerReferences": self._owners()},
            "type": "kubernetes.io/tls",
            "data": data,
        }
        self._kube.create(self._path(), manifest)

    def _owners(self) -> list[Json]:
        """The webhook's Deployment, with which the Secret goes at an uninstall."""
        path = f"/apis/apps/v1/namespaces/{self._namespace}/deployments/aup-webhook"
        owner = self._kube.get(path)
        if owner is None:
            return []
        metadata = owner["metadata"]
        return [{"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}]

    def _path(self, name: str = "") -> str:
        return f"/api/v1/namespaces/{self._namespace}/secrets/{name}".rstrip("/")


def _clients(configuration: Json | None) -> list[Json]:
    return [mapping(mapping(one).get("clientConfig")) for one in listing(mapping(configuration).get("webhooks"))]


def _trusted(configuration: Json | None) -> Iterable[Certificate]:
    for client in _clients(configuration):
        yield from certificates.read(base64.b64decode(text(client.get("caBundle"))))
