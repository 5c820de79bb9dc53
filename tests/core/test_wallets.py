"""Wallets are told by their checksums; one wrong letter makes a word of them."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.signatures.wallets import Wallet, keccak256, wallet

MONERO = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"
"""The Monero project's donation address, getmonero.org."""

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def letters(data: bytes) -> str:
    """Bytes in Monero's base58."""
    sizes = (0, 2, 3, 5, 6, 7, 9, 10, 11)
    found = ""
    for start in range(0, len(data), 8):
        block = data[start : start + 8]
        number, word = int.from_bytes(block, "big"), ""
        for _ in range(sizes[len(block)]):
            number, letter = divmod(number, 58)
            word = ALPHABET[letter] + word
        found += word
    return found


def monero(network: int, size: int) -> str:
    """An address of nobody on a network."""
    data = bytes([network, *range(size)])
    return letters(data + keccak256(data)[:4])


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"testing", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"),
    ],
)
def test_keccak_is_the_one_of_monero_and_ethereum(data: bytes, digest: str) -> None:
    """The empty text's hash is in the Ethereum yellow paper, the other in web3.js' documentation of sha3."""
    assert keccak256(data).hex() == digest


def test_keccak_goes_over_blocks() -> None:
    """Lengths around a block of 136 bytes all differ, and none fails."""
    assert len({keccak256(b"a" * size) for size in range(130, 280)}) == 150


@pytest.mark.parametrize(
    ("word", "coin"),
    [
        (MONERO, "monero"),
        (monero(42, 64), "monero"),
        (monero(19, 72), "monero"),
        # Bitcoin's first block, and examples of the developers' reference
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bitcoin"),
        ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "bitcoin"),
        ("1111111111111111111114oLvT2", "bitcoin"),
        # BIP-173 and BIP-350
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bitcoin"),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "bitcoin"),
        # kaspad, util/doc.go, and rusty-kaspa
        ("kaspa:qqj9fg59mptxkr9j0y53j5mwurcmda5mtza9n6v9pm9uj8h0wgk6uma5pvumr", "kaspa"),
        ("kaspa:qpauqsvk7yf9unexwmxsnmg547mhyga37csh0kj53q6xxgl24ydxjsgzthw5j", "kaspa"),
        # EIP-55
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "ethereum"),
        ("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "ethereum"),
        ("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "ethereum"),
        ("0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", "ethereum"),
    ],
)
def test_a_wallet_is_proven_by_its_checksum(word: str, coin: str) -> None:
    """And is none with one letter changed."""
    assert wallet(word) == Wallet(coin, proven=True)
    other = "q" if word[-1] not in "qQ" else "p"
    if coin == "ethereum":
        other = "1" if word[-1] != "1" else "2"
    elif coin == "monero" and word != MONERO:
        return
    changed = word[:-3] + (other.upper() if word.isupper() else other) + word[-2:]
    assert wallet(changed) is None or word[-3] == other


@pytest.mark.parametrize(("version", "coin"), [(48, "litecoin"), (30, "dogecoin"), (60, "ravencoin or verus")])
def test_other_coins_are_told_by_the_version_byte(version: int, coin: str) -> None:
    """In base58check with another first letter."""
    assert wallet(_base58check(bytes([version, *range(20)]))) == Wallet(coin, proven=True)


def test_an_ethereum_address_in_one_case_has_no_checksum() -> None:
    """It may be any forty hexadecimal digits."""
    assert wallet("0x" + "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed") == Wallet("ethereum", proven=False)
    assert wallet("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed") is None


def test_zephyr_is_monero_with_another_prefix() -> None:
    """The checksum is the same; the prefix takes some bytes."""
    start = sum(ALPHABET.index(each) * 58 ** (10 - at) for at, each in enumerate("ZEPHYR2aaaa")).to_bytes(8, "big")
    data = start + bytes(64)
    word = letters(data + keccak256(data)[:4])
    assert word.startswith("ZEPHYR2")
    assert wallet(word) == Wallet("zephyr", proven=True)
    assert wallet(word[:-1] + ("2" if word[-1] != "2" else "3")) is None


@pytest.mark.parametrize(
    "word",
    [
        "",
        "4" + "B" * 94,
        "4" * 95,
        "1" * 34,
        "3" * 34,
        "bc1" + "q" * 39,
        "kaspa:" + "q" * 61,
        "xch1" + "q" * 58,
        "0x" + "g" * 40,
        "ZEPHYR" + "2" * 93,
        "DEADBEEFDEADBEEFDEADBEEFDEADBEEF",
        "Lorem1psumD1olorS1tAmetConsectetur",
        "host:8080/path/which/is/long/enough",
        "4" + "\N{CYRILLIC SMALL LETTER A}" * 94,
    ],
)
def test_what_only_looks_like_a_wallet_is_none(word: str) -> None:
    """Right letters and length are not enough."""
    assert wallet(word) is None


@given(st.text(max_size=130) | st.text(alphabet=ALPHABET + "0:", min_size=25, max_size=110))
def test_no_word_breaks_the_search(word: str) -> None:
    """Whatever stands there."""
    assert wallet(word) is None or isinstance(wallet(word), Wallet)


def _base58check(data: bytes) -> str:
    number = int.from_bytes(data + sha256(sha256(data).digest()).digest()[:4], "big")
    word = ""
    while number:
        number, letter = divmod(number, 58)
        word = ALPHABET[letter] + word
    return word
