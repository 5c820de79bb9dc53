"""The documentation site: every page is found, every link leads somewhere, and what the pages tell to type exists."""

import posixpath
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from aup.cli.main import commands
from tools import site

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
_COMMAND = re.compile(r"^    aup (.+)$", re.MULTILINE)
_OBJECT = re.compile(r"validating(?:webhookconfiguration|admissionpolicybinding) (aup-[a-z-]+)((?: aup-[a-z-]+)*)")


def named(nav: object) -> Iterator[str]:
    """Every page of a navigation."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for inner in nav.values():
            yield from named(inner)
    elif isinstance(nav, list):
        for inner in nav:
            yield from named(inner)


def test_every_page_stands_once_in_the_navigation() -> None:
    """None is forgotten, and the navigation names none that is not there."""
    assert sorted(named(site.configuration()["nav"])) == sorted(page for _, page in site.pages())


def test_every_link_leads_to_something_on_the_site() -> None:
    """A file of the repository that a page links to is a page too; relative links of made pages are all there."""
    made = site.files()

    for path, content in made.items():
        if path.endswith(".md") and not path.startswith("docs/source/"):
            text = re.sub(r"^ *```.*?^ *```", "", content.decode(), flags=re.DOTALL | re.MULTILINE)
            for target in re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", text):
                assert posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) in made, path


def test_a_link_to_nothing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The text names the page and what it links to."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("[gone](../core/gone.py)\n")
    (tmp_path / "mkdocs.yml").write_text("nav: [index.md]\n")
    monkeypatch.setattr(site, "ROOT", tmp_path)
    monkeypatch.setattr(site, "MOVED", {})

    with pytest.raises(
        FileNotFoundError, match=r"docs/index.md links to ../core/gone.py, and there is no core/gone.py"
    ):
        site.files()


def test_links_into_the_repository_lead_to_pages_and_code_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file becomes a page under source/, one beside docs/ has its own name, and a list within a list stays one."""
    (tmp_path / "docs/rules").mkdir(parents=True)
    (tmp_path / "docs/rules/A.md").write_text(
        "[a](../../x.py#L1) [b](../../CHANGELOG.md) [c](https://x.example) [d](#here)\n- one\n  - two\n\n"
        "```\n[e](../../no.py)\n  - three\n```\n"
    )
    (tmp_path / "x.py").write_text("x = 1\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n")
    (tmp_path / "mkdocs.yml").write_text("nav: [rules/*.md]\n")
    monkeypatch.setattr(site, "ROOT", tmp_path)
    monkeypatch.setattr(site, "MOVED", {"CHANGELOG.md": "changelog.md"})

    made = site.files()

    assert made["docs/rules/A.md"].decode() == (
        "[a](../source/x.py.md#L1) [b](../changelog.md) [c](https://x.example) [d](#here)\n- one\n    - two\n\n"
        "```\n[e](../../no.py)\n  - three\n```\n"
    )
    assert "``````python\nx = 1\n``````" in made["docs/source/x.py.md"].decode()
    assert b"- rules/A.md" in made["mkdocs.yml"]


def test_no_placeholder_vanishes() -> None:
    """A word in angle brackets outside of code is taken for a tag and not shown."""
    for source, _ in site.pages():
        text = (ROOT / source).read_text()
        prose = re.sub(r"^ *```.*?^ *```|^    .*?$|`+[^`]+`+", "", text, flags=re.DOTALL | re.MULTILINE)

        assert re.findall(r"<[a-z]+>", prose) == [], source


def test_nothing_is_fetched_from_elsewhere_when_a_page_is_read() -> None:
    """No fonts, scripts or styles of other hosts, and no feature that loads some."""
    settings = site.configuration()

    assert settings["theme"]["font"] is False
    assert not {"extra_javascript", "extra", "repo_url"} & set(settings)
    assert not any("://" in style for style in settings["extra_css"])
    assert not any(b"```mermaid" in content for content in site.files().values())


def test_linting_builds_the_site() -> None:
    """So a link or anchor that leads nowhere fails before the tests run."""
    assert re.search(r"^lint: .*\bdocs\b", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert '"--strict"' in (ROOT / "tools/site.py").read_text()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, id=f"{page.name}: aup {line[:40]}")
        for page in PAGES
        for line in _COMMAND.findall(page.read_text())
    ],
)
def test_a_command_that_the_pages_tell_to_type_is_taken(line: str) -> None:
    """Its own parser finds no fault in it."""
    name, *words = shlex.split(line.partition(" | ")[0].partition(" > ")[0])
    command = commands.get_command(click.Context(commands), name)
    assert command is not None

    command.make_context(f"aup {name}", words, resilient_parsing=True)
    unknown = {word for word in words if word.startswith("--")} - {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert unknown <= {"--help"}


def test_what_the_pages_tell_to_delete_is_what_the_chart_makes() -> None:
    """The off-switches name objects by the chart's own names."""
    told = {
        name for page in PAGES for first, more in _OBJECT.findall(page.read_text()) for name in (first, *more.split())
    }
    made = (ROOT / "deploy/base/aup.yaml").read_text()

    assert "aup-enforce" in told
    assert {name for name in told if f"  name: {name}\n" not in made} == set()
