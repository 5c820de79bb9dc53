"""Kubernetes quantities with Kubernetes' own arithmetic.

A quantity is held as a whole number of nano-units (10⁻⁹), the finest step that Kubernetes keeps, so sums and products
are exact. Grammar and rounding follow `k8s.io/apimachinery/pkg/api/resource`: a decimal number and one suffix of
n u m "" k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent e3/E3; anything finer than a nano is rounded away from zero, a
number without digits is nought, and blanks around it are nothing.
"""

import re
from functools import lru_cache

NANO = 10**9

_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([A-Za-z][A-Za-z0-9+-]*)?", re.ASCII)
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]{1,4})", re.ASCII)
_SUFFIXES: dict[str, int] = {  # in nano-units, of which each is a whole number
    "n": 1,
    "u": 10**3,
    "m": 10**6,
    "": NANO,
    **{suffix: NANO * 10 ** (3 * power) for power, suffix in enumerate("kMGTPE", start=1)},
    **{suffix + "i": NANO * 2 ** (10 * power) for power, suffix in enumerate("KMGTPE", start=1)},
}
_BINARY = tuple((suffix + "i", 2 ** (10 * power)) for power, suffix in reversed(tuple(enumerate("KMGTPE", start=1))))
_LONGEST = 64  # characters; Kubernetes has no bound, but no honest quantity is longer and huge exponents cost time


def parse(value: object) -> int:
    """Parse a quantity as Kubernetes does.

    Args:
        value: A string such as `500m`, `1.5Gi`, `1e3`, or a JSON number.

    Returns:
        The amount in nano-units, rounded away from zero.

    Raises:
        ValueError: The value is no quantity; the text says why.
    """
    if isinstance(value, str) and len(value) <= _LONGEST:
        return _parsed(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and len(str(value)) <= _LONGEST:
        return _parsed(str(value))
    raise ValueError(f"not a quantity: {str(value)[:_LONGEST]!r}")


@lru_cache(maxsize=1024)  # the same few amounts stand in nearly every manifest
def _parsed(text: str) -> int:
    match = _NUMBER.fullmatch(text.strip(" "))
    if match is None or not match[0]:
        raise ValueError(f"not a quantity: {text!r}")
    sign, whole, part, suffix = (group or "" for group in match.groups())
    digits, divisor = int(f"{whole}{part}" or "0"), 10 ** len(part)
    scale = _SUFFIXES.get(suffix)
    if scale is None:
        exponent = _EXPONENT.fullmatch(suffix)
        if exponent is None:
            raise ValueError(f"not a quantity: {text!r}, which ends in {suffix!r}")
        power = int(exponent[1])
        scale = NANO * 10 ** max(power, 0)
        divisor *= 10 ** max(-power, 0)
    nanos: int = -(-digits * scale // divisor)
    return -nanos if sign == "-" else nanos


def render(nanos: int, *, binary: bool = False) -> str:
    """Write an amount of nano-units as a person would: `1500m`, `2`, `12Gi`.

    Args:
        nanos: The amount in nano-units.
        binary: Prefer Ki to Ei (memory and storage) where they divide the amount exactly.
    """
    whole, rest = divmod(nanos, NANO)
    if rest:
        for suffix, step in (("m", 10**6), ("u", 10**3)):
            if nanos % step == 0:
                return f"{nanos // step}{suffix}"
        return f"{nanos}n"
    if binary and whole:
        for suffix, step in _BINARY:
            if whole % step == 0:
                return f"{whole // step}{suffix}"
    return str(whole)
