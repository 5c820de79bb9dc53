"""The signatures of all topics made ready to search with: one sieve over all, and a matcher for each."""

from collections.abc import Iterable, Mapping
from functools import cache

import msgspec

from aup.api.signature_list import SignatureList, Topic
from aup.signatures import TOPICS, Signatures, anchors, extended, load
from aup.signatures.decoding import OPENERS
from aup.signatures.matcher import Matcher
from aup.signatures.mining import MiningMatcher
from aup.signatures.sieve import Plan, Sieve

TO_OPEN = "something to open"
"""Among the topics that the sieve tells: the text has to be read before it is known what is in it."""


class Detectors(msgspec.Struct, frozen=True):
    """What texts are searched with."""

    sieve: Sieve
    matchers: Mapping[Topic, Matcher]


@cache
def built_in() -> Detectors:
    """With the signatures that come with aup alone."""
    return compiled({topic: load(topic) for topic in TOPICS})


def with_lists(lists: Iterable[SignatureList]) -> Detectors:
    """With those of a provider's lists too."""
    by_topic: dict[Topic, list[SignatureList]] = {}
    for one in lists:
        by_topic.setdefault(one.spec.topic, []).append(one)
    if not by_topic:
        return built_in()
    return compiled({topic: extended(load(topic), by_topic.get(topic, ())) for topic in TOPICS})


def compiled(signatures: Mapping[Topic, Signatures]) -> Detectors:
    """Make the signatures of some topics ready."""
    plans: dict[str, Plan] = {topic: anchors.plan(topic, table) for topic, table in signatures.items()}
    return Detectors(
        Sieve(plans | {TO_OPEN: Plan([(opener, TO_OPEN) for opener in OPENERS], [(TO_OPEN,)])}),
        {topic: _matcher(topic)(topic, table) for topic, table in signatures.items()},
    )


def _matcher(topic: Topic) -> type[Matcher]:
    return MiningMatcher if topic == "crypto_mining" else Matcher
