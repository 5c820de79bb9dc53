"""The machine that figures come from."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("aup", "ahocorasick-rs", "fastapi", "httptools", "msgspec", "uvicorn", "uvloop")


def describe() -> dict[str, object]:
    """Processor, cores, system, versions and the commit that was measured."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {package: version(package) for package in _PACKAGES},
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain")),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _git(*arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return ran.stdout.strip()
