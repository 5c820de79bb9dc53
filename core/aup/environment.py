"""Settings from environment variables: `AUP_` and the field's name in upper case."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from aup.errors import InputError

T = TypeVar("T", bound=msgspec.Struct)


def read(type_: type[T], environment: Mapping[str, str]) -> T:
    """Read a process's settings.

    Raises:
        InputError: One is missing or of the wrong form; the text names the variable.
    """
    variables = {field.name: f"AUP_{field.name.upper()}" for field in msgspec.structs.fields(type_)}
    for field in msgspec.structs.fields(type_):
        if field.required and variables[field.name] not in environment:
            raise InputError(variables[field.name], "is not set")
    given = {name: environment[variable] for name, variable in variables.items() if variable in environment}
    try:
        return msgspec.convert(given, type_, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].rstrip("`")
        raise InputError(variables.get(name, "environment"), str(error).partition(" - at")[0]) from None
