"""Containers that hide a sign of mining in one of many ways, made by chance: what an adversary would try."""

import binascii
from random import Random
from typing import Any

from aup.signatures import TOPICS, load

_TOKENS = sorted({token for topic in TOPICS for table in load(topic).values() for token in table})
_VARIABLES = sorted(token.replace("*", "X") for topic in TOPICS for token in load(topic).get("variable", ()))
_BLANKS = ("\t", "  ", "\n", "\x1f", "\x85", "\xa0", "\u2003", "${IFS}")
_AROUND = ("({})", "`{}`", "sh -c '{}'", '"{}"', "{{ {};}}", "true && {}", "a|{}", "x;{}")


def container(by: Random) -> dict[str, Any]:
    """A container's spec with one or two signs in it."""
    image = by.choice(["registry.example/web:1", "registry.example/rigel", f"r.example/{_sign(by).split(' ')[0]}"])
    spec: dict[str, Any] = {"image": image}
    environment: list[tuple[str, str]] = []
    for _ in range(by.randint(1, 2)):
        text = _disguised(_sign(by), environment, by)
        match by.randrange(7):
            case 0:
                spec["command"] = ["sh", "-c", text]
            case 1:
                spec["args"] = text.split(" ")
            case 2:
                environment.append((by.choice(["V", "W", "POOL"]), text))
            case 3:
                environment.append((text.partition("=")[0], "1"))
            case 4:
                spec["lifecycle"] = {"preStop": {"exec": {"command": ["sh", "-c", text]}}}
            case 5:
                spec["command"] = [text]
            case _:
                spec["image"] = f"r.example/{text}"
    return {**spec, "env": [{"name": name, "value": value} for name, value in environment]}


def _sign(by: Random) -> str:
    token, variable = by.choice(_TOKENS), by.choice(_VARIABLES)
    return by.choice(
        [
            token,
            token.upper(),
            token.replace("-", "_"),
            f"{token}://pool.example:33",
            f"-o {token}:33 -u w -p x",
            f"-a {token}",
            f"--algo={token}",
            f"--coin {token}",
            f"{token}:{'a' * 24}",
            f"--url eu.{token}:443",
            f"wget https://h.example/{token}",
            f"{by.choice(_TOKENS)} {token}",
            f"{variable}=1",
            f"{variable}2=1",
            "-o a.b:33 -u me -p x",
            "4" + "B" * 94,
            f"{by.choice(['rigel', 'miner', 'mining'])}-{by.choice(['rvn', 'xmr', 'eth'])}",
        ]
    )


def _disguised(text: str, environment: list[tuple[str, str]], by: Random) -> str:
    for _ in range(by.randint(0, 2)):
        at = by.randint(0, len(text))
        to = min(len(text), at + by.randint(1, 4))
        match by.randrange(8):
            case 0:
                text = text[:at] + by.choice(["''", '""', "\\\n"]) + text[at:]
            case 1 if text[at:to] and text[at] not in " \n'\"":
                text = f"{text[:at]}\\{text[at:]}"
            case 2:
                name = by.choice("ABC")
                environment.append((name, text[at:to]))
                text = text[:at] + by.choice([f"$({name})", f"${{{name}}}", f"${name}"]) + text[to:]
            case 3:
                name = by.choice("XYZ")
                text = f"{name}={text[at:to]}; {text[:at]}${{{name}}}{text[to:]}"
            case 4:
                text = f"eval {binascii.b2a_base64(text.encode(), newline=False).decode()}"
            case 5:
                text = text.replace(" ", by.choice(_BLANKS))
            case 6:
                text = by.choice(_AROUND).format(text)
            case _:
                text = text.replace("k", "\u212a").replace("i", by.choice("i\u0131\u0130"))
    return text
