"""Settings come from the environment, and what is wrong with one is told by its variable's name."""

import msgspec
import pytest

from aup.environment import read
from aup.errors import InputError


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Some settings."""

    path: str
    port: int = 8443
    wait_seconds: float = 1


def test_variables_are_read_into_their_fields() -> None:
    """Numbers are numbers, what is not set has its default, and other variables are none of ours."""
    assert read(Settings, {"AUP_PATH": "/x", "AUP_PORT": "1", "HOME": "/"}) == Settings(path="/x", port=1)


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({}, "AUP_PATH: is not set"),
        ({"AUP_PATH": "/x", "AUP_PORT": "http"}, "AUP_PORT: Expected `int`, got `str`"),
        ({"AUP_PATH": "/x", "AUP_WAIT_SECONDS": "soon"}, "AUP_WAIT_SECONDS: Expected `float`, got `str`"),
    ],
)
def test_what_is_wrong_is_named(environment: dict[str, str], text: str) -> None:
    """The message begins with the variable."""
    with pytest.raises(InputError) as error:
        read(Settings, environment)

    assert str(error.value) == text
