"""A renewal of the webhook's certificate, pass by pass, ended at each of its steps.

On a real API server: tests/cluster/test_certificates.py.
"""

import base64
import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonpatch
import pytest
from cryptography.x509 import Certificate

from aup.review import Json
from aup_operator import certificates
from aup_operator.kube import MERGE_PATCH, Kube, KubeError
from aup_operator.serving import Serving
from aup_operator.settings import Settings
from testbed.certificates import Authority

HOST = "aup-webhook.aup-system.svc"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SETTINGS = Settings(certificate_secret="aup-webhook-tls", certificate_lifetime=90 * 86400)  # noqa: S106 - its name
CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/aup-enforce"
SECRETS = "/api/v1/namespaces/aup-system/secrets"
SECRET = f"{SECRETS}/aup-webhook-tls"
DEPLOYMENT = "/apis/apps/v1/namespaces/aup-system/deployments/aup-webhook"


class KilledError(Exception):
    """The operator was killed here."""


class Cluster(Kube):
    """What the operator reads and writes, as the API server keeps it.

    Attributes:
        objects: By path.
        served: Every certificate that was in the Secret so far.
        kill_after: How many writes are done before the operator is killed; none if negative.
        before: Called before each write.
    """

    def __init__(self) -> None:
        super().__init__(None)
        clients: list[Json] = [{"name": name, "clientConfig": {"service": {}}} for name in ("builtin", "custom")]
        self.objects: dict[str, Json] = {
            CONFIGURATION: {"metadata": {"resourceVersion": "1"}, "webhooks": clients},
            DEPLOYMENT: {"metadata": {"resourceVersion": "1", "name": "aup-webhook", "uid": "d"}},
        }
        self.kill_after = -1
        self.before: Callable[[], object] = lambda: None
        self.writes = 0

    def get(self, path: str) -> Json | None:
        """A copy of what is there."""
        return copy.deepcopy(self.objects.get(path))

    def create(self, path: str, body: Json) -> Json:
        """Refused where it is there."""
        return self._write(f"{path}/{body['metadata']['name']}", lambda old: _new(body, old))

    def patch(self, path: str, body: Any, content_type: str) -> Json:
        """Refused where it is not as the patch wants it."""
        return self._write(path, lambda old: _merged(old, body) if content_type == MERGE_PATCH else _patched(old, body))

    def _write(self, path: str, change: Callable[[Json | None], Json]) -> Json:
        if self.writes == self.kill_after:
            raise KilledError
        self.before()
        changed = change(self.objects.get(path))
        version = int(changed["metadata"].get("resourceVersion", "0"))
        changed["metadata"]["resourceVersion"] = str(version + 1)
        self.objects[path] = changed
        self.writes += 1
        return changed

    def bundles(self) -> list[list[Certificate]]:
        """What each webhook's entry trusts."""
        clients = [one["clientConfig"] for one in self.objects[CONFIGURATION]["webhooks"]]
        return [certificates.read(base64.b64decode(client.get("caBundle", ""))) for client in clients]

    def stored(self, name: str = "tls.crt") -> list[Certificate]:
        """The certificates in the Secret."""
        return certificates.read(base64.b64decode(self.objects[SECRET]["data"][name]))

    def empty(self) -> None:
        """Take all trust away, as somebody may."""
        for one in self.objects[CONFIGURATION]["webhooks"]:
            one["clientConfig"].pop("caBundle", None)


def _new(body: Json, old: Json | None) -> Json:
    if old is not None:
        raise KubeError(409, "it is there already")
    return copy.deepcopy(body)


def _merged(old: Json | None, body: Json) -> Json:
    assert old is not None
    if old["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
        raise KubeError(409, "it has changed")
    return old | {"data": {**old.get("data", {}), **body["data"]}}


def _patched(old: Json | None, body: list[Json]) -> Json:
    try:
        patched: Json = jsonpatch.apply_patch(old, body)
    except jsonpatch.JsonPatchTestFailed as error:
        raise KubeError(422, str(error)) from None
    return patched


@pytest.fixture
def cluster() -> Cluster:
    """A cluster on which the chart was just installed."""
    return Cluster()


def pass_over(cluster: Cluster, now: datetime, wait: Callable[[float], object] = lambda _: None) -> None:
    """One pass of an operator that has just started."""
    Serving(cluster, SETTINGS, wait).sync(now)


def test_the_first_pass_makes_a_certificate_that_is_trusted_before_it_is_stored(cluster: Cluster) -> None:
    """Each entry of the configuration trusts it; the Secret goes with the webhook's Deployment."""
    during: list[tuple[float, bool, int]] = []

    pass_over(cluster, NOW, lambda seconds: during.append((seconds, SECRET in cluster.objects, cluster.writes)))

    secret = cluster.objects[SECRET]
    assert during == [(5, False, 1)]
    assert cluster.bundles() == [cluster.stored()] * 2
    assert cluster.stored("ca.crt") == cluster.stored()
    assert secret["type"] == "kubernetes.io/tls"
    assert [(owner["kind"], owner["uid"]) for owner in secret["metadata"]["ownerReferences"]] == [("Deployment", "d")]


def test_a_pass_with_nothing_to_do_writes_nothing(cluster: Cluster) -> None:
    """Until the certificate is due."""
    pass_over(cluster, NOW)
    before = cluster.writes

    pass_over(cluster, NOW + 59 * DAY)

    assert cluster.writes == before


def test_a_renewal_adds_stores_and_after_the_overlap_takes_away(cluster: Cluster) -> None:
    """Old and new are both trusted from before the change until an hour after it."""
    pass_over(cluster, NOW)
    (old,) = cluster.stored()
    due = NOW + 60 * DAY
    during: list[bool] = []

    pass_over(cluster, due, lambda _: during.append(cluster.stored() == [old]))
    (new,) = cluster.stored()
    both = cluster.bundles()
    pass_over(cluster, due + 59 * MINUTE)
    still = cluster.bundles()
    pass_over(cluster, due + 60 * MINUTE)

    assert during == [True]
    assert new != old
    assert both == still == [[old, new]] * 2
    assert cluster.bundles() == [[new]] * 2


@pytest.mark.parametrize("kill_after", [0, 1, 2])
@pytest.mark.parametrize("gone", [False, True])
def test_an_operator_killed_at_any_write_of_a_renewal_leaves_what_is_served_trusted(
    cluster: Cluster, kill_after: int, gone: bool
) -> None:
    """The next one begins anew and ends it; the certificate from before stays trusted for the overlap."""
    pass_over(cluster, NOW)
    (old,) = cluster.stored()
    due = NOW + (DAY if gone else 60 * DAY)
    if gone:
        del cluster.objects[SECRET]
    cluster.writes, cluster.kill_after = 0, kill_after
    for _ in range(3):  # again and again
        try:
            pass_over(cluster, due)
        except KilledError:
            assert all(old in bundle for bundle in cluster.bundles())
        cluster.writes = 0
    cluster.kill_after = -1
    pass_over(cluster, due + MINUTE)
    (new,) = cluster.stored()
    after = cluster.bundles()
    pass_over(cluster, due + DAY)

    assert new != old
    assert all({old, new} <= {*bundle} for bundle in after)
    assert cluster.bundles() == [[new]] * 2


def test_of_two_operators_that_renew_at_once_the_first_one_wins(cluster: Cluster) -> None:
    """The other's certificate was trusted for nothing, which does no harm, and goes after the overlap."""
    pass_over(cluster, NOW)
    (old,) = cluster.stored()
    due = NOW + 60 * DAY

    with pytest.raises(KubeError) as refused:
        pass_over(cluster, due, lambda _: pass_over(cluster, due + MINUTE / 60))
    (winner,) = cluster.stored()
    after = cluster.bundles()
    pass_over(cluster, due + MINUTE)
    pass_over(cluster, due + DAY)

    assert refused.value.conflict
    assert all({old, winner} <= {*bundle} and len(bundle) == 3 for bundle in after)
    assert cluster.bundles() == [[winner]] * 2


def test_what_another_operator_has_just_trusted_is_not_taken_away_unseen(cluster: Cluster) -> None:
    """A pass changes the configuration only as it has read it."""
    pass_over(cluster, NOW)
    cluster.before = lambda: (setattr(cluster, "before", lambda: None), pass_over(cluster, NOW + 60 * DAY))

    with pytest.raises(KubeError):
        pass_over(cluster, NOW + 60 * DAY)

    assert all(cluster.stored()[0] in bundle for bundle in cluster.bundles())


def test_an_emptied_bundle_is_whole_again_after_one_pass(cluster: Cluster) -> None:
    """With the certificate from before too, though only the Secret still knows of it."""
    pass_over(cluster, NOW)
    pass_over(cluster, NOW + 60 * DAY)
    before = cluster.bundles()
    cluster.empty()

    pass_over(cluster, NOW + 60 * DAY + MINUTE)

    assert [len(bundle) for bundle in before] == [2, 2]
    assert cluster.bundles() == before


def test_where_the_secret_forgets_the_old_certificate_too_it_is_trusted_no_more(cluster: Cluster) -> None:
    """As docs/certificates.md has it for a key that became known."""
    pass_over(cluster, NOW)
    pass_over(cluster, NOW + 60 * DAY)
    cluster.empty()
    del cluster.objects[SECRET]["data"]["ca.crt"]

    pass_over(cluster, NOW + 60 * DAY + MINUTE)

    assert cluster.bundles() == [cluster.stored()] * 2


def test_a_bundle_of_nonsense_is_replaced(cluster: Cluster) -> None:
    """In one entry or in both."""
    pass_over(cluster, NOW)
    cluster.objects[CONFIGURATION]["webhooks"][1]["clientConfig"]["caBundle"] = base64.b64encode(b"nonsense").decode()

    pass_over(cluster, NOW + MINUTE)

    assert cluster.bundles() == [cluster.stored()] * 2


def test_a_deleted_secret_is_made_again_and_what_pods_still_serve_stays_trusted(cluster: Cluster) -> None:
    """That is how a certificate is renewed in an emergency."""
    pass_over(cluster, NOW)
    (old,) = cluster.stored()
    del cluster.objects[SECRET]

    pass_over(cluster, NOW + DAY)

    assert cluster.bundles() == [[old, *cluster.stored()]] * 2
    assert cluster.stored() != [old]


def test_a_certificate_that_somebody_brought_is_used_until_it_is_due(cluster: Cluster) -> None:
    """It is trusted by itself, so that a change from another mode refuses nothing; other keys of the Secret stay."""
    brought = Authority().server("webhook", [HOST])
    encoded = {
        name: base64.b64encode(value).decode()
        for name, value in {"tls.crt": brought.certificate, "tls.key": brought.key, "note": b"mine"}.items()
    }
    cluster.objects[SECRET] = {"metadata": {"resourceVersion": "7"}, "type": "Opaque", "data": encoded}
    now = datetime.now(UTC)

    pass_over(cluster, now)
    (own,) = certificates.read(brought.certificate)
    first = cluster.bundles(), cluster.stored()
    pass_over(cluster, now + 60 * DAY)

    assert first == ([[own]] * 2, [own])
    assert cluster.bundles() == [[own, *cluster.stored()]] * 2
    assert cluster.stored() != [own]
    assert cluster.objects[SECRET]["data"]["note"] == encoded["note"]


def test_without_the_configuration_the_secret_is_still_made(cluster: Cluster) -> None:
    """The off-switch takes it away; when it is back, it trusts what is served."""
    configuration = cluster.objects.pop(CONFIGURATION)
    pass_over(cluster, NOW)
    pass_over(cluster, NOW + 60 * DAY)
    cluster.objects[CONFIGURATION] = configuration
    pass_over(cluster, NOW + 60 * DAY + MINUTE)

    assert [len(bundle) for bundle in cluster.bundles()] == [2, 2]
    assert all(cluster.stored()[0] in bundle for bundle in cluster.bundles())
