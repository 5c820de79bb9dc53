"""A ConfigMap's values as they are looked at: scripts, settings, and lists and texts in which a name is no evidence.

A value may have a megabyte; of a large one, only lines around places of interest are read.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from aup.review import Json, mapping
from aup.signatures.decoding import Room, decoded, from_base64
from aup.signatures.reading import Reading, Variable, script, variable
from aup.signatures.shell import Command, Scope, Word

Sort = Literal["script", "configuration", "list", "prose"]
"""What a value is: in lists (of blocked hosts, of detection rules, of charts) and in prose, names and hosts only stand
for what is talked about."""

MOST_READ = 128 * 1024
"""Characters of a ConfigMap that are read exactly."""

_AROUND = 1_024  # characters on both sides of a place of interest
_LOOKED_AT = 16_384  # characters by which a value's sort is told
_MOST_LINES, _NEARLY_HALF, _HALF = 0.8, 0.4, 0.5
_SOME = 3  # lines without which there is no list
_SCRIPTS = (".sh", ".bash", ".ash", ".zsh", ".ksh", ".py", ".pl", ".rb", ".js", ".php", ".ps1", ".bat", ".cmd", ".lua")
_PROSE = (".md", ".markdown", ".rst", ".adoc", ".html", ".htm")
_INTERPRETER = re.compile(r"#!\s*/")
_MINERS_OWN = re.compile(r"""["']?(?:donate-level|donate-over-proxy|randomx|rig-id)["']?\s*+:""")
_RULES = tuple(
    tuple(re.compile(pattern, re.MULTILINE) for pattern in patterns)
    for patterns in (
        (r"^- (?:rule|macro|list):",),  # Falco
        (r"^\s{0,16}local-zone:",),  # Unbound
        (r"^logsource:", r"^detection:"),  # Sigma
        (
            r"^ {0,16}(?:- )?(?:groups|rules):",
            r"^ {0,16}(?:- )?(?:alert|record):",
            r"^ {0,16}(?:- )?expr:",
        ),  # Prometheus
        (r"^ {0,16}(?:private |global )?rule \w", r"^\s{0,16}strings:", r"^\s{0,16}condition:"),  # YARA
        (r"^(?:alert|drop|reject|pass) (?:tcp|udp|ip|http|dns|tls|icmp) ", r"\(msg:"),  # Suricata
        (
            r"^apiVersion: ",
            r"^kind: \w{0,40}(?:Polic(?:y|ies)|ConstraintTemplate|Constraint)\b",
        ),  # admission and runtime policies
        (r"^package [\w.]+$", r"^(?:default|import|deny|violation|warn|allow)\b"),  # Rego
        (r'"panels"\s{0,4}:', r'"(?:schemaVersion|datasource|gridPos)"\s{0,4}:'),  # Grafana
    )
)
_HOST = r"[*.|]*+(?:[A-Za-z0-9_-]{1,63}\.){1,9}[A-Za-z0-9-]{2,63}"
_LISTED = re.compile(
    rf"""\s*+(?:
        # hosts files, Pi-hole, AdGuard, response policy zones
        (?:(?:\d{{1,3}}\.){{3}}\d{{1,3}}|::1?|[0:]+)?\s*+{_HOST}(?:\^[\w$,=~|-]*+)?\.?(?:\s+(?:CNAME|IN|A)\b.*)?
      | (?:address|server|local)=/{_HOST}/\S*+  # dnsmasq
      | local-(?:zone|data):?\s.*  # Unbound
      | (?:\d{{1,3}}\.){{3}}\d{{1,3}}(?:/\d{{1,2}})?
      | ["'-]\s*+["']?{_HOST}["']?,?  # YAML, JSON
    )\s*+(?:\#.*)?""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"\s*+(?:#|//|!|;|$)")
_PAIR_LINE = re.compile(r"""\s*+(?:-\s+)?["']?[\w./-]{1,64}["']?\s*+[:=]|\s*+[\[\]{}]|\s*+-\s|\s*+</?\w|.*[;{}]\s*+$""")
_COMMAND_LINE = re.compile(
    r"\s*+(?:sudo\s+)?(?:(?:curl|wget|chmod|exec|export|cd|apt|apt-get|apk|yum|nohup|mkdir|source|eval|set|if|for|while|then"
    r"|do|else|fi|done|echo|sleep|rm|cp|mv|tar|kill|pkill|bash|sh|python3?|nc|ncat|crontab|systemctl|modprobe|nsenter|chroot)"
    r"(?:\s|;|$)|\.{0,2}/[\w./-]+(?:\s|$)|[\w-]+\s*\(\)\s*\{)"
)
_ASSIGNMENT_LINE = re.compile(r"\s*+(?:export\s+)?[A-Za-z_]\w*+=[^;&|]*+$")
_PAIR = re.compile(
    r"""(?<![\w.$/-])["']?([A-Za-z_][\w.-]{0,63})["']?[ \t]*+[:=](?!//)[ \t]*+
        ("(?:[^"\\\n]|\\.)*+" | '[^'\n]*+' | [^\s,;{}\[\]"'\#][^\n,{}\[\]]*+)""",
    re.VERBOSE,
)
_DIRECTIVE = re.compile(r"^[ \t]*+([A-Za-z][\w-]{0,63})[ \t]++([^\s:=#;][^\n#;]{0,127})", re.MULTILINE | re.ASCII)
"""A line such as `ExitRelay 1`, as Tor, Squid and 3proxy are set up."""

_LONGEST_VALUE = 4_096
_OPTION = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*", re.ASCII)
_ENVIRONMENT = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class ConfigText(msgspec.Struct, frozen=True):
    """A value of a ConfigMap, decoded."""

    path: str
    key: str
    text: str

    @property
    def sort(self) -> Sort:
        """What it is, by its key and its beginning."""
        return sort_of(self.key, self.text)


def texts(manifest: Json) -> Iterator[ConfigText]:
    """Each value of `data`, and of `binaryData` what is text, unpacked; in base64, what that hides."""
    room = Room()
    for key, value in mapping(manifest.get("data")).items():
        if isinstance(value, str) and value:
            inner = decoded("".join(value[: 2 * MOST_READ].split()), room) if " " not in value.strip() else ""
            yield ConfigText(f"data[{key}]", key, inner or value)
    for key, value in mapping(manifest.get("binaryData")).items():
        if isinstance(value, str) and value:
            data = room.unpacked(from_base64("".join(value.split())))
            if data and b"\0" not in data:
                yield ConfigText(f"binaryData[{key}]", key, data.decode(errors="replace"))


def reading(values: Iterable[ConfigText], needles: Iterable[str] = ()) -> Reading:
    """What some values say to whoever runs them or is set up by them.

    Lists and prose say nothing. Of what is longer than `MOST_READ` in all, only lines around the needles, lower-case
    pieces of text, are read.
    """
    scope = Scope({})
    commands: list[Command] = []
    environment: list[Variable] = []
    sought = [*needles]
    left = MOST_READ
    cut = False
    for one in values:
        if left <= 0:
            break
        line = "\n" not in one.text.strip() and len(one.text) <= _LONGEST_VALUE
        sort = "configuration" if line and _ENVIRONMENT.fullmatch(one.key) else one.sort
        if sort not in {"script", "configuration"}:
            continue
        text = one.text if len(one.text) <= left else around(one.text, sought, left)
        cut = cut or len(text) < len(one.text)
        left -= len(text)
        if sort == "script":
            whole = Command([(one.path, one.key)], runs=False, script=scope.number(), scripts=[text])
            commands += [whole, *script(one.path, text, scope, whole, runs=True)]
        elif line and _IDENTIFIER.fullmatch(one.key):
            environment.append(_variable(one.path, one.key, text.strip(), scope))
        else:
            found = _settings(one.path, text, scope)
            commands += found[0]
            environment += found[1]
    return Reading(commands, environment, scope.packed.exceeded or cut)


def around(text: str, needles: Iterable[str], room: int) -> str:
    """Whole lines around the places where needles are, up to so many characters; from the start where there is none.

    Needles may be the sieve's anchors. Each has its first place before any has its second.
    """
    lower = text.lower()
    sought = deque((bare, 0) for needle in needles if (bare := needle.strip("\n")))
    spans: list[tuple[int, int]] = []
    while sought and len(spans) < room // (4 * _AROUND):
        needle, begin = sought.popleft()
        at = lower.find(needle, begin)
        if at >= 0:
            start = text.rfind("\n", 0, max(0, at - _AROUND)) + 1
            end = text.find("\n", at + len(needle) + _AROUND)
            spans.append((max(start, at - 2 * _AROUND), min(end if end >= 0 else len(text), at + 2 * _AROUND)))
            sought.append((needle, spans[-1][1]))
    found: list[str] = []
    last = 0
    for start, end in sorted(spans) or [(0, room)]:
        if end > last:
            found.append(text[max(start, last) : end])
            last = end
    return "\n".join(found)[:room]


def sort_of(key: str, text: str) -> Sort:
    """What a value is, by its key and its beginning."""
    begin = text[:_LOOKED_AT]
    name = key.lower()
    if _INTERPRETER.match(begin) or name.endswith(_SCRIPTS):
        return "script"
    if _MINERS_OWN.search(begin):
        return "configuration"
    if name.endswith(_PROSE):
        return "prose"
    lines = [line for line in begin.split("\n") if not _COMMENT.match(line)]
    if _is_list(begin, lines):
        return "list"
    return _by_lines(lines) if lines else "prose"


def _is_list(begin: str, lines: list[str]) -> bool:
    if any(all(pattern.search(begin) for pattern in patterns) for patterns in _RULES) or _many_hosts(begin):
        return True
    return len(lines) >= _SOME and _share(lines, _LISTED, whole=True) >= _MOST_LINES


def _by_lines(lines: list[str]) -> Sort:
    others = [line for line in lines if not _ASSIGNMENT_LINE.match(line[:512])]
    if others and _share(others, _COMMAND_LINE) >= _NEARLY_HALF:
        return "script"
    return "prose" if _share(lines, _PAIR_LINE) < _HALF and _is_prose(lines) else "configuration"


def _share(lines: list[str], pattern: re.Pattern[str], *, whole: bool = False) -> float:
    match = pattern.fullmatch if whole else pattern.match
    return sum(1 for line in lines if match(line[:512])) / len(lines)


def _many_hosts(begin: str) -> bool:
    """A JSON list of hosts in one line."""
    if not begin.lstrip().startswith("["):
        return False
    words = re.findall(r'"([^"\n]{1,256})"', begin)
    return (
        len(words) >= 2 * _SOME and sum(bool(re.fullmatch(_HOST, word)) for word in words) / len(words) >= _MOST_LINES
    )


def _is_prose(lines: list[str]) -> bool:
    words = [word for line in lines for word in line.split()]
    plain = sum(1 for word in words if word.strip(".,:;!?()\"'*`").isalpha())
    return len(words) >= 6 * len(lines) and plain >= 0.7 * len(words)


def _variable(path: str, name: str, value: str, scope: Scope) -> Variable:
    scope.values[name] = value
    return variable(path, name, value, scope)


def _settings(path: str, text: str, scope: Scope) -> tuple[list[Command], list[Variable]]:
    """Names with values, as options that a program would take and as variables; and all words."""
    options: list[Word] = []
    environment: list[Variable] = []
    for match in _PAIR.finditer(text):
        name, value = match[1], _bare(match[2])
        if _ENVIRONMENT.fullmatch(name) and len(name) > 1:
            if len(value) <= _LONGEST_VALUE:
                environment.append(_variable(path, name, value, scope))
        elif _OPTION.fullmatch(name) and len(name) > 1:
            options.append((path, f"--{name.replace('_', '-')}={value}"))
    for match in _DIRECTIVE.finditer(text):
        name, value = match[1].lower().replace("_", "-"), match[2].rstrip()
        options += ((path, f"--{name}={each}") for each in {value: None, value.partition(" ")[0]: None})
    number = scope.number()
    words = [(path, word) for word in re.split(r"""[\s,"'\[\]{}]+""", text) if word]
    found = [Command(options, runs=False, script=number, pipeline=scope.number())] if options else []
    found.append(Command(words, runs=False, script=number, pipeline=scope.number()))
    hidden = [decoded(word, scope.packed) for _, word in words]
    for inner in hidden:
        if inner:
            found += script(path, inner, scope, found[-1], runs=False)
    return found, environment


def _bare(value: str) -> str:
    if value[:1] in "\"'":
        inner = value[1:-1]
        return inner.replace("\\/", "/").replace('\\"', '"') if value[0] == '"' else inner
    return value.partition(" #")[0].strip()
