"""Every known way around admission is closed, tried by a tenant's user on a real API server."""

import re

import pytest

from testbed.installation import Installation
from tests.cluster.attempts import Attempt, Outcomes, attacks, findings, install_kinds, made
from tests.support import Customer, container, named_customer, pod, workload

pytestmark = pytest.mark.cluster

CASES = attacks().cases

DIGEST = "sha256:" + "0123456789abcdef" * 4
REGISTRIES = (
    "",
    "docker.io/",
    "index.docker.io/",
    "registry-1.docker.io/",
    "registry.hub.docker.com/",
    "DOCKER.IO/",
    "Docker.io:443/",
    "docker.io./",
    "localhost/",
    "localhost:5000/",
    "10.0.0.1:5000/",
    "[2001:db8::1]:5000/",
    "[::1]/",
    "mirror.gcr.io/",
    "public.ecr.aws/docker/library/",
    "123456789012.dkr.ecr.eu-north-1.amazonaws.com/docker-hub/",
    "harbor.example/proxy/",
    "registry.example/nginx/",
    "docker.io//",
)
VERSIONS = ("", ":latest", ":1.27", f":1.27@{DIGEST}", f"@{DIGEST}", ":" + "a" * 128)
SPELLINGS = [
    *(f"{registry}xmrig/xmrig" for registry in REGISTRIES),
    *(f"{registry}xmrig" for registry in REGISTRIES),
    *(f"{registry}xmrig/xmrig{version}" for registry in REGISTRIES[:2] for version in VERSIONS[1:]),
    *(f"{registry}xmrig/xmrig{version}" for registry in REGISTRIES[5:8] for version in VERSIONS[3:]),
    "library/xmrig",
    "docker.io/library/xmrig",
    "nginx/xmrig",
    "xmrig/nginx",
    "acme/xmrig-6.21.0",
    "acme/xmrig_linux",
    "XMRig/xmrig",
]
INNOCENT = [
    "nginx",
    "nginx:1.27",
    f"nginx:1.27@{DIGEST}",
    f"registry.example:5000/shop@{DIGEST}",
    "acme/myxmrigger-docs",
    "acme/nmap-docs",
    "company/minerals",
    "acme/determiner:2",
    "acme/mineral-water-shop",
    "acme/process-miner-ui",
    "acme/minio",
    "minio/minio:RELEASE.2025-09-07T16-13-09Z",
    "itzg/minecraft-server",
    "acme/text-mining:3.1",
    "acme/examiner",
    "acme/stratum-docs",
    "acme/pooler",
    "bitnami/pgpool:4",
    "acme/monerouser-forum",
    "acme/xmr",
    "acme/coin-counter",
    "acme/undermine",
    "xmr.example/shop:1",
    "acme/t-rex-runner-game",
]


@pytest.fixture(scope="module")
def tenant(aup: Installation) -> Customer:
    """One tenant for the whole table, with all that its rows begin with."""
    install_kinds(aup.plane)
    customer = named_customer(aup.plane, "attacker")
    given = {str(manifest): manifest for case in CASES for manifest in case.given}
    customer.run("apply", "--server-side", "-f", "-", stdin=list(given.values()), check=True)
    bare = [one for one in given.values() if one["kind"] == "Pod" and "schedulerName" not in one["spec"]]
    customer.provider(
        "wait", "--for=condition=Ready", *(f"pod/{one['metadata']['name']}" for one in bare), "--timeout=110s"
    )
    return customer


@pytest.fixture(scope="module")
def outcomes(tenant: Customer) -> Outcomes:
    """What came of every row."""
    return made(CASES, tenant)


@pytest.mark.parametrize(
    "attempt", [pytest.param(each, id=str(each), marks=pytest.mark.since(each.since, each.attack)) for each in CASES]
)
def test_what_a_tenants_user_tries_has_the_outcome_of_the_table(attempt: Attempt, outcomes: Outcomes) -> None:
    """kubectl's exit code, and every finding of the rejection with rule, field path and container."""
    answer = outcomes[str(attempt)]

    assert answer.returncode == (1 if attempt.denied else 0), answer.stderr
    assert findings(answer.stderr) == attempt.denied, answer.stderr


def _tried(tenant: Customer, images: list[str]) -> list[str]:
    """What the API server says to a Pod of each image, empty where it takes it; one kubectl for all."""
    pods = [pod(f"try-{number:03}", container(image=image)) for number, image in enumerate(images)]
    answer = tenant.run("create", "--dry-run=server", "-f", "-", stdin=pods)
    said = dict.fromkeys(range(len(images)), "not answered")
    for number in re.findall(r"^pod/try-(\d+) created", answer.stdout, re.MULTILINE):
        said[int(number)] = ""
    for part in re.split(r"^(?=Error from server)", answer.stderr, flags=re.MULTILINE):
        if refused := re.search(r"try-(\d+)", part):
            said[int(refused[1])] = part
    return list(said.values())


@pytest.fixture(scope="module")
def spelt(tenant: Customer) -> dict[str, str]:
    """What the API server says to each spelling of a miner's image."""
    return dict(zip(SPELLINGS, _tried(tenant, SPELLINGS), strict=True))


@pytest.fixture(scope="module")
def innocent(tenant: Customer) -> dict[str, str]:
    """What the API server says to each image that only looks like a miner's."""
    return dict(zip(INNOCENT, _tried(tenant, INNOCENT), strict=True))


@pytest.mark.parametrize("image", SPELLINGS)
def test_a_miners_image_is_denied_however_it_is_spelt(image: str, spelt: dict[str, str]) -> None:
    """T30: registry, mirror, port, letter case, tag and digest hide no name."""
    assert findings(spelt[image]) == [("AUP1601", "spec.containers[0].image", "app")], spelt[image]


@pytest.mark.parametrize("image", INNOCENT)
def test_an_image_with_an_innocent_name_is_accepted(image: str, innocent: dict[str, str]) -> None:
    """T31: a miner's name inside another word, or a word that others use too, denies nothing."""
    assert innocent[image] == ""


def test_the_spellings_are_at_least_forty_and_all_different() -> None:
    """The generated list does not shrink unseen."""
    assert len(set(SPELLINGS)) == len(SPELLINGS)
    assert len(SPELLINGS) >= 40


def test_nothing_of_a_tenant_is_admitted_while_the_webhook_is_down(aup: Installation, tenant: Customer) -> None:
    """T06: hard rules fail closed, so there is nothing to catch up with; others' namespaces go on."""
    attempts = [
        pod("down", container(image="xmrig/xmrig")),
        workload("Deployment", "down", container(image="xmrig/xmrig")),
        workload("Job", "down"),
    ]
    aup.kill("webhook")
    try:
        refused = [tenant.run("create", "-f", "-", stdin=one) for one in attempts]
        other = tenant.provider("create", "-n", "default", "--dry-run=server", "-f", "-", stdin=pod("down"))
        deleted = tenant.run("delete", "configmap", "kube-root-ca.crt")
    finally:
        aup.start_webhook()

    assert [answer.returncode for answer in refused] == [1, 1, 1]
    assert ["failed calling webhook" in answer.stderr for answer in refused] == [True, True, True]
    assert other.stdout == "pod/down created (server dry run)\n"
    assert deleted.returncode == 0
    assert tenant.run("get", "pods,deployments,jobs", "down", "--ignore-not-found").stdout == ""


@pytest.mark.usefixtures("outcomes")
def test_a_rejected_object_is_not_stored(tenant: Customer) -> None:
    """After all those attempts nothing called `a`, their name, is there."""
    kinds = "pods,replicasets,replicationcontrollers,deployments,statefulsets,daemonsets,jobs,cronjobs,podtemplates"
    everything = tenant.provider(
        "get", f"{kinds},rollouts.argoproj.io,jobsets.jobset.x-k8s.io,fleets.example.com", "-o", "name"
    )

    assert [line for line in everything.stdout.splitlines() if line.rpartition("/")[2] == "a"] == []


def test_a_rejection_says_how_to_mend_it_and_whom_to_ask(tenant: Customer) -> None:
    """The whole message, to the letter: places, words, page, and the permit."""
    answer = tenant.run("create", "-f", "-", stdin=pod("a", container("work", "xmrig/xmrig")))

    told = answer.stderr.partition("denied the request: ")[2]
    assert re.sub(r"[0-9a-f]{8}\.\n$", "…\n", told) == (
        "Pod attacker/a breaks the Acceptable Use Policy of Asergo ApS (2023-06-01) in 1 place.\n"
        "\n"
        "[AUP1601 crypto-mining] AUP 1.6\n"
        '  at:    spec.containers[0].image (container "work")\n'
        '  found: "xmrig/xmrig" names the miner xmrig\n'
        "  why:   The container looks like a crypto miner.\n"
        "  fix:   Remove the miner. If this is something else, use a name, address or option that says so, or ask for "
        "a permit.\n"
        "  more:  https://aup.asergo.com/rules/AUP1601\n"
        "\n"
        "If this is legitimate, ask abuse@asergo.com for a permit as tenant attacker, naming AUP1601 and decision …\n"
    )
