"""Kubernetes quantities with Kubernetes' own arithmetic.

A quantity is held as a whole number of nano-units (10⁻⁹), the finest step that Kubernetes keeps, so sums and products
are exact. Grammar and rounding follow `k8s.io/apimachinery/pkg/api/resource`: a decimal number and one suffix of
n u m "" k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent e3/E3; anything finer than a nano is rounded away from zero, a
number without digits is nought, and blanks around it are nothing.
"""

import re
from fractions import Fraction

NANO = 10**9

_NUMBER = re.compile(r"([+-]?)([0-9]*\.?[0-9]*)([A-Za-z][A-Za-z0-9+-]*)?", re.ASCII)
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]{1,4})", re.ASCII)
_SUFFIXES: dict[str, Fraction] = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    "": Fraction(1),
    **{suffix: Fraction(10 ** (3 * power)) for power, suffix in enumerate("kMGTPE", start=1)},
    **{suffix + "i": Fraction(2 ** (10 * power)) for power, suffix in enumerate("KMGTPE", start=1)},
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
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise ValueError(f"not a quantity: {str(value)[:_LONGEST]!r}")
    match = _NUMBER.fullmatch(text.strip(" "))
    if match is None or not match[0]:
        raise ValueError(f"not a quantity: {text!r}")
    sign, digits, suffix = match[1], match[2], match[3] or ""
    scaled = Fraction(digits if digits.strip(".") else 0) * _scale(suffix, text) * NANO
    nanos = -(-scaled.numerator // scaled.denominator)
    return -nanos if sign == "-" else nanos


def _scale(suffix: str, text: str) -> Fraction:
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    exponent = _EXPONENT.fullmatch(suffix)
    if exponent is None:
        raise ValueError(f"not a quantity: {text!r}, which ends in {suffix!r}")
    return Fraction(10) ** int(exponent[1])


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
