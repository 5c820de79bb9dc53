"""Runs inside the image's build: leaves out what never runs, compiles the rest, and names the final interpreter.

Bytecode is checked against nothing (`unchecked-hash`): an image's files do not change, and nothing in it is writable.
"""

import argparse
import base64
import compileall
import csv
import hashlib
import py_compile
import shutil
import subprocess
from pathlib import Path

NEVER_RUN = (
    # The client for asyncio and one class for each kind of Kubernetes, 70 MB; ours sends and reads JSON.
    "kubernetes/aio",
    "kubernetes/client/api/*_api.py",
    "kubernetes/client/models/*.py",
    # Sources and declarations of compiled modules, and tests.
    "**/*.c",
    "**/*.h",
    "**/*.pxd",
    "**/*.pyi",
    "**/*.pyx",
    "**/_testcapi*.so",
    "*/tests",
    # When and from which file a package was installed.
    "*.dist-info/direct_url.json",
    "*.dist-info/uv_cache.json",
)
"""What is left out of site-packages, as patterns."""

KEPT = {"__init__.py", "v1_managed_fields_entry.py", "v1_object_meta.py", "v1_owner_reference.py"}
"""Names that those patterns do not catch: kopf makes classes of its own from these models."""

DEBUGGED = ("**/*.so", "**/*.so.*")


def leave_out(site_packages: Path) -> None:
    """Remove what never runs."""
    for pattern in NEVER_RUN:
        for path in sorted(site_packages.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in KEPT:
                path.unlink()


def strip(site_packages: Path) -> None:
    """Remove debugging information from compiled modules, where the builder has a `strip`."""
    if command := shutil.which("strip"):
        modules = sorted({path for pattern in DEBUGGED for path in site_packages.glob(pattern)})
        if modules:
            subprocess.run([command, "--strip-unneeded", *modules], check=True)


def record(site_packages: Path) -> None:
    """Make each package's list of its files true again."""
    for listed in sorted(site_packages.glob("*.dist-info/RECORD")):
        with listed.open(newline="") as file:
            rows = [row for row in csv.reader(file) if row and (site_packages / row[0]).is_file()]
        for row in rows:
            if row[1]:
                content = (site_packages / row[0]).read_bytes()
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
                row[1:] = [f"sha256={digest}", str(len(content))]
        with listed.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def interpret(folder: Path, python: str) -> None:
    """Leave nothing in `bin` but links to the final image's interpreter."""
    for name in (".gitignore", ".lock", "CACHEDIR.TAG", "lib64"):
        (folder / name).unlink(missing_ok=True)
    binaries = folder / "bin"
    shutil.rmtree(binaries)
    binaries.mkdir()
    (binaries / "python").symlink_to(python)
    (binaries / "python3").symlink_to("python")
    (folder / "pyvenv.cfg").write_text(f"home = {Path(python).parent}\ninclude-system-site-packages = false\n")


def compile_all(folder: Path) -> None:
    """Compile every module, in one process and in order, so that two builds give the same bytes."""
    for source in sorted(folder.rglob("*.py")):
        compileall.compile_file(
            source, quiet=2, force=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )


def main() -> None:
    """Finish one folder with a `lib/python3.11/site-packages`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", help="the interpreter's path in the final image; without it, bin is left out")
    given = parser.parse_args()
    (site_packages,) = given.folder.glob("lib/python3.*/site-packages")
    leave_out(site_packages)
    strip(site_packages)
    record(site_packages)
    if given.python:
        interpret(given.folder, given.python)
    else:
        shutil.rmtree(site_packages / "bin", ignore_errors=True)
    (site_packages / ".lock").unlink(missing_ok=True)
    compile_all(site_packages)


if __name__ == "__main__":
    main()
