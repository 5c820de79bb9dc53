"""What the generated pages share."""

import textwrap
from collections.abc import Iterator


def wrapped(text: str) -> Iterator[str]:
    """The paragraphs of a text, each behind an empty line and in lines of 120 characters."""
    for paragraph in text.strip().split("\n\n"):
        yield ""
        yield textwrap.fill(paragraph.replace("\n", " "), 120, break_long_words=False, break_on_hyphens=False)
