"""What is listed is found wherever it stands and however it is spelled; what only looks alike is not."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aup.api.indicator_list import IndicatorList
from aup.engine import decide
from aup.facts import gathered
from aup.indicators import Indicators, indexed
from aup.review import Json, of_object
from aup.tokens import tokens

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Place = Callable[[str], Json]


def lists(*entries: tuple[str, str], clause: str = "1.2") -> list[IndicatorList]:
    """A list of entries, each of a type with a value."""
    spec = {
        "clause": clause,
        "reason": "a botnet",
        "source": "a feed",
        "indicators": [{"type": type_, "value": value} for type_, value in entries],
    }
    return [msgspec.convert({"metadata": {"name": "feed"}, "spec": spec}, IndicatorList)]


def found(manifest: Json, *entries: tuple[str, str], clause: str = "1.2") -> list[tuple[str, str]]:
    """The rules and places of what is found of a list in an object."""
    verdict = decide(of_object(manifest), gathered(indicators=lists(*entries, clause=clause)), NOW)
    assert verdict.crashes == ()
    return [(one.rule, one.path) for one in verdict.findings if one.rule in {"AUP1101", "AUP1701"}]


def pod(**container: Any) -> Json:
    """A Pod of one container."""
    return workload({"containers": [{"name": "web", "image": "nginx", **container}]})


def workload(spec: Json) -> Json:
    """A Pod of a spec."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


def thing(kind: str, **fields: Any) -> Json:
    """An object of a kind that runs nothing."""
    group, _, name = kind.rpartition("/")
    version = f"{group}/v1" if group else "v1"
    return {"apiVersion": version, "kind": name, "metadata": {"name": "web", "namespace": "shop"}, **fields}


WORDS: dict[str, Place] = {
    "a command": lambda word: pod(command=["run", word]),
    "an option": lambda word: pod(args=[f"--to={word}"]),
    "a script": lambda word: pod(args=["-c", f"set -e\nexec run \"{word}\" 'x'"]),
    "base64": lambda word: pod(
        args=["-c", f"echo {base64.b64encode(f'run --to {word} now'.encode()).decode()}|base64 -d"]
    ),
    "a variable": lambda word: pod(command=["sh", "-c", f"A='{word}'; run $A"]),
    "the environment": lambda word: pod(env=[{"name": "TO", "value": word}]),
    "a hook": lambda word: pod(lifecycle={"preStop": {"exec": {"command": ["run", word]}}}),
    "a probe": lambda word: pod(livenessProbe={"exec": {"command": ["run", word]}}),
    "an init container": lambda word: workload({"initContainers": [{"name": "a", "image": "b", "args": [word]}]}),
    "an ephemeral container": lambda word: workload(
        {"ephemeralContainers": [{"name": "a", "image": "b", "args": [word]}]}
    ),
    "an annotation": lambda word: {**pod(), "metadata": {"name": "web", "annotations": {"note": f"see {word}."}}},
    "a ConfigMap": lambda word: thing("ConfigMap", data={"app.json": f'{{"a":["{word}"],\n"b":1}}'}),
    "a binary ConfigMap": lambda word: thing("ConfigMap", binaryData={"a": base64.b64encode(word.encode()).decode()}),
    "a custom resource": lambda word: thing("example.com/Thing", spec={"deep": [{"er": [word]}]}),
}
HOSTS: dict[str, Place] = {
    **WORDS,
    "a URL": lambda host: pod(args=[f"https://user:pass@{host}:8443/path?x=1"]),
    "a URL escaped": lambda host: pod(args=[f"https://{host.replace('.', '%2E')}/"]),
    "upper case": lambda host: pod(args=[f"{host.upper()}."]),
    "below it": lambda host: pod(args=[f"http://a.b.{host}"]),
    "an attached option": lambda host: pod(args=[f"-o{host}:3333"]),
    "broken by quotes": lambda host: pod(args=["-c", f"run {host[:2]}''{host[2:]}"]),
    "an image's registry": lambda host: pod(image=f"{host}/web:1"),
    "an HTTP probe": lambda host: pod(readinessProbe={"httpGet": {"host": host, "port": 80}}),
    "an ExternalName": lambda host: thing("Service", spec={"type": "ExternalName", "externalName": host}),
    "an Ingress": lambda host: thing("networking.k8s.io/Ingress", spec={"rules": [{"host": f"*.{host}"}]}),
    "an Ingress's TLS": lambda host: thing("networking.k8s.io/Ingress", spec={"tls": [{"hosts": [host]}]}),
    "a Gateway": lambda host: thing("gateway.networking.k8s.io/Gateway", spec={"listeners": [{"hostname": host}]}),
    "an HTTPRoute": lambda host: thing("gateway.networking.k8s.io/HTTPRoute", spec={"hostnames": [host]}),
    "a hostAlias": lambda host: workload({"containers": [], "hostAliases": [{"ip": "1.1.1.1", "hostnames": [host]}]}),
    "an NFS volume": lambda host: workload({"containers": [], "volumes": [{"name": "a", "nfs": {"server": host}}]}),
}
ADDRESSES: dict[str, Place] = {
    **WORDS,
    "an external IP": lambda address: thing("Service", spec={"externalIPs": [address]}),
    "an EndpointSlice": lambda address: thing("discovery.k8s.io/EndpointSlice", endpoints=[{"addresses": [address]}]),
    "Endpoints": lambda address: thing("Endpoints", subsets=[{"addresses": [{"ip": address}]}]),
    "a hostAlias": lambda address: workload({"containers": [], "hostAliases": [{"ip": address, "hostnames": []}]}),
}
IMAGES: dict[str, Place] = {
    "a container": lambda image: pod(image=image),
    "an init container": lambda image: workload({"initContainers": [{"name": "a", "image": image}]}),
    "an ephemeral container": lambda image: workload({"ephemeralContainers": [{"name": "a", "image": image}]}),
    "a volume": lambda image: workload({"containers": [], "volumes": [{"image": {"reference": image}}]}),
    "a CronJob": lambda image: thing("batch/CronJob", spec={"jobTemplate": {"spec": {"template": pod(image=image)}}}),
    "a custom resource": lambda image: thing("example.com/Thing", spec={"role": {"template": pod(image=image)}}),
}

some = settings(max_examples=15)  # for each of many places

labels = st.from_regex(r"[a-z]{3,8}[0-9]?", fullmatch=True)
names = st.builds("{}.{}".format, labels, st.sampled_from(["example", "co.example", "evil.test"]))
wallets = st.one_of(
    st.binary(min_size=20, max_size=20).map(lambda data: f"0x{data.hex()}"),
    st.from_regex(r"[13][1-9A-HJ-NP-Za-km-z]{30,33}", fullmatch=True),
    st.from_regex(r"bc1[02-9ac-hj-np-z]{39}", fullmatch=True),
)
four = st.integers(2**24, 2**32 - 1).map(IPv4Address)
six = st.integers(2**125, 2**128 - 1).map(IPv6Address)


@pytest.mark.parametrize("place", HOSTS)
@some
@given(host=names, clause=st.sampled_from(["1.1", "1.7"]))
def test_a_host_is_found(place: str, host: str, clause: str) -> None:
    """In every place, with what stands around it, under the rule of its clause."""
    rules = {rule for rule, _ in found(HOSTS[place](host), ("host", host), clause=clause)}

    assert rules == {"AUP1701" if clause == "1.7" else "AUP1101"}


@pytest.mark.parametrize("place", HOSTS)
@some
@given(host=names, before=labels)
def test_a_host_without_a_boundary_is_another(place: str, host: str, before: str) -> None:
    """A name that ends alike, and one that begins alike."""
    assert not found(HOSTS[place](f"{before}{host}"), ("host", host))
    assert not found(HOSTS[place](f"{host}.{before}"), ("host", host))


@pytest.mark.parametrize("place", WORDS)
@some
@given(wallet=wallets)
def test_a_wallet_is_found(place: str, wallet: str) -> None:
    """In every place, with a worker's name or a scheme too."""
    for written in (wallet, f"{wallet}.rig-1", f"bitcoin:{wallet}?amount=1"):
        assert found(WORDS[place](written), ("wallet", wallet))


@pytest.mark.parametrize("place", WORDS)
@some
@given(wallet=wallets)
def test_a_part_of_another_wallet_is_none(place: str, wallet: str) -> None:
    """A longer word has it inside."""
    for written in (f"{wallet}z", f"z{wallet}", wallet[:-1]):
        assert not found(WORDS[place](written), ("wallet", wallet))


@pytest.mark.parametrize("place", ADDRESSES)
@some
@given(address=st.one_of(four, six), prefix=st.integers(8, 32))
def test_an_address_is_found_by_its_network(place: str, address: IPv4Address | IPv6Address, prefix: int) -> None:
    """In every place, listed alone or as a network."""
    manifest = ADDRESSES[place](str(address))

    assert found(manifest, ("address", str(address)))
    assert found(manifest, ("address", f"{address}/{prefix}"))
    assert not found(manifest, ("address", str(type(address)(int(address) ^ 1))))


@some
@given(address=six)
def test_an_ipv6_address_has_many_spellings(address: IPv6Address) -> None:
    """Long, short, in capitals, in brackets with a port."""
    for written in (address.exploded, address.compressed.upper(), f"[{address}]:443"):
        assert found(pod(args=[written]), ("address", str(address)))
        assert found(pod(args=["x"], env=[{"name": "A", "value": str(address)}]), ("address", address.exploded))


@some
@given(address=four)
def test_an_ipv4_address_has_many_spellings(address: IPv4Address) -> None:
    """Octal, hexadecimal, in one number, and inside IPv6."""
    octets = address.packed
    for written in (
        ".".join(f"0{octet:o}" for octet in octets),
        ".".join(f"{octet:#x}" for octet in octets),
        f"0x{int(address):08X}",
        f"::ffff:{address}",
        f"[::FFFF:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}]:80",
        f"http://{address}:80/",
    ):
        assert found(pod(args=[written]), ("address", str(address))), written


@pytest.mark.parametrize("place", IMAGES)
@some
@given(
    owner=labels,
    name=labels,
    mirror=st.sampled_from(["", "docker.io/", "INDEX.docker.io/", "mirror.example:5000/hub/", "ghcr.io/"]),
    end=st.sampled_from(["", ":1.2", f"@sha256:{'0' * 64}", f":1.2@sha256:{'0' * 64}"]),
)
def test_an_image_is_found(place: str, owner: str, name: str, mirror: str, end: str) -> None:
    """By its repository, whatever stands before and after; a longer name is another."""
    image = f"{owner}/{name}"

    assert found(IMAGES[place](f"{mirror}{image}{end}"), ("image", image))
    assert found(IMAGES[place](f"{mirror}{image}{end}"), ("image", f"quay.io/{image}"))
    assert bool(found(IMAGES[place](f"{mirror}{image}{end}"), ("image", f"{image}:1.2"))) == (end == ":1.2")
    assert not found(IMAGES[place](f"{mirror}{image}x{end}"), ("image", image))
    assert not found(IMAGES[place](f"{mirror}x{image}{end}"), ("image", image))


@pytest.mark.parametrize("place", IMAGES)
@some
@given(digest=st.binary(min_size=32, max_size=32), registry=names)
def test_a_digest_and_a_registry_are_found(place: str, digest: bytes, registry: str) -> None:
    """Digests in any case, registries with the names below them."""
    image = IMAGES[place](f"eu.{registry}:5000/acme/web:1@sha256:{digest.hex()}")

    assert found(image, ("digest", f"SHA256:{digest.hex().upper()}"))
    assert found(image, ("digest", digest.hex()))
    assert found(image, ("registry", registry))
    assert found(image, ("registry", f"eu.{registry}:5000"))
    assert not found(image, ("registry", f"eu.{registry}:5001"))
    assert not found(IMAGES[place](f"not{registry}/acme/web"), ("registry", registry))
    assert not found(IMAGES[place](f"acme/{registry}/web"), ("registry", registry))


@some
@given(content=st.binary(max_size=200))
def test_a_files_content_is_found_by_its_sha256(content: bytes) -> None:
    """As binary data and, where it is text, as text."""
    digest = sha256(content).hexdigest()
    binary = thing("ConfigMap", binaryData={"a": base64.b64encode(content).decode()})
    assert found(binary, ("sha256", digest.upper())) == [("AUP1101", "binaryData[a]")]
    text = content.decode(errors="ignore")
    listed = sha256(text.encode()).hexdigest()
    assert found(thing("ConfigMap", data={"a": text}), ("sha256", listed)) == [("AUP1101", "data[a]")]
    assert not found(thing("ConfigMap", data={"a": f"{text}."}), ("sha256", listed))


def test_a_secret_is_not_looked_into() -> None:
    """A finding would tell what it holds."""
    assert not found(thing("Secret", stringData={"host": "evil.example"}), ("host", "evil.example"))


def test_names_that_unicode_writes_otherwise_are_one() -> None:
    """Full-width letters, dots of other scripts and characters that are not seen."""
    for written in ("\uff25\uff36\uff29\uff2c.example", "evil\u3002example", "ev\u200bil.exam\u00adple"):
        assert found(pod(args=[written]), ("host", "evil.example")), written


def test_entries_that_are_not_of_their_type_are_named() -> None:
    """They find nothing and spoil nothing."""
    made = indexed(lists(("address", "1.2.3"), ("image", "a//b"), ("host", "."), ("host", "evil.example")))

    assert made.unreadable == (
        "IndicatorList feed: spec.indicators[0]: no address",
        "IndicatorList feed: spec.indicators[1]: no image",
        "IndicatorList feed: spec.indicators[2]: no host",
    )
    assert [entry.value for entry in made.words(tokens("see evil.example"))] == ["evil.example"]


def test_no_lists_are_nothing() -> None:
    """Neither is one without entries."""
    assert not Indicators()
    assert not indexed([])
    assert not indexed(lists())


@some
@given(st.text(max_size=80), st.text(max_size=40))
def test_no_text_and_no_entry_breaks_it(text: str, value: str) -> None:
    """Whatever a tenant and a feed write."""
    for type_ in ("host", "wallet", "address", "image", "registry", "digest", "sha256"):
        found(pod(args=[text, value]), (type_, value or "x"))
