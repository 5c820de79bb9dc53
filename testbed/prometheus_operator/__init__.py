"""The kinds that tell the Prometheus Operator what to scrape and when to alert; the operator itself is not run."""

from pathlib import Path

from testbed import gobuild

_GOMOD = Path(__file__).resolve().parent / "gomod" / "kinds"
_MODULE = "github.com/prometheus-operator/prometheus-operator"


def crds() -> list[Path]:
    """The CustomResourceDefinitions of PodMonitor and PrometheusRule, which come with the operator's module.

    Raises:
        testbed.gobuild.BuildError: Go cannot fetch the module.
    """
    folder = gobuild.module(_GOMOD, _MODULE) / "example" / "prometheus-operator-crd"
    return [folder / f"monitoring.coreos.com_{plural}.yaml" for plural in ("podmonitors", "prometheusrules")]
