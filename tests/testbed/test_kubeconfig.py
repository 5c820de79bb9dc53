"""Kubeconfig files: names and rights."""

import stat
from pathlib import Path

import yaml

from testbed import kubeconfig


def test_only_the_owner_may_read_a_kubeconfig(tmp_path: Path) -> None:
    """The file holds a credential: mode 0600, also when an older file was open to others."""
    path = tmp_path / "users" / "a.kubeconfig"
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o644)
    kubeconfig.write(path, {"server": "https://127.0.0.1:1"}, {"token": "t"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = yaml.safe_load(path.read_text())
    assert content["current-context"] == content["contexts"][0]["name"]
    assert content["users"][0]["user"] == {"token": "t"}


def test_different_users_get_different_files() -> None:
    """Names that differ only in characters a file name cannot have do not share a file."""
    names = ["system:a", "system/a", "system_a", "../a"]
    files = {kubeconfig.file_name(name) for name in names}
    assert len(files) == len(names)
    assert not any("/" in file for file in files)
