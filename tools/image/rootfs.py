"""Makes file systems from Debian packages, which are only unpacked: no maintainer script runs, nothing is installed.

mmdebstrap downloads them, so apt checks Debian's signatures; which mirror is asked says the machine's own list of
sources, or `AUP_APT_SOURCES`, a file in apt's format.
"""

import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tools.image.packages import BASE, BUILDER, LEFT_OUT, SUITE

SOURCES = ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list")
"""Where a Debian keeps its list of sources."""

USERS = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
GROUPS = "root:x:0:\nnonroot:x:65532:\n"

Say = Callable[[str], None]


class ImageError(Exception):
    """The images cannot be built; the text says what to do about it."""


def sources(environ: Mapping[str, str] = os.environ) -> str:
    """The list of sources to download from.

    Raises:
        ImageError: There is none for the suite.
    """
    named = environ.get("AUP_APT_SOURCES")
    for place in [named] if named else SOURCES:
        if Path(place).is_file() and SUITE in (text := Path(place).read_text()):
            return text
    raise ImageError(
        f"No list of sources for Debian {SUITE} found: write one in apt's format, such as "
        f"`deb http://<mirror>/debian {SUITE} main`, and name it with AUP_APT_SOURCES=<file>."
    )


def download(folder: Path, say: Say) -> list[Path]:
    """Download the newest of all packages into an empty folder.

    Raises:
        ImageError: mmdebstrap is missing or failed.
    """
    if shutil.which("mmdebstrap") is None:
        raise ImageError("mmdebstrap is missing: apt-get install mmdebstrap")
    say(f"downloading {len(BUILDER)} packages of Debian {SUITE}")
    everything = folder / "all"
    everything.mkdir(parents=True)
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=extract",
        "--format=null",
        f"--include={','.join(BUILDER)}",
        f'--extract-hook=cp "$1"/var/cache/apt/archives/*.deb {everything}/',
        SUITE,
        "-",
        "-",
    ]
    ran = subprocess.run(command, input=sources(), capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise ImageError(f"mmdebstrap failed with exit code {ran.returncode}:\n{ran.stderr}")
    found = []
    for name in BUILDER:
        (archive,) = everything.glob(f"{name}_*.deb")
        found.append(archive.replace(folder / archive.name))
    shutil.rmtree(everything)
    return found


def unpack(archives: Iterable[Path], packages: Iterable[str], root: Path) -> None:
    """Unpack those of the packages that are named into `root`, leave out what is not needed, and compile the rest."""
    wanted = set(packages)
    status = root / "var/lib/dpkg/status.d"
    status.mkdir(parents=True)
    for archive in archives:
        name = archive.name.partition("_")[0]
        if name not in wanted:
            continue
        subprocess.run(["dpkg-deb", "--extract", archive, root], check=True)
        # One file a package, as distroless images have it, so that scanners know what is here.
        said = subprocess.run(["dpkg-deb", "--field", archive], check=True, capture_output=True, text=True)
        (status / name).write_text(said.stdout)
    certificates(root)
    users(root)
    for pattern in LEFT_OUT:
        for path in list(root.glob(pattern)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in [*root.glob("usr/share/doc/*/*"), *root.glob("usr/share/doc/*")]:
        if path.is_file() and not path.is_symlink() and path.name != "copyright":
            path.unlink()


def certificates(root: Path) -> None:
    """One file with the authorities that Debian trusts, where OpenSSL looks for it."""
    store = root / "usr/share/ca-certificates"
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(path.read_text().strip() + "\n" for path in sorted(store.glob("*/*.crt"))))
    shutil.rmtree(store)


def users(root: Path) -> None:
    """Nobody but root and the user that the images run as."""
    (root / "etc/passwd").write_text(USERS)
    (root / "etc/group").write_text(GROUPS)
    for name in ("proc", "sys", "dev", "run", "tmp"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for link, target in (("python3", "python3.11"), ("python", "python3.11")):
        path = root / "usr/bin" / link
        path.unlink(missing_ok=True)
        path.symlink_to(target)


def with_pip(root: Path) -> None:
    """Put Debian's wheel of pip where Python finds it."""
    (wheel,) = root.glob("usr/share/python-wheels/pip-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(root / "usr/local/lib/python3.11/dist-packages")  # noqa: S202 - signed by Debian
    (root / "bin/sh").unlink(missing_ok=True)
    (root / "bin/sh").symlink_to("dash")


def compile_library(root: Path) -> None:
    """Compile Python's library, by that Python itself, with bytecode that is checked against nothing.

    Raises:
        ImageError: It does not run, most likely because this process is not root.
    """
    code = (
        "import compileall, pathlib, py_compile\n"
        "mode = py_compile.PycInvalidationMode.UNCHECKED_HASH\n"
        "for path in sorted(pathlib.Path('/usr/lib/python3.11').rglob('*.py')):\n"
        "    compileall.compile_file(path, quiet=2, force=True, invalidation_mode=mode)\n"
    )
    command = ["chroot", str(root), "/usr/bin/python3.11", "-SP", "-c", code]
    ran = subprocess.run(
        command,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise ImageError(f"The base's Python does not run in a chroot (root is needed):\n{ran.stderr}")


def pack(root: Path, archive: Path) -> str:
    """Write a deterministic tar of `root` and return its digest: sorted, owned by root, of the time 0."""

    def same(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as file:
        for path in sorted(root.rglob("*")):
            file.add(path, path.relative_to(root).as_posix(), recursive=False, filter=same)
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def make(folder: Path, say: Say) -> dict[str, Path]:
    """The archives of both file systems, `base` and `builder`, below an empty folder."""
    archives = download(folder / "packages", say)
    made = {}
    for name, packages in (("base", BASE), ("builder", BUILDER)):
        say(f"unpacking the {name}'s {len(packages)} packages")
        root = folder / name
        root.mkdir()
        unpack(archives, packages, root)
        if name == "builder":
            with_pip(root)
        else:
            compile_library(root)
        made[name] = folder / f"{name}.tar"
        pack(root, made[name])
        shutil.rmtree(root)
    (folder / "packages.txt").write_text("".join(f"{archive.name}\n" for archive in archives))
    return made
