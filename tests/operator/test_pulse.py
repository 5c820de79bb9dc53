"""The liveness of the operator: it lives as long as passes come to an end."""

import time

import kopf
import pytest

from aup_operator.handlers import Pulse


def test_a_pass_that_hangs_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes beyond the pause between passes, and one that ends puts it right."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pulse = Pulse(10)

    now[0] += 610
    assert pulse.check() == 610
    now[0] += 1
    with pytest.raises(kopf.PermanentError, match="no pass has ended for 611 s"):
        pulse.check()
    pulse.beat()
    assert pulse.check() == 0
