"""How the suite is shared out between its two workers."""

import subprocess
import sys
from pathlib import Path

GROUPED = """
import os
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(20))
def test_is_run(number):
    with open("workers", "a") as seen:
        print(os.environ["PYTEST_XDIST_WORKER"], file=seen)
"""


def test_a_group_is_run_by_one_worker(tmp_path: Path) -> None:
    """Or the one control plane is two, and what must not run at once does; with pytest 9.2 it was so, in silence."""
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    command = [sys.executable, "-m", "pytest", "--quiet", "-n", "2", "--dist", "loadgroup", "--rootdir", tmp_path, "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout
    assert len(set((tmp_path / "workers").read_text().split())) == 1
