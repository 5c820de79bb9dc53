"""Quantities are counted as Kubernetes counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.quantity import NANO, parse, render

AMOUNTS = st.integers(min_value=-(10**30), max_value=10**30)


@pytest.mark.parametrize(
    ("written", "nanos"),
    [
        ("0", 0),
        ("1", NANO),
        ("+1", NANO),
        ("-1", -NANO),
        ("500m", NANO // 2),
        ("0.5", NANO // 2),
        (".5", NANO // 2),
        ("5.", 5 * NANO),
        ("1n", 1),
        ("1u", 1000),
        ("500000000n", NANO // 2),
        ("1k", 1000 * NANO),
        ("1M", 10**6 * NANO),
        ("1G", 10**9 * NANO),
        ("1T", 10**12 * NANO),
        ("1P", 10**15 * NANO),
        ("1E", 10**18 * NANO),
        ("1Ki", 1024 * NANO),
        ("1Mi", 1024**2 * NANO),
        ("1Gi", 1024**3 * NANO),
        ("1Ti", 1024**4 * NANO),
        ("1Pi", 1024**5 * NANO),
        ("1Ei", 1024**6 * NANO),
        ("1.5Gi", 3 * 2**29 * NANO),
        ("1e3", 1000 * NANO),
        ("1E3", 1000 * NANO),
        ("1E18", 10**18 * NANO),
        ("1e-3", 10**6),
        ("1e+2", 100 * NANO),
        ("0.1n", 1),
        ("1e-12", 1),
        ("-0.1n", -1),
        ("1.0000000001", NANO + 1),
        (2, 2 * NANO),
        (0.25, NANO // 4),
    ],
)
def test_a_quantity_is_what_kubernetes_reads(written: object, nanos: int) -> None:
    """Each suffix and exponent has Kubernetes' value, and less than a nano is rounded away from zero."""
    assert parse(written) == nanos


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1e3m",
        "1Kb",
        "1ki",
        "1mi",
        "1K",
        "1.2.3",
        "--1",
        "1e",
        "1e3.5",
        "0x10",
        "\u0661",
        "1_000",
        "inf",
        "nan",
        *[True, None, [], {}, "1" * 65, "1e99999"],
    ],
)
def test_what_is_no_quantity_is_refused(written: object) -> None:
    """Two suffixes, wrong case, blanks, foreign digits and other types raise ValueError."""
    with pytest.raises(ValueError, match="not a quantity"):
        parse(written)


@pytest.mark.parametrize(
    ("nanos", "binary", "written"),
    [
        (NANO, False, "1"),
        (1500 * 10**6, False, "1500m"),
        (12 * 1024**3 * NANO, True, "12Gi"),
        (1000 * NANO, True, "1000"),
        (0, True, "0"),
        (1, False, "1n"),
        (1000, False, "1u"),
        (-NANO // 2, False, "-500m"),
    ],
)
def test_an_amount_is_written_as_a_person_would(nanos: int, *, binary: bool, written: str) -> None:
    """The largest unit that divides the amount is used."""
    assert render(nanos, binary=binary) == written


@given(AMOUNTS, st.booleans())
def test_what_is_written_reads_back_the_same(nanos: int, binary: bool) -> None:
    """Render then parse gives the same amount."""
    assert parse(render(nanos, binary=binary)) == nanos


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.sampled_from(["n", "u", "m", "", "k", "Gi", "E", "e3"]))
def test_amounts_of_one_suffix_add_up(first: int, second: int, suffix: str) -> None:
    """The sum of two quantities is the quantity of the sum, without rounding."""
    assert parse(f"{first}{suffix}") + parse(f"{second}{suffix}") == parse(f"{first + second}{suffix}")


@given(st.text(max_size=80))
def test_text_is_a_quantity_or_a_value_error(written: str) -> None:
    """Nothing that a tenant writes raises anything but ValueError."""
    try:
        assert isinstance(parse(written), int)
    except ValueError as error:
        assert str(error).startswith("not a quantity")  # noqa: PT017 - either outcome is right
