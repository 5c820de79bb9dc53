"""Plain YAML scalars, read as kubectl reads them, so that the command line sees the object that the cluster will.

kubectl's reader is go-yaml 2: `yes`, `on` and `y` are booleans, dates and `22:22` are text, `010` is eight.
"""

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_NUMBERS_BEGIN = frozenset("+-.0123456789")
BEGINNINGS = frozenset(word[:1] for word in _WORDS) | _NUMBERS_BEGIN
"""How a plain scalar begins that may not be text; `plain` gives any other back as it is."""
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WHOLE = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 10)
_FRACTION = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST = 64  # characters of a number; 64 bits need 20 in decimal

_PREFIX = "tag:yaml.org,2002:"
_TAGGED: dict[str, tuple[type, ...]] = {
    f"{_PREFIX}int": (int,),
    f"{_PREFIX}float": (int, float),
    f"{_PREFIX}bool": (bool,),
    f"{_PREFIX}null": (type(None),),
}
STR_TAG = f"{_PREFIX}str"
MAP_TAG = f"{_PREFIX}map"
SEQ_TAG = f"{_PREFIX}seq"


def plain(written: str) -> Scalar:
    """The value of a scalar without quotes.

    Raises:
        ValueError: It is a number that no JSON object can hold.
    """
    if written in _WORDS:
        return _WORDS[written]
    if written[0] not in _NUMBERS_BEGIN:
        return written
    if written[0] != "0" and len(written) < _LONGEST and written.isdecimal() and written.isascii():
        return int(written)  # as nearly all numbers are; the expressions below take ten times as long
    if _NO_NUMBER.fullmatch(written):
        raise ValueError(f"{written} is no number in JSON; put it in quotes if it is text")
    digits = written.replace("_", "")
    whole, fraction = _WHOLE.fullmatch(digits), _FRACTION.fullmatch(digits)
    if (whole or fraction) and len(digits) > _LONGEST:
        raise ValueError(f"a number of {len(digits)} characters; put it in quotes if it is text")
    if whole:
        sign, *parts = whole.groups()
        value = next(int(part, base) for part, base in zip(parts, _BASES, strict=True) if part is not None)
        return -value if sign == "-" else value
    if fraction and math.isfinite(float(digits)):
        return float(digits)
    return written


def tagged(tag: str, written: str) -> Scalar:
    """The value of a scalar with an explicit tag.

    Raises:
        ValueError: The tag is none that a Kubernetes object can have, or does not fit the value.
    """
    if tag == STR_TAG:
        return written
    if tag not in _TAGGED:
        raise ValueError(unknown_tag(tag))
    value = plain(written)
    if not isinstance(value, _TAGGED[tag]) or (isinstance(value, bool) and tag != f"{_PREFIX}bool"):
        raise ValueError(f"the value does not fit its tag {short(tag)}; remove the tag or mend the value")
    return value


def unknown_tag(tag: str) -> str:
    """What is wrong with a tag that Kubernetes objects do not have."""
    return f"the tag {short(tag)} has no meaning in a Kubernetes object; write the value itself"


def short(tag: str) -> str:
    """A tag as people write it: `!!binary` for the long form."""
    return f"!!{tag.removeprefix(_PREFIX)}" if tag.startswith(_PREFIX) else tag
