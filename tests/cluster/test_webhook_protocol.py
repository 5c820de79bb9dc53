"""The webhook as the API server meets it: HTTPS, AdmissionReview v1, certificates, and what it knows."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from aup_webhook.snapshot import READERS
from testbed import kubeconfig
from testbed.installation import Installation
from tests.cluster.relay import Relay, gone_event
from tests.cluster.webhook import Webhook, review, webhook
from tests.support import (
    Customer,
    Json,
    container,
    eventually,
    named_customer,
    pod,
    suspension,
    tenant_manifests,
    workload,
)

pytestmark = pytest.mark.cluster

MINER = container("work", "xmrig/xmrig")


@pytest.fixture(scope="module")
def wired(aup: Installation) -> Customer:
    """A tenant to ask about."""
    return named_customer(aup.plane, "wired")


@pytest.fixture(scope="module")
def ordered(aup: Installation) -> Customer:
    """A tenant with a Suspension, which the webhook knows of."""
    made = named_customer(aup.plane, "ordered")
    made.provider("apply", "-f", "-", stdin=suspension("ordered"))
    eventually(lambda: "AUP7301" in made.run("create", "--dry-run=server", "-f", "-", stdin=pod("a")).stderr)
    return made


@pytest.fixture
def client(aup: Installation) -> Iterator[httpx.Client]:
    """A client of the webhook's HTTPS port."""
    url = f"https://localhost:{aup.port}"
    with httpx.Client(base_url=url, verify=aup.context(), timeout=20, trust_env=False) as made:
        yield made


def _response(client: httpx.Client, path: str, body: Json) -> Json:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    assert (made["apiVersion"], made["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response: Json = made["response"]
    return response


# What is no review


def _changed(**request: Any) -> bytes:
    body = review("wired", pod("a"))
    return json.dumps(body | {"request": body["request"] | request}).encode()


def _without(key: str) -> bytes:
    body = review("wired", pod("a"))
    return json.dumps(
        body | {"request": {name: value for name, value in body["request"].items() if name != key}}
    ).encode()


START = "not an admission.k8s.io/v1 AdmissionReview: "
NOT_REVIEWS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", f"{START}Input data was truncated"),
    "no JSON": (b"apiVersion: admission.k8s.io/v1", f"{START}JSON is malformed: invalid character (byte 0)"),
    "half a review": (_changed()[:-9], f"{START}Input data was truncated"),
    "an array": (b"[]", f"{START}Expected `object`, got `array`"),
    "null": (b"null", f"{START}Expected `object`, got `null`"),
    "no field": (b"{}", f"{START}Object missing required field `apiVersion`"),
    "v1beta1": (
        _changed().replace(b"admission.k8s.io/v1", b"admission.k8s.io/v1beta1"),
        f"{START}Invalid enum value 'admission.k8s.io/v1beta1' - at `$.apiVersion`",
    ),
    "another kind": (
        _changed().replace(b'"kind": "AdmissionReview"', b'"kind": "TokenReview"'),
        f"{START}Invalid enum value 'TokenReview' - at `$.kind`",
    ),
    "no request": (
        b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}',
        f"{START}Object missing required field `request`",
    ),
    "a request that is null": (
        b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": null}',
        f"{START}Expected `object`, got `null` - at `$.request`",
    ),
    "no uid": (_without("uid"), f"{START}Object missing required field `uid` - at `$.request`"),
    "a uid that is a number": (_changed(uid=1), f"{START}Expected `str`, got `int` - at `$.request.uid`"),
    "an unknown operation": (
        _changed(operation="PATCH"),
        f"{START}Invalid enum value 'PATCH' - at `$.request.operation`",
    ),
    "an object that is text": (
        _changed(object="Pod"),
        f"{START}Expected `object | null`, got `str` - at `$.request.object`",
    ),
    "a namespace that is null": (
        _changed(namespace=None),
        f"{START}Expected `str`, got `null` - at `$.request.namespace`",
    ),
    "a kind that is text": (_changed(kind="Pod"), f"{START}Expected `object`, got `str` - at `$.request.kind`"),
    "NaN": (
        _changed(object={"spec": {"replicas": float("nan")}}),
        f"{START}JSON is malformed: invalid character",
    ),
    "text that is no UTF-8": (_changed().replace(b"ada", b"\xff\xfe"), START),
    "nested beyond all measure": (
        _changed().replace(b'"dryRun": false', b'"object": ' + b'{"a": ' * 100_000 + b"1" + b"}" * 100_000),
        "not an AdmissionReview: nested too deeply",
    ),
}


@pytest.mark.parametrize("what", NOT_REVIEWS)
def test_a_body_that_is_no_review_is_refused_with_the_reason(what: str, client: httpx.Client) -> None:
    """400, and a text that names what is wrong and where."""
    body, reason = NOT_REVIEWS[what]
    answer = client.post("/enforce", content=body)

    assert answer.status_code == 400
    assert answer.text.startswith(reason)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/enforce", 405),
        ("PUT", "/enforce", 405),
        ("POST", "/advise", 404),
        ("DELETE", "/enforce", 405),
        ("POST", "/", 404),
        ("POST", "/enforce/x", 404),
        ("POST", "/mutate", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/metrics", 404),
        ("GET", "/readyz", 404),
    ],
)
def test_the_secure_port_answers_reviews_and_nothing_else(
    method: str, path: str, status: int, client: httpx.Client
) -> None:
    """Other methods are refused, other paths are not there."""
    assert client.request(method, path).status_code == status


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in chunks"])
def test_a_review_that_is_too_large_is_refused(announced: bool, client: httpx.Client) -> None:
    """413 beyond eight MiB, whether the client says its length or not."""
    body = b" " * (8 * 2**20 + 1)
    answer = client.post("/enforce", content=body if announced else iter([body[: 2**20]] * 9))

    assert (answer.status_code, answer.text) == (413, "the review is larger than 8388608 bytes\n")


def test_refused_requests_are_counted_and_the_next_one_is_answered(
    aup: Installation, wired: Customer, client: httpx.Client
) -> None:
    """A bad body costs its sender only."""
    before = _count(aup.metrics(), 'aup_bad_requests_total{code="400"}')
    client.post("/enforce", content=b"{")

    assert _response(client, "/enforce", review(wired.namespace, pod("a")))["allowed"] is True
    assert _count(aup.metrics(), 'aup_bad_requests_total{code="400"}') == before + 1


def _count(metrics: str, series: str) -> float:
    return next((float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(series)), 0.0)


# What a review is answered with


def test_an_answer_says_who_asked_what_is_wrong_and_where(wired: Customer, client: httpx.Client) -> None:
    """uid, status, one cause for each finding with its field, and the audit annotations."""
    manifest = pod("shop", MINER, container("web", securityContext={"privileged": True}), hostPID=True)
    response = _response(client, "/enforce", review(wired.namespace, manifest, uid="d1a2-77"))
    status = response["status"]

    assert (response["uid"], response["allowed"]) == ("d1a2-77", False)
    assert (status["code"], status["reason"]) == (403, "Forbidden")
    assert {key: status["details"][key] for key in ("name", "group", "kind")} == {
        "name": "shop",
        "group": "",
        "kind": "Pod",
    }
    assert [(cause["reason"], cause["field"]) for cause in status["details"]["causes"]] == [
        ("AUP1601", "spec.containers[0].image"),
        ("AUP1301", "spec.containers[1].securityContext.privileged"),
        ("AUP1301", "spec.hostPID"),
    ]
    assert status["details"]["causes"][0]["message"].startswith(
        'The container looks like a crypto miner. Found: "xmrig/xmrig" names the miner xmrig. Fix: Remove the miner.'
    )
    assert response["auditAnnotations"] == {
        "decision": "d1a2-77",
        "policy": "2023-06-01",
        "tenant": "wired",
        "deny": "AUP1301,AUP1601",
    }
    assert "warnings" not in response


def test_what_an_update_leaves_as_it_was_is_warned_of_and_passes(wired: Customer, client: httpx.Client) -> None:
    """An old finding warns; beside one that denies it warns too, and what denies is not told twice."""
    old = workload("Deployment", "shop", MINER)
    new = workload("Deployment", "shop", MINER, replicas=2)
    worse = workload("Deployment", "shop", MINER, container("web", securityContext={"privileged": True}))
    passed = _response(client, "/enforce", review(wired.namespace, new, old=old))
    denied = _response(client, "/enforce", review(wired.namespace, worse, old=old))
    created = _response(client, "/enforce", review(wired.namespace, new))

    assert (passed["allowed"], denied["allowed"], created["allowed"]) == (True, False, False)
    assert len(passed["warnings"]) == 1
    assert passed["warnings"][0].startswith(
        '[AUP1601 crypto-mining] spec.template.spec.containers[0].image (container "work"): The container looks like a '
        'crypto miner. Found: "xmrig/xmrig" names the miner xmrig. It was there before this change'
    )
    assert denied["warnings"] == passed["warnings"]
    assert [one["reason"] for one in denied["status"]["details"]["causes"]] == ["AUP1301"]
    assert "warnings" not in created


SCALE = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}}
HPA = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}}
KEDA = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web"}}
RAISES: dict[str, tuple[Json, Json, str, str, str]] = {
    "a Scale from nought, which is written without a count": (
        SCALE | {"spec": {}}, SCALE | {"spec": {"replicas": 1}}, "scale", "spec.replicas", "0 raised to 1",
    ),
    "a Deployment's count removed": (
        workload("Deployment", "a", replicas=0), workload("Deployment", "a"), "", "spec.replicas", "0 raised to 1",
    ),
    "a Job resumed": (
        workload("Job", "a", suspend=True), workload("Job", "a"), "", "spec.suspend", "true changed to false",
    ),
    "an autoscaler's maximum": (
        HPA | {"spec": {"maxReplicas": 1}}, HPA | {"spec": {"maxReplicas": 2}}, "", "spec.maxReplicas", "1 raised to 2",
    ),
    "KEDA's maximum removed": (
        KEDA | {"spec": {"maxReplicaCount": 1}}, KEDA | {"spec": {}}, "", "spec.maxReplicaCount", "1 raised to 100",
    ),
    "an ephemeral container": (
        pod("a"), pod("a", ephemeralContainers=[{"name": "look", "image": "busybox"}]), "ephemeralcontainers",
        "spec.ephemeralContainers", "a container added to a running Pod",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", RAISES)
def test_the_webhook_says_of_a_suspended_tenant_what_the_freeze_says(
    what: str, ordered: Customer, client: httpx.Client
) -> None:
    """AUP7301 with the field, should the freeze ever be away."""
    old, new, subresource, field, found = RAISES[what]
    response = _response(client, "/enforce", review(ordered.namespace, new, old=old, subresource=subresource))
    lowered = _response(client, "/enforce", review(ordered.namespace, old, old=new, subresource=subresource))
    causes = [(one["reason"], one["field"]) for one in response["status"]["details"]["causes"]]

    assert causes == [("AUP7301", field)]
    assert f'{found}, while tenant "ordered" is suspended by ordered' in response["status"]["message"]
    assert lowered["allowed"] is (subresource != "ephemeralcontainers")


@pytest.mark.parametrize(
    ("count", "rule", "field"),
    [(1_000, "AUP1601", "spec.containers[1000].image"), (40_000, "AUP1207", "spec")],
    ids=["a thousand", "forty thousand"],
)
def test_a_miner_is_found_among_many_containers_and_too_many_are_rejected(
    count: int, rule: str, field: str, wired: Customer, client: httpx.Client
) -> None:
    """What fits 64 KiB of commands and environment is looked through; more is rejected unread."""
    small = {"limits": {"cpu": "1m", "memory": "1Ki"}}
    containers = [container(f"c{number}", resources=small) for number in range(count)]
    response = _response(client, "/enforce", review(wired.namespace, pod("a", *containers, MINER)))

    assert [one["field"] for one in response["status"]["details"]["causes"] if one["reason"] == rule] == [field]


def test_a_pod_template_far_down_in_an_unknown_kind_is_judged(wired: Customer, client: httpx.Client) -> None:
    """Twenty levels down it is found; five hundred levels of nothing are no problem."""
    spec: Json = {"template": {"spec": {"containers": [MINER]}}}
    for _ in range(18):
        spec = {"in": spec}
    deep: Json = {}
    for _ in range(500):
        deep = {"in": deep}
    fleet = {"apiVersion": "example.com/v1", "kind": "Fleet", "metadata": {"name": "a"}, "spec": spec}
    found = _response(client, "/enforce", review(wired.namespace, fleet))

    field = f"spec.{'in.' * 18}template.spec.containers[0].image"
    assert [one["field"] for one in found["status"]["details"]["causes"]] == [field]
    assert _response(client, "/enforce", review(wired.namespace, fleet | {"spec": deep}))["allowed"] is True


def test_of_a_key_that_stands_twice_the_last_counts(wired: Customer, client: httpx.Client) -> None:
    """As for the API server, which therefore never sends such a body."""
    body = json.dumps(review(wired.namespace, pod("a", MINER)))
    twice = body.replace('"image": "xmrig/xmrig"', '"image": "shop", "image": "xmrig/xmrig"')
    honest = body.replace('"image": "xmrig/xmrig"', '"image": "xmrig/xmrig", "image": "shop"')

    assert client.post("/enforce", content=twice).json()["response"]["allowed"] is False
    assert client.post("/enforce", content=honest).json()["response"]["allowed"] is True


def test_what_is_missing_or_null_in_a_request_has_a_verdict(wired: Customer, client: httpx.Client) -> None:
    """No user, a null object, malformed containers: an answer, never a failure."""
    body = review(wired.namespace, pod("a", MINER))
    nobody = body | {"request": {key: value for key, value in body["request"].items() if key != "userInfo"}}
    nothing = body | {
        "request": body["request"] | {"operation": "DELETE", "object": None, "oldObject": pod("a", MINER)}
    }
    odd: Json = {
        "containers": {"a": 1},
        "initContainers": [None, 3, "x", {"image": 7}],
        "volumes": 1,
        "hostNetwork": [],
    }
    malformed = pod("a") | {"spec": odd}

    assert _response(client, "/enforce", nobody)["allowed"] is False
    assert _response(client, "/enforce", nothing) == {"uid": "1", "allowed": True}
    assert _response(client, "/enforce", review(wired.namespace, malformed))["allowed"] is False


def test_two_hundred_requests_at_once_are_each_answered_right(wired: Customer, client: httpx.Client) -> None:
    """Every answer has its own question's uid and verdict."""
    bodies = [
        review(wired.namespace, pod(f"a{number}", *([MINER] if number % 3 == 0 else [])), uid=f"uid-{number}")
        for number in range(200)
    ]
    with ThreadPoolExecutor(32) as pool:
        responses = list(pool.map(lambda body: _response(client, "/enforce", body), bodies))

    expected = [(f"uid-{number}", number % 3 != 0) for number in range(200)]
    assert [(response["uid"], response["allowed"]) for response in responses] == expected


# Health


def test_the_plain_port_says_that_it_lives_is_ready_and_what_it_counted(aup: Installation) -> None:
    """kubelet and Prometheus ask there; reviews are not answered in plain."""
    plain = f"http://127.0.0.1:{aup.plain_port}"
    with httpx.Client(base_url=plain, trust_env=False) as client:
        live, ready, metrics = client.get("/livez"), client.get("/readyz"), client.get("/metrics")
        other = client.post("/enforce", json=review("wired", pod("a")))

    assert (live.status_code, live.text) == (200, "ok\n")
    assert (ready.status_code, ready.text) == (200, "ok\n")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert re.search(r'^aup_snapshot_objects\{kind="tenants"\} [1-9]', metrics.text, re.MULTILINE)
    assert other.status_code == 404


# Certificates


def _serial(aup: Installation) -> str:
    """The serial number of the certificate that a new connection gets."""
    with (
        socket.create_connection(("127.0.0.1", aup.port), timeout=5) as plain,
        aup.context().wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        certificate = secure.getpeercert()
    assert certificate is not None
    return str(certificate["serialNumber"])


def test_a_new_certificate_is_served_without_a_restart(
    aup: Installation, wired: Customer, client: httpx.Client
) -> None:
    """New connections get it, an open one goes on, and the API server's requests pass all the while."""
    before = _serial(aup)
    assert _response(client, "/enforce", review(wired.namespace, pod("a")))["allowed"] is True
    aup.authority.server("aup-webhook", aup.names()).write(aup.certificate.parent, "tls")
    eventually(lambda: _serial(aup) != before)

    assert _response(client, "/enforce", review(wired.namespace, pod("a", MINER)))["allowed"] is False
    assert wired.run("create", "--dry-run=server", "-f", "-", stdin=pod("a")).returncode == 0


@pytest.mark.parametrize("first", ["certificate", "key"])
def test_half_a_new_certificate_changes_nothing_until_the_other_half_is_there(
    first: str, aup: Installation, wired: Customer
) -> None:
    """While certificate and key do not fit each other the old pair is served; then the new one."""
    before = _serial(aup)
    failed = 'aup_certificate_reloads_total{result="failed"}'
    count = _count(aup.metrics(), failed)
    pair = aup.authority.server("aup-webhook", aup.names())
    halves = [(aup.certificate, pair.certificate), (aup.key, pair.key)]
    halves = halves if first == "certificate" else halves[::-1]
    halves[0][0].write_bytes(halves[0][1])
    try:
        eventually(lambda: _count(aup.metrics(), failed) > count)
        served = [_serial(aup) for _ in range(3)]
        asked = wired.run("create", "--dry-run=server", "-f", "-", stdin=pod("a"))
    finally:
        halves[1][0].write_bytes(halves[1][1])
    eventually(lambda: _serial(aup) != before)

    assert served == [before] * 3
    assert asked.returncode == 0


# What the webhook knows


@pytest.fixture(scope="module")
def relay(aup: Installation) -> Iterator[Relay]:
    """A relay before the API server."""
    cluster = json.loads(aup.plane.kubeconfig.read_text())["clusters"][0]["cluster"]
    authority = kubeconfig.decoded(cluster["certificate-authority-data"]).decode()
    made = Relay(aup.plane.server, authority)
    yield made
    made.close()


@pytest.fixture(scope="module")
def through_relay(aup: Installation, relay: Relay, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig that leads the webhook's service account through the relay."""
    token = aup.plane.kubectl("create", "token", "aup-webhook", "--namespace", "aup-system").stdout.strip()
    path = tmp_path_factory.mktemp("relay") / "kubeconfig"
    return kubeconfig.write(path, {"server": relay.url}, {"token": token})


def _denied(second: Webhook, namespace: str) -> list[str]:
    """The rules under which a miner is denied in a namespace."""
    _, response = second.enforce(review(namespace, pod("a", MINER)))
    return [one["reason"] for one in response.get("status", {}).get("details", {}).get("causes", [])]


def test_a_webhook_that_has_not_reached_the_api_server_is_not_ready_and_answers_no_review(
    aup: Installation, relay: Relay, through_relay: Path, wired: Customer, tmp_path: Path
) -> None:
    """It lives, says what it waits for, refuses reviews, and becomes ready when the API server is there."""
    relay.cut()
    with webhook(aup, through_relay, tmp_path / "log") as second:
        live = second.wait("/livez", 200)
        waiting = second.plain("/readyz")
        refused = second.enforce(review(wired.namespace, pod("a")))
        relay.restore()
        ready = second.wait("/readyz", 200)
        answered = second.enforce(review(wired.namespace, pod("a")))

    kinds = ", ".join(READERS)
    assert live == "ok\n"
    assert waiting == (503, f"waiting for {kinds}\n")
    assert refused == (503, f"not ready: waiting for {kinds}\n")
    assert ready == "ok\n"
    assert (answered[0], answered[1]["allowed"]) == (200, True)


def _permit(tenant: str) -> Json:
    return {
        "apiVersion": "aup.asergo.com/v1alpha1",
        "kind": "Permit",
        "metadata": {"name": tenant},
        "spec": {
            "tenant": tenant,
            "rules": ["AUP1601"],
            "scope": {"namespaces": [tenant]},
            "validFrom": "2026-01-01T00:00:00Z",
            "expiresAt": "2099-01-01T00:00:00Z",
            "reason": "A test.",
            "ticket": "T-1",
            "approvedBy": "desk",
        },
    }


@pytest.mark.parametrize(
    ("name", "answers"),
    [("cut", []), ("gone", [(410, b"{}")] * 5), ("gone-later", [(200, gone_event())] * 5)],
    ids=["the watches go on", "they are refused as 410 Gone", "they begin with an error 410"],
)
def test_facts_that_changed_while_the_watches_were_broken_arrive(
    name: str, answers: list[tuple[int, bytes]], aup: Installation, relay: Relay, through_relay: Path, tmp_path: Path
) -> None:
    """Old facts stay in use meanwhile; afterwards what was made is known and what was deleted is forgotten."""
    late = f"{name}-late"
    aup.plane.kubectl("apply", "-f", "-", input=_documents([*tenant_manifests(name, "ada"), _permit(name)]))
    watches = relay.watches()
    with webhook(aup, through_relay, tmp_path / "log") as second:
        second.wait("/readyz", 200)
        eventually(lambda: relay.watches() >= watches + 5)
        permitted = _denied(second, name)
        relay.cut()
        relay.answers += answers
        aup.plane.kubectl("delete", "permit", name)
        aup.plane.kubectl("apply", "-f", "-", input=_documents(tenant_manifests(late, "ada")))
        meanwhile = _denied(second, name), _denied(second, late)
        ready = second.plain("/readyz")
        relay.restore()
        eventually(lambda: (_denied(second, name), _denied(second, late)) == (["AUP1601"], ["AUP1601"]))
        counted = second.plain("/metrics")[1]

    gone = sum(
        float(value) for value in re.findall(r'^aup_watch_restarts_total\{.*"gone"\} (\S+)$', counted, re.MULTILINE)
    )
    assert permitted == []
    assert meanwhile == ([], ["AUP3101", "AUP8101", "AUP1601"])
    assert ready == (200, "ok\n")
    assert gone <= len(answers)
    assert (gone > 0) is bool(answers)


def _documents(manifests: list[Json]) -> str:
    return "\n---\n".join(json.dumps(manifest) for manifest in manifests)


def test_a_webhook_that_is_told_to_stop_ends_by_itself(aup: Installation, through_relay: Path, tmp_path: Path) -> None:
    """SIGTERM: it ends with exit code 0."""
    with webhook(aup, through_relay, tmp_path / "log") as second:
        second.wait("/readyz", 200)
        second.process.terminate()
        code = second.process.wait(60)

    assert code == 0


def test_a_webhook_on_its_way_out_answers_and_keeps_no_connection(
    aup: Installation, through_relay: Path, wired: Customer, tmp_path: Path
) -> None:
    """A review that came on a kept connection as it is closed would fail, and with it somebody's change."""
    body = json.dumps(review(wired.namespace, pod("a")))
    with webhook(aup, through_relay, tmp_path / "log", AUP_DRAIN_SECONDS="60") as second:
        second.wait("/readyz", 200)
        kept = http.client.HTTPSConnection("localhost", second.port, context=aup.context())
        answers = []
        for _ in range(2):
            kept.request("POST", "/enforce", body, {"Content-Type": "application/json"})
            answer = kept.getresponse()
            answers.append((answer.status, answer.getheader("Connection"), json.load(answer)["response"]["allowed"]))
            second.process.terminate()
            second.wait("/readyz", 503)
        kept.close()

    assert answers == [(200, None, True), (200, "close", True)]
