"""The version before this one, made from its commit: its chart and its images, to upgrade from."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]

VERSION = "0.1.0"
COMMIT = "53b104204b7e285de753ae380e5357d96295f09c"
"""The last commit of that version."""

_BUILD_SECONDS = 1200


class Previous(msgspec.Struct, frozen=True):
    """Its chart's folder, and the archives of its images."""

    chart: Path
    images: list[Path]


def make(folder: Path) -> Previous:
    """Take its source out of the repository's history into an empty folder, and have it build its own images.

    Raises:
        subprocess.CalledProcessError: The commit is not in this clone, or an image was not built.
    """
    source = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(source)) as files:
        files.extractall(folder, filter="data")
    subprocess.run([sys.executable, "-m", "tools.image"], cwd=folder, check=True, timeout=_BUILD_SECONDS)
    return Previous(
        folder / "charts" / "aup", [folder / "dist" / f"aup-{name}-{VERSION}.tar" for name in ("webhook", "operator")]
    )
