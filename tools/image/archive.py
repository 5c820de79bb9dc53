"""OCI archives: writes one from an OCI layout, and reads what is in it."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Archive:
    """What one archive says of its image.

    Attributes:
        digest: The manifest's, by which a cluster names the image.
        packed, unpacked: Bytes of all layers, as they are sent and as they are on a node.
        config: What a container of it is started with.
    """

    digest: str
    packed: int
    unpacked: int
    config: dict[str, Any]


def write(layout: Path, name: str, file: Path) -> None:
    """Write a layout as one tar, always the same for the same image, with the name that an import gives it.

    What names images of this machine alone is left out: the history of the build, and which base it was.
    """
    blobs = layout / "blobs" / "sha256"
    index = json.loads((layout / "index.json").read_text())
    (entry,) = index["manifests"]
    manifest = json.loads((blobs / _hash(entry)).read_text())
    config = json.loads((blobs / _hash(manifest["config"])).read_text())
    config.pop("history", None)
    manifest.pop("annotations", None)
    manifest["config"] |= _described(_json(config))
    entry |= _described(_json(manifest))
    entry["annotations"] = {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.rpartition(":")[2],
    }
    texts = {
        "oci-layout": (layout / "oci-layout").read_bytes(),
        "index.json": _json(index),
        f"blobs/sha256/{_hash(entry)}": _json(manifest),
        f"blobs/sha256/{_hash(manifest['config'])}": _json(config),
    }
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in texts.items():
            _add(archive, member, io.BytesIO(content), len(content))
        # A layer that occurs twice is one blob.
        for layer in sorted({_hash(layer) for layer in manifest["layers"]}):
            with (blobs / layer).open("rb") as stream:
                _add(archive, f"blobs/sha256/{layer}", stream, (blobs / layer).stat().st_size)


def read(file: Path) -> Archive:
    """What is in an archive."""
    with tarfile.open(file) as archive:

        def content(name: str) -> bytes:
            member = archive.extractfile(name)
            assert member is not None  # noqa: S101 - a file, as OCI layouts have there
            return member.read()

        def blob(digest: str) -> bytes:
            return content(f"blobs/sha256/{digest.removeprefix('sha256:')}")

        digest = json.loads(content("index.json"))["manifests"][0]["digest"]
        manifest = json.loads(blob(digest))
        layers = [(layer["mediaType"], blob(layer["digest"])) for layer in manifest["layers"]]
        sizes = [len(gzip.decompress(data)) if kind.endswith("+gzip") else len(data) for kind, data in layers]
        config = json.loads(blob(manifest["config"]["digest"]))["config"]
    return Archive(digest, sum(len(data) for _, data in layers), sum(sizes), config)


def unpack(file: Path, root: Path) -> None:
    """Unpack an image's layers into an empty folder, as a node does; no layer of ours removes a file of another."""
    with tarfile.open(file) as archive:
        digest = json.load(_member(archive, "index.json"))["manifests"][0]["digest"]
        manifest = json.load(_member(archive, f"blobs/sha256/{digest.removeprefix('sha256:')}"))
        for layer in manifest["layers"]:
            name = f"blobs/sha256/{layer['digest'].removeprefix('sha256:')}"
            with tarfile.open(fileobj=_member(archive, name), mode="r:*") as files:
                files.extractall(root, filter="fully_trusted")  # noqa: S202 - our own image, modes as they are


def _member(archive: tarfile.TarFile, name: str) -> Any:
    return archive.extractfile(name)


def _hash(described: dict[str, Any]) -> str:
    """The hexadecimal part of a blob's digest."""
    return str(described["digest"]).removeprefix("sha256:")


def _described(blob: bytes) -> dict[str, Any]:
    return {"digest": f"sha256:{hashlib.sha256(blob).hexdigest()}", "size": len(blob)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _add(archive: tarfile.TarFile, name: str, stream: Any, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    archive.addfile(entry, stream)
