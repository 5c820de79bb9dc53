"""A cluster that one tenant has alone (`spec.cluster`): every namespace but the system's is that tenant's."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from aup.api.tenant import Tenant
from aup.model import Namespace

SYSTEM = frozenset({"kube-node-lease", "kube-public", "kube-system"})
"""Kubernetes' own namespaces: no tenant's, whatever label they carry."""

_LAST = datetime.max.replace(tzinfo=UTC)


def tenant_of_cluster(tenants: Iterable[Tenant]) -> str:
    """Who has the whole cluster, by name, or nothing: of several the first created, then the first named.

    A Tenant that was never stored, as in a file of facts, has no time and comes after those that were.
    """
    claims = ((one.metadata.creation_timestamp or _LAST, one.metadata.name) for one in tenants if one.spec.cluster)
    return min(claims, default=(_LAST, ""))[1]


def names(setting: str) -> frozenset[str]:
    """The names in a setting that has them with commas between."""
    return frozenset(name for each in setting.split(",") if (name := each.strip()))


class WholeCluster(Mapping[str, Namespace]):
    """The namespaces of a cluster that one tenant has alone, by name.

    A namespace with a tenant's label is that tenant's, as ever. Any other is the cluster's tenant's, also one that was
    made so lately that nobody has told us of it. Those of the provider are left out.

    Args:
        known: What the Namespaces say that we know of.
        tenant: The name of the tenant that has the cluster.
        apart: The names of the system's and the provider's namespaces.
    """

    def __init__(self, known: Mapping[str, Namespace], tenant: str, apart: frozenset[str]) -> None:
        self._known = known
        self._tenant = tenant
        self._apart = apart

    def __getitem__(self, name: str) -> Namespace:
        """Whose it is and what it says; KeyError for one of the provider's, and for no name at all."""
        if not name or name in self._apart:
            raise KeyError(name)
        known = self._known.get(name) or Namespace(name)
        return known if known.tenant else msgspec.structs.replace(known, tenant=self._tenant)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a namespace for all we know."""
        return name in self._known and name not in self._apart

    def __iter__(self) -> Iterator[str]:
        """The names of those that we know of."""
        return (name for name in self._known if name not in self._apart)

    def __len__(self) -> int:
        """How many we know of."""
        return sum(1 for _ in self)
