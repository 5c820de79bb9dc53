"""Tables of made-up signatures, as many as wanted, in the proportions of the real ones."""

import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from aup.api.signature_list import Target
from aup.signatures import TOPICS, Signatures, load
from aup.signatures.detectors import Detectors, compiled

_SEED = 1601
_LETTERS = "bcdfghjklmnpqrstvwxz"
"""No vowels, so that no word of a language comes about."""

_LENGTHS = range(8, 15)
_FORMS: dict[Target, str] = {
    "repository": "{0}/{0}",
    "host": "{0}.example",
    "flag": "--{0}",
    "phrase": "{0} {0}",
}


def table(count: int) -> Signatures:
    """As many tokens: each stands for a real one, with its target, kind and strength, under a made-up name."""
    chance = random.Random(_SEED)  # noqa: S311 - the same names every time
    real = [(target, signature) for target, tokens in load("crypto_mining").items() for signature in tokens.values()]
    chance.shuffle(real)
    made: Signatures = {target: {} for target, _ in real}
    for number in range(count):
        target, signature = real[number % len(real)]
        name = "".join(chance.choices(_LETTERS, k=chance.choice(_LENGTHS)))
        token = name.upper() if target == "variable" else _FORMS.get(target, "{0}").format(name)
        made[target][token] = signature
    return made


def strong_name(signatures: Signatures) -> str:
    """A name of the table that is enough to make the exact search worth it."""
    return next(name for name, one in signatures["image"].items() if one.strength == "strong")


def detectors(signatures: Signatures) -> Detectors:
    """What comes with aup, with these signatures in place of those of mining."""
    return compiled({topic: signatures if topic == "crypto_mining" else load(topic) for topic in TOPICS})


def kib_of_table(count: int) -> float:
    """The resident memory of a table and its sieve, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as child:
        return child.submit(_grown, count).result()


def _grown(count: int) -> float:
    table(10)  # what is loaded once is not the table's
    before = _resident_kib()
    signatures = table(count)
    kept = signatures, detectors(signatures)
    grown = _resident_kib() - before
    del kept
    return max(grown, 1)


def _resident_kib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))
