"""`python -m tools.image [--fresh] [--again]`: both images as OCI archives below dist/, and what is in them."""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from testbed.gobuild import cache_root
from tools.image import archive, packages, rootfs, start
from tools.image.buildah import Buildah, epoch
from tools.image.rootfs import ImageError

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"
TARGETS = ("webhook", "operator")
BILL = "opt/aup/sbom.cdx.json"


def say(line: str) -> None:
    """Print one line of progress on stderr at once."""
    print(f"image: {line}", file=sys.stderr, flush=True)


def version() -> str:
    """The version in pyproject.toml, which is the images' tag."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def bases(buildah: Buildah, cache: Path, *, fresh: bool) -> dict[str, str]:
    """The references, with digests, of the base and the builder; made if they are missing, or `fresh` is asked for."""
    names = {name: f"localhost/aup-{name}" for name in ("base", "builder")}
    recipe = b"".join(Path(module.__file__ or "").read_bytes() for module in (packages, rootfs))
    tag = hashlib.sha256(recipe).hexdigest()[:12]
    if fresh or any(buildah.digest(f"{name}:{tag}") is None for name in names.values()):
        with tempfile.TemporaryDirectory(prefix="aup-image-", dir=cache) as work:
            for name, tar in rootfs.make(Path(work), say).items():
                context = Path(work, f"{name}-context")
                context.mkdir()
                tar.replace(context / "root.tar")
                (context / "Containerfile").write_text("FROM scratch\nADD root.tar /\n")
                arguments = [f"--timestamp={epoch()}", "--layers=false"]
                buildah.build(context, f"{names[name]}:{tag}", arguments, cache / f"{name}.log")
            Path(work, "packages.txt").replace(cache / "packages.txt")
    return {name: f"{image}@{buildah.digest(f'{image}:{tag}')}" for name, image in names.items()}


def build(*, fresh: bool = False, again: bool = False) -> dict[str, Path]:
    """The archive of each image; `fresh` takes Debian's newest packages, `again` uses no layer made before.

    Raises:
        ImageError: A program is missing, or a step failed.
    """
    cache = cache_root().parent / "image"
    cache.mkdir(exist_ok=True)
    buildah = Buildah(cache)
    stands_on = bases(buildah, cache, fresh=fresh)
    DIST.mkdir(exist_ok=True)
    made = {}
    for target in TARGETS:
        began = time.monotonic()
        name = f"localhost/aup-{target}:{version()}"
        say(f"building {name}")
        arguments = [
            f"--target={target}",
            f"--build-arg=BASE={stands_on['base']}",
            f"--build-arg=BUILDER={stands_on['builder']}",
            f"--build-arg=SOURCE_DATE_EPOCH={epoch()}",
            f"--timestamp={epoch()}",
            *(["--no-cache"] if again else []),
        ]
        buildah.build(ROOT, name, arguments, cache / f"{target}.log")
        made[target] = DIST / f"aup-{target}-{version()}.tar"
        known = cache / f"{target}.archive"
        if known.is_file() and known.read_text() == _state(buildah, name, made[target]):
            say(f"{made[target].relative_to(ROOT)} is as it was: {time.monotonic() - began:.0f} s")
            continue
        with tempfile.TemporaryDirectory(prefix="aup-image-", dir=cache) as work:
            layout = Path(work, "layout")
            buildah.push(name, layout)
            archive.write(layout, name, made[target])
            root = Path(work, "root")
            archive.unpack(made[target], root)
            shutil.copyfile(root / BILL, DIST / f"aup-{target}-{version()}.cdx.json")
        known.write_text(_state(buildah, name, made[target]) or "")
        say(f"{made[target].relative_to(ROOT)}: {time.monotonic() - began:.0f} s")
    shutil.copyfile(cache / "packages.txt", DIST / "debian-packages.txt")
    return made


def _state(buildah: Buildah, name: str, file: Path) -> str | None:
    """The image in the store, how archives are written, and this one: a text that is the same only if all are."""
    if not file.is_file():
        return None
    written = hashlib.sha256(Path(archive.__file__).read_bytes() + file.read_bytes()).hexdigest()
    return f"{buildah.image(name)} {written}"


def main() -> int:
    """Build both and say what came out."""
    parser = argparse.ArgumentParser(prog="python -m tools.image", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="take Debian's newest packages")
    parser.add_argument("--again", action="store_true", help="use no layer that was made before")
    given = parser.parse_args()
    try:
        made = build(fresh=given.fresh, again=given.again)
    except ImageError as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    report = {}
    for target, file in made.items():
        read = archive.read(file)
        imported = start.imports(file, f"aup_{target}")
        sizes = {"packed": read.packed, "unpacked": read.unpacked}
        report[target] = {"digest": read.digest, **sizes, "importSeconds": round(imported, 2)}
        print(f"{file.relative_to(ROOT)}\t{read.digest}")
        print(f"  {read.packed / 1e6:.0f} MB to send, {read.unpacked / 1e6:.0f} MB on a node")
        print(f"  everything imported after {imported:.2f} s")
    (DIST / "images.json").write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
