"""`aup check` on the disk: from start to end for one file, and for thousands in one process and in two."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import yaml

from benchmarks.bodies import deployment

_FILES = 3_000
_STARTS = 9
_AUP = Path(sys.executable).with_name("aup")


class Check(msgspec.Struct, frozen=True):
    """Seconds of wall time: one file, and all files by the number of processes; and how many files and bytes."""

    one_file: float
    all_files: dict[str, float]
    files: int
    bytes: int


def measure() -> Check:
    """Write the files, and check them."""
    with tempfile.TemporaryDirectory(prefix="aup-bench-check-") as folder:
        size = 0
        for number in range(_FILES):
            written = yaml.dump(deployment(number, variables=24), Dumper=yaml.CSafeDumper, sort_keys=False)
            Path(folder, f"deployment-{number}.yaml").write_text(written)
            size += len(written)
        one = [_seconds(f"{folder}/deployment-{number}.yaml") for number in range(_STARTS)]
        both = {jobs: statistics.median(_seconds("--jobs", jobs, folder) for _ in range(3)) for jobs in ("1", "2")}
    return Check(one_file=statistics.median(one), all_files=both, files=_FILES, bytes=size)


def _seconds(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([str(_AUP), "check", *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
