"""A plain scalar is read as kubectl reads it, which is what the cluster will see."""

import pytest

from aup.cli import scalars

PLAIN: dict[str, object] = {
    "yes": True,
    "y": True,
    "On": True,
    "off": False,
    "N": False,
    "yEs": "yEs",
    "": None,
    "~": None,
    "Null": None,
    "nil": "nil",
    "0": 0,
    "-7": -7,
    "+7": 7,
    "1_000": 1000,
    "010": 8,
    "0o10": 8,
    "-0x1F": -31,
    "0b101": 5,
    "08": 8.0,
    "1.5": 1.5,
    "1e3": 1000.0,
    ".5": 0.5,
    "1.": 1.0,
    "1e999": "1e999",
    "22:22": "22:22",
    "2026-01-01": "2026-01-01",
    "2026-01-01T00:00:00Z": "2026-01-01T00:00:00Z",
    "100m": "100m",
    "1.2.3": "1.2.3",
    "-": "-",
    ".": ".",
    "=": "=",
    "<<": "<<",
}


@pytest.mark.parametrize("written", PLAIN)
def test_a_plain_scalar_is_what_kubectl_makes_of_it(written: str) -> None:
    """Value and type are the same."""
    value = scalars.plain(written)

    assert value == PLAIN[written]
    assert type(value) is type(PLAIN[written])


@pytest.mark.parametrize("written", [".inf", "-.Inf", ".NaN", "1" * 65, "1" * 100_000])
def test_what_json_cannot_hold_is_refused(written: str) -> None:
    """No number of JSON is infinite, and none that Kubernetes takes is that long."""
    with pytest.raises(ValueError, match="in quotes if it is text"):
        scalars.plain(written)


@pytest.mark.parametrize(
    ("tag", "written", "value"),
    [("str", "1", "1"), ("int", "1", 1), ("float", "1", 1), ("bool", "no", False), ("null", "", None)],
)
def test_a_tag_of_json_is_kept(tag: str, written: str, value: object) -> None:
    """`!!str 1` is text, and the other tags must fit."""
    assert scalars.tagged(f"tag:yaml.org,2002:{tag}", written) == value


@pytest.mark.parametrize(
    ("tag", "written"), [("int", "yes"), ("int", "x"), ("float", "on"), ("bool", "1"), ("null", "x")]
)
def test_a_tag_that_does_not_fit_is_refused(tag: str, written: str) -> None:
    """A number is no boolean and a boolean is no number."""
    with pytest.raises(ValueError, match="does not fit its tag"):
        scalars.tagged(f"tag:yaml.org,2002:{tag}", written)
