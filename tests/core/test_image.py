"""Every spelling of an image is the same image, and look-alike references stay apart."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.image import parse

DIGEST = "sha256:" + "0" * 63 + "1"
DOMAINS = (
    *(
        "",
        "docker.io/",
        "DOCKER.IO/",
        "Docker.io/",
        "docker.io:443/",
        "docker.io:80/",
        "docker.io./",
        "docker.io.:443/",
    ),
    *("index.docker.io/", "INDEX.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/"),
)
SPELLINGS = [domain + path for domain, path in product(DOMAINS, ("nginx", "library/nginx"))]
VERSIONS = [("", "latest", ""), (":latest", "latest", ""), (f":1.27@{DIGEST}", "", DIGEST), (f"@{DIGEST}", "", DIGEST)]


def test_there_are_enough_spellings_to_mean_something() -> None:
    """The table below has more than forty spellings of one image."""
    assert len(SPELLINGS) * len(VERSIONS) > 40


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(("version", "tag", "digest"), VERSIONS)
def test_every_spelling_of_an_image_is_the_same_image(spelling: str, version: str, tag: str, digest: str) -> None:
    """Domain aliases, letter case, default ports, trailing dots and `library/` say nothing; a digest beats a tag."""
    image = parse(spelling + version)

    assert (image.domain, image.path, image.tag, image.digest, image.valid) == (
        "docker.io",
        "library/nginx",
        tag,
        digest,
        True,
    )


@pytest.mark.parametrize(
    ("reference", "normal"),
    [
        ("reg:5000/x", "reg:5000/x:latest"),
        ("reg:5000/x:1", "reg:5000/x:1"),
        ("localhost/x", "localhost/x:latest"),
        ("Foo/x", "foo/x:latest"),
        ("foo/x", "docker.io/foo/x:latest"),
        ("x:5000", "docker.io/library/x:5000"),
        ("[fe80::1]:5000/x", "[fe80::1]:5000/x:latest"),
        ("192.0.2.1/x", "192.0.2.1/x:latest"),
        ("mirror.gcr.io/library/nginx", "mirror.gcr.io/library/nginx:latest"),
        ("nginx:" + "a" * 128, "docker.io/library/nginx:" + "a" * 128),
    ],
)
def test_a_reference_has_one_normal_form(reference: str, normal: str) -> None:
    """A port is no tag, an upper-case first segment is a domain, and a mirror stays a mirror."""
    image = parse(reference)

    assert str(image) == normal
    assert image.valid


@pytest.mark.parametrize(
    "reference",
    [
        "",
        " ",
        " nginx",
        "nginx ",
        "nginx:",
        "nginx@",
        "nginx:" + "a" * 129,
        "a//b",
        "/a",
        "a/",
        "nginx@sha256:1",
        "ng\u0456nx",
        "docker.io/XMRig",
        "a:b:c",
        "nginx@md5",
        "-a",
        "a..b",
    ],
)
def test_what_no_runtime_pulls_is_marked_invalid(reference: str) -> None:
    """Blanks, empty parts, long tags, short digests, upper-case paths and foreign letters are invalid."""
    assert not parse(reference).valid


@pytest.mark.parametrize("reference", [" redis:8", "redis:8\n", "\tdocker.io/redis:8 "])
def test_blanks_around_a_reference_hide_nothing(reference: str) -> None:
    """What the reference names is found all the same, though no runtime pulls it."""
    assert str(parse(reference)) == "docker.io/library/redis:8"


@given(st.text(max_size=300))
def test_parsing_never_raises_and_says_either_tag_or_digest(reference: str) -> None:
    """Whatever a tenant writes gives an image with exactly one of tag and digest."""
    image = parse(reference)

    assert bool(image.tag) != bool(image.digest)


@given(st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,3}", fullmatch=True), st.sampled_from(DOMAINS[1:]))
def test_a_normal_form_is_its_own_normal_form(path: str, domain: str) -> None:
    """Writing an image and reading it again changes nothing."""
    image = parse(domain + path)

    assert parse(str(image)) == image
