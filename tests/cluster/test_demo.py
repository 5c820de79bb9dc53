"""The demo holds, and the README shows what it prints."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[2]
_VOLATILE = re.compile(
    r"\b\d+(?:\.\d+)?m?s\b|\d{4}-\d\d-\d\dT[\d:]+Z|\d+\.\d+ s\b|(?<=acme-1-)[0-9a-f]{8}\b|(?<=decision )[0-9a-f]{8}\b"
)


def lines(text: str) -> list[str]:
    """The lines of a text without its ages, instants and padding."""
    return [" ".join(_VOLATILE.sub("…", line).split()) for line in text.splitlines() if line.strip()]


def test_the_demo_holds_and_the_readme_shows_it() -> None:
    """It exits 0, and each line that the README shows of it is one that it prints, but for the progress of a wait."""
    demo = subprocess.run(
        [sys.executable, "-m", "testbed.demo"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=900
    )

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Every step was seen to hold" in demo.stdout
    shown = re.search(r"<!-- from: make demo -->(.+?)<!-- end -->", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown is not None
    printed = set(lines(demo.stdout))
    assert [line for line in lines(shown[1]) if line not in printed and not line.startswith("acme-1:")] == []
