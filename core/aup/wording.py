"""What a tenant wrote, made safe to show: on terminals, in logs, in Events."""

import unicodedata

_LONGEST = 160


def printable(written: str) -> str:
    """Text safe for terminals and logs: control and formatting characters are escaped."""
    if written.isascii() and written.isprintable():
        return written
    return "".join(
        character if character == " " or unicodedata.category(character)[0] not in "CZ" else f"\\u{ord(character):04x}"
        for character in written
    )


def quoted(value: object) -> str:
    """A value that a tenant wrote, safe for terminals and logs: in quotes, control characters escaped, cut at 160."""
    written = str(value)
    safe = printable(written[:_LONGEST])
    return f'"{safe}"' if len(written) <= _LONGEST else f'"{safe}…" ({len(written)} characters)'
