"""What scripts do, whatever their programs are called: the behaviours of a topic, and their anchors.

The anchors are for `sieve.Plan`; of each combination in `ENOUGH` the rarest group stands first.
"""

from collections.abc import Callable, Iterator

from aup.api.signature_list import Topic
from aup.signatures.behaviours.escaping import escaped
from aup.signatures.behaviours.exhausting import exhausted
from aup.signatures.behaviours.fetching import fetched_and_run, hidden_and_run
from aup.signatures.behaviours.remote import remote_access, remote_shells
from aup.signatures.behaviours.settling import made_to_last, rivals_killed
from aup.signatures.behaviours.stealing import request_bins, stolen
from aup.signatures.behaviours.steps import lists, steps_of
from aup.signatures.evidence import Evidence
from aup.signatures.reading import Reading

Behaviour = Callable[[Reading], Iterator[Evidence]]


def malicious_code(reading: Reading) -> Iterator[Evidence]:
    """Code fetched or hidden and run, shells for somebody elsewhere, secrets taken, and what malware does to stay."""
    steps = steps_of(reading)
    yield from fetched_and_run(steps)
    yield from hidden_and_run(steps)
    yield from remote_shells(steps)
    yield from remote_access(steps)
    yield from stolen(steps)
    yield from request_bins(steps, reading)
    yield from rivals_killed(steps)
    yield from made_to_last(steps)


def denial_of_service(reading: Reading) -> Iterator[Evidence]:
    """A machine used up."""
    yield from exhausted(steps_of(reading))


def container_escape(reading: Reading) -> Iterator[Evidence]:
    """The machine under the container reached."""
    yield from escaped(steps_of(reading))


BEHAVIOURS: dict[Topic, Behaviour] = {
    "malicious_code": malicious_code,
    "denial_of_service": denial_of_service,
    "container_escape": container_escape,
}

_GROUPS: dict[Topic, dict[str, tuple[str, ...]]] = {
    "malicious_code": {
        "fetcher": (
            "curl",
            "wget",
            "aria2c",
            "lwp-",
            "urlopen",
            "requests.get",
            "requests.p",
            "urlretrieve",
            "http.client",
            "urllib",
            "lwp",
            "net::http",
            "open-uri",
            "http::tiny",
            "file_get_contents",
            "http.get",
            "https.get",
        ),
        "runner": (
            "sh\n",
            "sh<",
            "sh>",
            "sh.exe",
            "\nsource\n",
            "\n.\n",
            "eval",
            "python",
            "perl",
            "ruby",
            "node",
            "php",
            "lua",
            "chmod",
            "exec",
        ),
        "decoder": (
            "base64",
            "base32",
            "xxd",
            "\nrev",
            "/rev\n",
            "openssl",
            "uudecode",
            "b64decode",
            "b32decode",
            "a2b_",
            "unhexlify",
            "fromhex",
            "marshal.loads",
            "zlib.decompress",
        ),
        "remote": (
            "/dev/tcp/",
            "/dev/udp/",
            "\nnc\n",
            "/nc\n",
            "ncat\n",
            "/ncat:",
            "netcat",
            "nc.traditional",
            "nc.openbsd",
            "nc.exe",
            "socat",
            "telnet",
            "s_client",
            "socket",
            "fsockopen",
            "net.connect",
        ),
        "ssh": ("sshd", "dropbear", "\nssh\n", "/ssh\n"),
        "keys": ("authorized_keys", "openssh", "dropbear", "\nssh\n"),
        "secret": (
            "secrets/kubernetes.io/serviceaccount",
            "serviceaccount/token",
            "secrets/eks.amazonaws.com",
            "secrets/azure/tokens",
        ),
        "dump": ("\nenv\n", "\nenv>", "/env\n", "printenv", "\nset\n", "\nset>", "\nexport\n", "\ndeclare\n"),
        "file": (">", "\ntee\n", "/tee\n", "\ncp\n", "/cp\n", "\nmv\n", "\ninstall\n"),
        "lasting": (
            "/etc/cron",
            "/spool/cron",
            "rc.local",
            "/etc/systemd/",
            "/etc/init.d/",
            "ld.so.preload",
            "crontab",
        ),
        "bin": tuple(sorted(lists()["request bins"] | lists()["tunnels"])),
        "kill": ("kill",),
        "rival": tuple(sorted(lists()["rivals"])),
        "kubernetes secrets": ("secret",),
    },
    "denial_of_service": {
        "bomb": ("\n\n{",),  # behind `()`
        "endless": ("/dev/zero", "/dev/urandom", "/dev/random", "fallocate"),
        "yes": ("\nyes\n", "\nyes>", "/yes\n"),
    },
    "container_escape": {
        "way out": (
            "nsenter",
            "chroot",
            "insmod",
            "modprobe",
            "debugfs",
            "fdisk",
            "release_agent",
            "notify_on_release",
            "core_pattern",
            "/proc/1/root",
            "/proc/sys/kernel/",
            "sysrq-trigger",
            "\nmount\n",
            "/mount\n",
            "docker.sock",
            "containerd.sock",
            "crio.sock",
            "dockershim.sock",
            "podman.sock",
            "\ncrictl",
            "/crictl",
            "\nctr\n",
            "/ctr\n",
            "docker\n",
            "nerdctl",
            "podman",
            "/etc/kubernetes/",
            "/kubelet/kubeconfig",
            "/kubelet/pki",
            "k3s.yaml",
        ),
    },
}

ANCHORS: dict[Topic, tuple[tuple[str, str], ...]] = {
    topic: tuple((anchor, group) for group, anchors in groups.items() for anchor in anchors)
    for topic, groups in _GROUPS.items()
}
"""Each anchor with its group, as `sieve.Plan` takes them."""

ENOUGH: dict[Topic, tuple[tuple[str, ...], ...]] = {
    "malicious_code": (
        ("fetcher", "runner"),
        ("fetcher", "secret"),
        ("fetcher", "kubernetes secrets"),
        ("fetcher", "lasting"),
        ("fetcher", "dump", "file"),
        ("decoder", "runner"),
        ("remote", "runner"),
        ("remote", "secret"),
        ("remote", "kubernetes secrets"),
        ("remote",),
        ("ssh", "keys"),
        ("secret", "file"),
        ("dump", "file"),
        ("bin",),
        ("rival", "kill"),
    ),
    "denial_of_service": (("bomb",), ("endless",), ("yes",)),
    "container_escape": (("way out",),),
}
"""The combinations of groups that make a text worth the exact search."""
