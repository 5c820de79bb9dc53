"""Reviews sent straight to a server's HTTPS port: latency, throughput, CPU and memory."""

from pathlib import Path

import msgspec

from benchmarks.bodies import Verdict, review
from benchmarks.generator import Generator
from benchmarks.servers import Server

SIZES = {"4.6 KiB": 4_710, "40 KiB": 40_960, "400 KiB": 409_600}
SMALL = "4.6 KiB"
_DIFFERENT = 512
_BODIES_BYTES = 32 * 2**20


class Latency(msgspec.Struct, frozen=True):
    """Percentiles in microseconds."""

    p50: float
    p99: float
    p999: float


class Small(msgspec.Struct, frozen=True):
    """One round with small reviews: one at a time, 200 and 500 a second (open loop), 16 connections at full speed."""

    one: Latency
    at_200: Latency
    at_500: Latency
    full: Latency
    per_second: float
    cpu_us: float
    cpu_us_one: float


class Large(msgspec.Struct, frozen=True):
    """One round with larger reviews: 16 connections at full speed."""

    per_second: float
    cpu_us: float


def write_bodies(generator: Generator) -> dict[tuple[str, Verdict], Path]:
    """Reviews of each size and verdict, many different ones each."""
    verdicts: tuple[Verdict, ...] = ("allowed", "denied")
    return {
        (name, verdict): generator.bodies(
            f"{verdict}-{size}",
            (review(number, verdict, size) for number in range(min(_DIFFERENT, _BODIES_BYTES // size))),
        )
        for name, size in SIZES.items()
        for verdict in verdicts
    }


def small(generator: Generator, server: Server, bodies: Path, expect: str, scale: float) -> Small:
    """Measure a round; `scale` makes it shorter or longer."""
    one, _, cpu_one = _closed(generator, server, bodies, expect, 1, 2 * scale)
    full, per_second, cpu = _closed(generator, server, bodies, expect, 16, 3 * scale)
    return Small(
        one=one,
        at_200=_open(generator, server, bodies, expect, 200, 6 * scale),
        at_500=_open(generator, server, bodies, expect, 500, 4 * scale),
        full=full,
        per_second=per_second,
        cpu_us=cpu,
        cpu_us_one=cpu_one,
    )


def large(generator: Generator, server: Server, bodies: Path, expect: str, scale: float) -> Large:
    """Measure a round; `scale` makes it shorter or longer."""
    _, per_second, cpu = _closed(generator, server, bodies, expect, 16, 2 * scale)
    return Large(per_second, cpu)


def _closed(
    generator: Generator, server: Server, bodies: Path, expect: str, connections: int, seconds: float
) -> tuple[Latency, float, float]:
    generator.run(server.port, bodies, expect, connections=str(connections), duration="300ms", warmup="0s")
    before = server.cpu_seconds()
    load = generator.run(
        server.port, bodies, expect, connections=str(connections), duration=f"{seconds:.2f}s", warmup="0s"
    )
    spent = server.cpu_seconds() - before
    return Latency(load.p50, load.p99, load.p999), load.requests_per_second, spent / load.requests * 1e6


def _open(generator: Generator, server: Server, bodies: Path, expect: str, rate: int, seconds: float) -> Latency:
    load = generator.run(
        server.port, bodies, expect, mode="open", rate=str(rate), connections="32", duration=f"{seconds:.2f}s"
    )
    return Latency(load.p50, load.p99, load.p999)
