"""Errors that name whose fault it is: the caller's input, or a bug in ours."""


class AupError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(AupError):
    """What the caller handed in is wrong; `place` names where, as `file:line` or a field path."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.place = place
        self.problem = problem
