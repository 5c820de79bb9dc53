"""What tests of the chart share."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_helm_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the caller's helm settings out of the tests."""
    for kind in ("CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"HELM_{kind}_HOME", str(tmp_path))
