"""What the product reads of the tables that people write as YAML: the same as JSON, each in one line.

It imports nothing of `aup`, which cannot be imported without them.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

_CORE = Path(__file__).resolve().parent.parent / "core/aup"
_OTHERS = frozenset({"crds", "rules"})
"""Folders with YAML that is no table: what is itself generated, and the rules' cases."""


def generated() -> Iterator[tuple[str, str]]:
    """Each table as (path from the root, content)."""
    for path in sorted(_CORE.rglob("*.yaml")):
        if path.parent.name not in _OTHERS:
            table = msgspec.json.encode(msgspec.yaml.decode(path.read_bytes())).decode()
            yield f"core/aup/tables/{path.stem}.json", f"{table}\n"
