"""Draw a run's figures: `python -m benchmarks.plot [RESULT.json]` writes docs/performance.svg, of the newest run."""

import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "performance.svg"

_SERVERS = {"nothing": "Go that\ndecodes\nnothing", "floor": "FastAPI\nthat does\nnothing", "allowed": "aup,\nallowed"}
_COLOURS = {"nothing": "#9aa5b1", "floor": "#5b7083", "allowed": "#0b7a75"}


def draw(found: dict[str, Any]) -> None:
    """Four panels: CPU a review, throughput, p99 in the open loop, and what is added through kube-apiserver."""
    mpl.rcParams.update({"font.size": 9, "svg.hashsalt": "aup", "svg.fonttype": "none"})
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.1), layout="constrained")
    _bars(axes[0], "CPU a review, µs", found, "cpu_us", 1)
    _bars(axes[1], "reviews a second, one core", found, "per_second", 1)
    _bars(axes[2], "p99 at 200 a second, ms", found, "at_200.p99", 1e-3)
    added = {
        which: [each["through"]["ours" if which == "allowed" else which]["p50"] for each in found["rounds"]]
        for which in _SERVERS
    }
    _bar(axes[3], "added to p50 through\nkube-apiserver, ms", added)
    figure.savefig(PICTURE, metadata={"Date": None})


def main() -> None:
    """Draw the run that is named, or the newest."""
    results = sorted((ROOT / "benchmarks" / "results").glob("review-*.json"))
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else results[-1]
    draw(msgspec.json.decode(path.read_bytes()))
    print(f"{PICTURE.relative_to(ROOT)} drawn from {path}")


def _bars(axes: Any, title: str, found: dict[str, Any], name: str, by: float) -> None:
    outer, _, inner = name.partition(".")
    values = {
        which: [(each[which][outer][inner] if inner else each[which][outer]) * by for each in found["rounds"]]
        for which in _SERVERS
    }
    _bar(axes, title, values)


def _bar(axes: Any, title: str, values: dict[str, list[float]]) -> None:
    """A bar for the median, and a line from the lowest to the highest round."""
    for place, (which, each) in enumerate(values.items()):
        middle = statistics.median(each)
        reach = [[middle - min(each)], [max(each) - middle]]
        axes.bar(place, middle, color=_COLOURS[which], yerr=reach, capsize=3, width=0.65)
        shown = f"{middle:,.0f}" if middle >= 10 else f"{middle:.2f}"  # noqa: PLR2004 - two digits below ten
        axes.annotate(shown, (place, max(each)), ha="center", va="bottom", xytext=(0, 3), textcoords="offset points")
    axes.set_xticks(range(len(values)), [_SERVERS[which] for which in values])
    axes.set_title(title)
    axes.margins(y=0.15)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
