"""The benchmarks measure what they say: the right reviews, the right fit, and a generator that sees wrong answers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aup.engine import decide
from aup_webhook.wire import decode
from benchmarks.bodies import Verdict, review
from benchmarks.direct import SIZES
from benchmarks.generator import Generator, LoadError
from benchmarks.growth_series import slope
from benchmarks.inprocess import NOW, facts
from benchmarks.instructions import collected
from benchmarks.servers import Server, listens
from testbed.certificates import Authority
from testbed.gobuild import cache_root, go_environment, toolchain
from testbed.processes import free_ports

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("size", SIZES.values())
@pytest.mark.parametrize(("verdict", "rules"), [("allowed", set()), ("denied", {"AUP1601"})])
def test_a_review_has_its_size_and_its_verdict(size: int, verdict: Verdict, rules: set[str]) -> None:
    """Within five per cent of the size, no two alike, and judged as its name says."""
    bodies = [review(number, verdict, size) for number in range(3)]

    assert all(abs(len(body) - size) < size / 20 for body in bodies)
    assert len(set(bodies)) == 3
    for body in bodies:
        asked = decode(body)
        assert {finding.rule for finding in decide(asked, facts(), NOW).denials} == rules


@pytest.mark.parametrize("power", [0, 0.5, 1, 2])
def test_the_exponent_of_growth_is_the_slope_between_logarithms(power: float) -> None:
    """A figure that is the size to some power has that exponent."""
    sizes = [1, 10, 100]

    assert slope(sizes, [7 * size**power for size in sizes]) == pytest.approx(power)


def test_the_instructions_are_those_that_callgrind_collected() -> None:
    """Where it tells none, its own words are the error."""
    assert collected("==7== Events    : Ir\n==7== Collected : 673734011\n==7==\n") == 673_734_011
    with pytest.raises(ValueError, match="valgrind did not tell how many instructions it saw"):
        collected("valgrind: Fatal error at startup")


def test_the_generators_own_tests_pass() -> None:
    """`go vet` and `go test` in benchmarks/load."""
    environment = go_environment(os.environ, cache_root())
    go = toolchain(environment).command
    for command in (["vet", "./..."], ["test", "./..."]):
        ran = subprocess.run(
            [go, *command],
            cwd=ROOT / "benchmarks" / "load",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_floor_answers_under_load_and_a_wrong_answer_is_an_error(tmp_path: Path) -> None:
    """Every request is answered, figures are counted, and an answer that should have denied ends the run."""
    authority = Authority()
    certificate, key = authority.server("floor", ["localhost"]).write(tmp_path, "tls")
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "benchmarks.floor", str(port), str(certificate), str(key)]
    core = min(os.sched_getaffinity(0))
    generator = Generator(tmp_path, authority.pair.certificate, core)
    bodies = generator.bodies("small", [review(number) for number in range(4)])
    ready = listens(port, authority.pair.certificate)

    with Server(port, command, ready, tmp_path / "floor.log", PYTHONPATH=str(ROOT)) as server:
        load = generator.run(port, bodies, "allowed", connections="2", requests="50", warmup="0s")
        spent, memory = server.cpu_seconds(), server.memory_mb()
        with pytest.raises(LoadError, match="wrong answers"):
            generator.run(port, bodies, "denied", connections="1", requests="4", warmup="0s")

    assert load.requests > 0
    assert 0 < load.p50 <= load.p99 <= load.p999
    assert spent > 0
    assert memory > 10
