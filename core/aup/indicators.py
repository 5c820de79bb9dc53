"""What the provider has listed as breaking the policy, indexed: a look-up costs the same however many there are."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from ipaddress import ip_network
from typing import TypeVar

import msgspec

from aup import tokens
from aup.api.indicator_list import Indicator, IndicatorList, IndicatorType
from aup.image import Image, parse

HARMFUL = "1.7"
"""The clause of offensive or harmful content, which has a rule of its own."""

Key = TypeVar("Key", str, bytes)

_REMEMBERED = 256  # texts and images whose answer is kept
_LONGEST_REMEMBERED = 16 * 1024


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An indicator with what its list says for it; `value` is as the provider wrote it."""

    type: IndicatorType
    value: str
    clause: str
    reason: str
    source: str
    expires_at: datetime | None


Entries = tuple[Entry, ...]


class Indicators:
    """The entries of all lists.

    `unreadable` names the entries that are not of their type, such as an address that is none; they find nothing.
    """

    def __init__(self) -> None:
        self.unreadable: tuple[str, ...] = ()
        self.clauses: frozenset[str] = frozenset()
        self._images: dict[str, Entries] = {}
        self._digests: dict[str, Entries] = {}
        self._registries: dict[str, Entries] = {}
        self._hosts: dict[str, Entries] = {}
        self._wallets: dict[str, Entries] = {}
        self._contents: dict[str, Entries] = {}
        self._networks: dict[tuple[int, int], dict[int, Entries]] = {}
        self._most_segments = 0
        self._most_labels = 0
        self._most_registry_labels = 0
        self._remembered: dict[bytes, Entries] = {}
        self._images_remembered: dict[str, Entries] = {}

    def __bool__(self) -> bool:
        return bool(self.clauses)

    @property
    def of_images(self) -> bool:
        """Whether an image can be listed."""
        return bool(self._images or self._digests or self._registries)

    @property
    def of_texts(self) -> bool:
        """Whether something in a text can be listed: a host, a wallet or an address."""
        return bool(self._hosts or self._wallets or self._networks)

    @property
    def of_contents(self) -> bool:
        """Whether a file's content can be listed."""
        return bool(self._contents)

    def image(self, reference: str) -> Entries:
        """The entries for an image reference: its repository, tag or digest, and its registry."""
        found = self._images_remembered.get(reference)
        if found is None:
            found = tuple(self._of_image(reference))
            if len(reference) <= _LONGEST_REMEMBERED:
                _keep(self._images_remembered, reference, found)
        return found

    def _of_image(self, reference: str) -> Iterator[Entry]:
        one = parse(reference.strip().lower())
        yield from self._digests.get(one.digest, ()) if one.digest else ()
        if self._registries:
            domain, _, port = one.domain.rpartition(":")
            if port.isdigit():
                yield from self._registries.get(one.domain, ())
            else:
                domain = one.domain
            for name in tokens.above(domain, self._most_registry_labels):
                yield from self._registries.get(name, ())
        if self._images:
            for name in _windows(one, self._most_segments):
                yield from self._images.get(name, ())
                if one.tag:
                    yield from self._images.get(f"{name}:{one.tag}", ())

    def words(self, found: set[str]) -> Iterator[Entry]:
        """The entries for hosts, wallets and addresses among the tokens of a text."""
        words = tokens.words(found)
        if self._wallets:
            yield from self._of_wallets(words)
        if self._hosts:
            for host in words.hosts():
                for name in tokens.above(host, self._most_labels):
                    yield from self._hosts.get(name, ())
        if self._networks:
            for number, bits in words.addresses():
                for (size, prefix), networks in self._networks.items():
                    if size == bits:
                        yield from networks.get(number >> (bits - prefix), ())

    def _of_wallets(self, words: tokens.Words) -> Iterator[Entry]:
        for name in self._wallets.keys() & words.pieces:
            yield from self._wallets[name]
        for name in words.long():
            yield from self._wallets.get(name, ())

    def content(self, sha256: str) -> Entries:
        """The entries for a file's content, by its SHA-256 in hex."""
        return self._contents.get(sha256, ())

    def remembered(self, text: bytes) -> Entries | None:
        """What was found in the same text before."""
        return self._remembered.get(text)

    def remember(self, text: bytes, found: Entries) -> None:
        """Keep what was found in a text that is not long, for the next rule and the next object like it."""
        if len(text) <= _LONGEST_REMEMBERED:
            _keep(self._remembered, text, found)

    def take(self, entry: Entry) -> bool:
        """Put an entry into the index; false where its value is not of its type."""
        value = entry.value.strip().lower()
        match entry.type:
            case "image":
                taken = self._take_image(value, entry)
            case "address":
                taken = self._take_network(value, entry)
            case "digest":
                algorithm, colon, digits = value.rpartition(":")
                taken = _put(self._digests, f"{algorithm if colon else 'sha256'}:{digits}" if digits else "", entry)
            case "registry":
                name = _registry(value)
                self._most_registry_labels = max(self._most_registry_labels, name.count(".") + 1)
                taken = _put(self._registries, name, entry)
            case "host":
                names = tokens.spellings(value)
                self._most_labels = max(self._most_labels, *(name.count(".") + 1 for name in names), 0)
                for name in names:
                    _put(self._hosts, name, entry)
                taken = bool(names)
            case "wallet":
                taken = _put(self._wallets, value.rpartition(":")[2], entry)
            case "sha256":
                taken = _put(self._contents, value.removeprefix("sha256:"), entry)
        return taken

    def _take_image(self, value: str, entry: Entry) -> bool:
        one = parse(value)
        if not one.valid:
            return False
        if one.digest:
            return _put(self._digests, one.digest, entry)
        name = one.path if "/" in one.path else f"{one.domain}/{one.path}"
        tagged = value.rfind(":") > value.rfind("/")
        self._most_segments = max(self._most_segments, name.count("/") + 1)
        return _put(self._images, f"{name}:{one.tag}" if tagged else name, entry)

    def _take_network(self, value: str, entry: Entry) -> bool:
        text, slash, _ = value.partition("/")
        number = tokens.address(text)
        if number is None:
            return False
        address, bits = number
        length = bits
        if slash:
            try:
                network = ip_network(value, strict=False)
            except ValueError:
                return False
            if network.max_prefixlen == bits:
                address, length = int(network.network_address), network.prefixlen
            else:  # IPv4 in IPv6's spelling
                length = max(0, network.prefixlen - (network.max_prefixlen - bits))
        networks = self._networks.setdefault((bits, length), {})
        key = address >> (bits - length)
        networks[key] = (*networks.get(key, ()), entry)
        return True


NO_INDICATORS = Indicators()


def indexed(lists: Iterable[IndicatorList]) -> Indicators:
    """Index the entries of some lists, by the lists' names."""
    found = Indicators()
    unreadable = []
    clauses = set()
    for one in sorted(lists, key=lambda each: each.metadata.name):
        spec = one.spec
        for number, indicator in enumerate(spec.indicators):
            entry = _entry(indicator, one)
            if found.take(entry):
                clauses.add(entry.clause)
            else:
                unreadable.append(f"IndicatorList {one.metadata.name}: spec.indicators[{number}]: no {entry.type}")
    found.clauses = frozenset(clauses)
    found.unreadable = tuple(unreadable)
    return found if clauses or unreadable else NO_INDICATORS


def _entry(indicator: Indicator, of: IndicatorList) -> Entry:
    spec = of.spec
    return Entry(
        indicator.type,
        indicator.value,
        indicator.clause or spec.clause,
        indicator.reason or spec.reason,
        indicator.source or spec.source,
        indicator.expires_at or spec.expires_at,
    )


def _put(index: dict[str, Entries], key: str, entry: Entry) -> bool:
    if not key:
        return False
    index[key] = (*index[key], entry) if key in index else (entry,)
    return True


def _keep(remembered: dict[Key, Entries], key: Key, found: Entries) -> None:
    if len(remembered) >= _REMEMBERED:
        remembered.clear()
    remembered[key] = found


def _registry(value: str) -> str:
    """A registry's host in an image's normal form, with the port where one is written."""
    name = value.rpartition("//")[2].partition("/")[0]
    written = name.rpartition(":")[2].isdigit() and ":" in name
    return parse(f"{name}/x" if written else f"{name}:443/x").domain


def _windows(image: Image, most: int) -> Iterator[str]:
    """The names that the segments of an image in a row make, the domain first; a mirror's prefix hides none of them.

    Where another registry has a name of one segment, it may be one of Docker Hub's `library`.
    """
    segments = image.path.split("/")
    if len(segments) == 1:
        yield f"library/{image.path}"
    segments = [image.domain, *segments]
    for start in range(len(segments)):
        for end in range(start + 2, min(start + most, len(segments)) + 1):
            yield "/".join(segments[start:end])
