"""Image references in normal form, so that no spelling hides a name.

The grammar is that of the Go package `github.com/distribution/reference`: the first segment is a domain when it holds
a dot or a colon, is `localhost`, or has an upper-case letter; `docker.io/library/` is implied; a digest beats a tag.
Docker Hub's other host names, letter case, default port and a trailing dot of the domain are folded by us.
"""

import re

import msgspec

_HUB = "docker.io"
_HUB_ALIASES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}", re.ASCII)
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*", re.ASCII)


class Image(msgspec.Struct, frozen=True):
    """One image reference in normal form.

    `domain` is lower case without a default port, `path` the repository below it, and exactly one of `tag` and
    `digest` is set (`latest` when neither was written). `valid` is false where a container runtime would refuse it.
    """

    domain: str
    path: str
    tag: str
    digest: str
    valid: bool

    @property
    def segments(self) -> list[str]:
        """The path's segments after the domain, where deny-lists look."""
        return self.path.split("/")

    def __str__(self) -> str:
        return f"{self.domain}/{self.path}" + (f"@{self.digest}" if self.digest else f":{self.tag}")


def parse(reference: str) -> Image:
    """Bring a reference to normal form; never raises, an invalid one is marked so."""
    text = reference.strip()
    name, _, digest = text.partition("@")
    head, slash, rest = name.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost" or head.lower() != head):
        domain, remainder = _domain(head), rest
    else:
        domain, remainder = _HUB, name
    path, tag = remainder, ""
    colon = remainder.rfind(":")
    if colon > remainder.rfind("/"):
        path, tag = remainder[:colon], remainder[colon + 1 :]
    if domain == _HUB and "/" not in path:
        path = f"library/{path}"
    valid = (
        text == reference
        and _PATH.fullmatch(path) is not None
        and (not tag or _TAG.fullmatch(tag) is not None)
        and (not digest or _DIGEST.fullmatch(digest) is not None)
        and not text.endswith(("@", ":"))
    )
    return Image(domain, path, "" if digest else tag or "latest", digest, valid)


def _domain(written: str) -> str:
    host, colon, port = written.lower().rpartition(":")
    if not colon or not port.isdigit():
        host, port = written.lower(), ""
    host = host.rstrip(".")
    if port in {"443", "80"}:
        port = ""
    if host in _HUB_ALIASES:
        return _HUB
    return f"{host}:{port}" if port else host
