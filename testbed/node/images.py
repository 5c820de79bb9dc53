"""The node's own images, of one static program each, as OCI archives that `ctr images import` reads."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

PAUSE = "localhost/pause:1"
COREDNS = "localhost/coredns:1"
WORKLOAD = "localhost/shop:1.4.2"
"""The tests' workload: a program that waits."""

_EPOCH = "1970-01-01T00:00:00Z"


def write(programs: Mapping[str, Path], folder: Path) -> list[Path]:
    """Write all of them into `folder`."""
    made = []
    for name, program in ((PAUSE, "pause"), (WORKLOAD, "pause"), (COREDNS, "coredns")):
        file = folder / f"{name.partition('/')[2].replace(':', '-')}.tar"
        one_program(name, programs[program], file)
        made.append(file)
    return made


def one_program(name: str, program: Path, file: Path) -> None:
    """Write an image whose only file is `program`, which its containers run as an ordinary user."""
    layer = _tar({program.name: program.read_bytes()}, mode=0o755)
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": _EPOCH,
            "config": {"Entrypoint": [f"/{program.name}"], "User": "65532:65532", "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    vendor = "application/vnd.oci.image"
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{vendor}.manifest.v1+json",
            "config": _entry(f"{vendor}.config.v1+json", config),
            "layers": [_entry(f"{vendor}.layer.v1.tar", layer)],
        }
    )
    names = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    index = {
        "schemaVersion": 2,
        "manifests": [_entry(f"{vendor}.manifest.v1+json", manifest) | {"annotations": names}],
    }
    blobs = {f"blobs/sha256/{_digest(blob).partition(':')[2]}": blob for blob in (layer, config, manifest)}
    file.write_bytes(_tar({"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": _json(index), **blobs}))


def _tar(files: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def _entry(kind: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": kind, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
