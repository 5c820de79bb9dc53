"""Make every generated file from its source, or check that each is what it would be made into.

`python -m tools.generate [--check]`
"""

import os
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_STAGES = ("tools.tables", "tools.documents", "tools.deploy")
"""Each gives its files as `generated()`, and is imported when those before it are written, for it reads them."""

_FOLDERS = ("core/aup/tables", "core/aup/crds", "charts/aup/files/crds", "docs/rules")
"""Folders in which every file but Python's is generated, so that a left-over one is found."""


def main() -> int:
    """Write the files, or with `--check` name those that differ; 1 if there are any."""
    os.chdir(ROOT)  # the README's commands name paths from there
    check = sys.argv[1:] == ["--check"]
    files: dict[str, str] = {}
    wrong: list[str] = []
    for stage in _STAGES:
        made = dict(import_module(stage).generated())
        stale = [path for path, text in made.items() if not _holds(ROOT / path, text)]
        for path in [] if check else stale:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(made[path])
        files |= made
        wrong += stale
    extra = [
        str(path.relative_to(ROOT))
        for folder in _FOLDERS
        for path in (ROOT / folder).glob("*")
        if path.is_file() and path.suffix != ".py" and str(path.relative_to(ROOT)) not in files
    ]
    if check:
        for path in [*wrong, *extra]:
            print(f"{path}: not what its source makes; run `make generate`", file=sys.stderr)
        return 1 if wrong or extra else 0
    for path in extra:
        (ROOT / path).unlink()
    print(f"{len(wrong)} of {len(files)} generated files written, {len(extra)} removed")
    return 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
