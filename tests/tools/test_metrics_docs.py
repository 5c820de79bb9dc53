"""The generated page of metrics and alerts."""

import re
from collections import Counter

from tools.metrics_docs import metrics_page


def test_each_metric_and_each_alert_stands_once() -> None:
    """However many names a module has for it."""
    rows = Counter(re.findall(r"^\| `?(aup_\w+|Aup\w+)`? \|", metrics_page(), re.MULTILINE))

    assert len(rows) > 40
    assert [name for name, count in rows.items() if count > 1] == []
