"""What is in our images, and what is not."""

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.image import archive, start
from tools.image.__main__ import DIST, build, version

pytestmark = pytest.mark.e2e

UNPACKED_MB, PACKED_MB = 110, 40


@pytest.mark.parametrize(("name", "others"), [("webhook", "kopf"), ("operator", "fastapi")])
def test_an_image_is_small_and_has_only_what_its_part_needs(
    images: dict[str, Path], tmp_path: Path, name: str, others: str
) -> None:
    """No program but Python, nothing of the other part's libraries, nothing that its user could write."""
    read = archive.read(images[name])
    assert read.config["User"] == "65532:65532"
    assert read.config["Entrypoint"] == ["python", "-Im", f"aup_{name}"]
    assert read.unpacked < UNPACKED_MB * 10**6
    assert read.packed < PACKED_MB * 10**6
    archive.unpack(images[name], tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    programs = {path.rpartition("/")[2] for path in files if "bin" in path.split("/")[:-1]}
    assert programs == {"python", "python3", "python3.11"}
    packages = "opt/aup/lib/python3.11/site-packages"
    assert f"{packages}/aup_{name}/__main__.py" in files
    assert f"{packages}/{others}" not in files
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_mode & 0o6022]


@pytest.mark.parametrize("name", ["webhook", "operator"])
def test_the_program_starts_from_bytecode(images: dict[str, Path], name: str) -> None:
    """Everything that it imports is there, also after what never runs was left out."""
    assert start.imports(images[name], f"aup_{name}") < 30


@pytest.mark.parametrize("name", ["webhook", "operator"])
def test_the_bill_of_materials_lists_the_lock(images: dict[str, Path], name: str) -> None:
    """Every locked package with its version."""
    assert images[name].is_file()
    bill = json.loads((DIST / f"aup-{name}-{version()}.cdx.json").read_text())
    listed = {f"{item['name']}=={item['version']}" for item in bill["components"]}
    lock = (DIST.parent / "requirements" / f"{name}.txt").read_text()
    locked = {line.split()[0] for line in lock.splitlines() if line[:1].isalpha()}
    assert bill["bomFormat"] == "CycloneDX"
    assert listed == locked


def test_two_builds_give_the_same_bytes(images: Mapping[str, Path], tmp_path: Path) -> None:
    """With no layer of the first used in the second."""
    for path in images.values():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for name, path in build(again=True).items():
        first = tmp_path / images[name].name
        assert archive.read(path).digest == archive.read(first).digest
        assert path.read_bytes() == first.read_bytes()


def test_every_file_is_of_the_same_time(images: dict[str, Path]) -> None:
    """An archive's digest does not depend on when it was made."""
    for path in images.values():
        with tarfile.open(path) as members:
            assert {member.mtime for member in members} == {0}
