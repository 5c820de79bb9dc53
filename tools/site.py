"""The documentation as a site: what the generator reads, made of docs/ and of the files that its pages link to.

`python -m tools.site` writes it to .cache/site and builds site/ from there. Pages in docs/ link to files of the
repository by path, as a forge shows them; on the site each such file is a page of its own, so that nothing leads away.
"""

import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / ".cache/site"
"""What the generator reads."""

SITE = ROOT / "site"

MOVED = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "charts/aup/README.md": "chart.md",
    "deploy/README.md": "plain-manifests.md",
}
"""Pages beside docs/, and what they are called on the site; docs/index.md stands for the README."""

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
_NESTED = re.compile(r"^ {2,3}(?=- )")
"""An item within a list's item, which the generator wants deeper than forges do."""

_FENCE = re.compile(r"^ *(```|~~~)")
_LANGUAGES = {".py": "python", ".sh": "bash", ".yaml": "yaml", ".yml": "yaml"}


def main() -> int:
    """Build the site, or with `serve` show it on port 8000 and build it anew after each change in .cache/site."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    for path, content in files().items():
        (SOURCE / path).parent.mkdir(parents=True, exist_ok=True)
        (SOURCE / path).write_bytes(content)
    command = ["serve"] if sys.argv[1:] == ["serve"] else ["build", "--strict"]
    code = subprocess.run([Path(sys.executable).with_name("zensical"), *command], cwd=SOURCE, check=False).returncode
    if not code and "build" in command:
        shutil.rmtree(SITE, ignore_errors=True)
        shutil.move(SOURCE / "site", SITE)
    return code


def files() -> dict[str, bytes]:
    """Everything that the generator reads, by its path.

    Raises:
        FileNotFoundError: A page links to something that is not there; the text names both.
    """
    made: dict[str, bytes] = {"mkdocs.yml": yaml.safe_dump(configuration(), sort_keys=False).encode()}
    linked = {f"docs/{style}" for style in configuration().get("extra_css", [])}
    for source, page in pages():
        text = (ROOT / source).read_text()
        made[f"docs/{page}"] = "".join(_rewritten(text.splitlines(keepends=True), source, page, linked)).encode()
    for source in sorted(linked):
        if source.startswith("docs/"):
            made[source] = (ROOT / source).read_bytes()
        else:
            made[f"docs/source/{source}.md"] = _shown(source).encode()
    return made


def configuration() -> dict[str, Any]:
    """mkdocs.yml, with each name of several pages in the navigation (`rules/AUP*.md`) replaced by their own."""
    settings: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    return settings | {"docs_dir": "docs", "site_dir": "site", "nav": [*_expanded(settings["nav"])]}


def pages() -> Iterator[tuple[str, str]]:
    """Each page as (its path in the repository, its path on the site)."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT / "docs").as_posix()
        yield f"docs/{name}", name
    for source, page in MOVED.items():
        if page != "index.md":
            yield source, page


def _expanded(nav: object) -> Iterator[object]:
    assert isinstance(nav, list)  # noqa: S101 - mkdocs.yml is ours
    for entry in nav:
        if isinstance(entry, dict):
            yield {title: [*_expanded(inner)] if isinstance(inner, list) else inner for title, inner in entry.items()}
        elif "*" in entry:
            yield from sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").glob(entry))
        else:
            yield entry


def _rewritten(lines: Iterable[str], source: str, page: str, linked: set[str]) -> Iterator[str]:
    """A page's lines with its links as they are on the site; each file that is no page is added to `linked`."""

    def target(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[1]))
        if not (ROOT / path).is_file():
            raise FileNotFoundError(f"{source} links to {match[1]}, and there is no {path}")
        if path in MOVED:
            there = MOVED[path]
        elif path.startswith("docs/"):
            there = path.removeprefix("docs/")
            if not path.endswith(".md"):
                linked.add(path)
        else:
            linked.add(path)
            there = f"source/{path}.md"
        return posixpath.relpath(there, posixpath.dirname(page) or ".") + (match[2] or "")

    fenced = False
    for line in lines:
        fenced ^= bool(_FENCE.match(line))
        yield line if fenced else _NESTED.sub("    ", _LINK.sub(target, line))


def _shown(source: str) -> str:
    """A file of the repository as a page; the search leaves it out."""
    path = ROOT / source
    language = _LANGUAGES.get(path.suffix, "text")
    fence = "`" * 6
    return (
        f"---\nsearch:\n  exclude: true\n---\n\n# {path.name}\n\n`{source}`\n\n"
        f"{fence}{language}\n{path.read_text().rstrip()}\n{fence}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
