"""The settings, read by `aup.environment`."""

import msgspec

from aup.cluster import SYSTEM, names


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the operator runs.

    Args:
        namespace: The operator's own namespace, which is never suspended.
        cluster_tenant: The Tenant for which aup is installed, where one has the whole cluster; empty for none.
        provider_namespaces: Further namespaces that are no tenant's, by name, with commas between.
        host: Address to bind the health and metrics ports to.
        health_port: HTTP port of kopf's liveness endpoint `/healthz`.
        metrics_port: HTTP port of `/metrics`; 0 for none.
        policy_file: An AcceptableUsePolicy in YAML to create where it is missing; empty for none.
        resync_seconds: How often everything is looked at again even if nothing seemed to change.
        audit_interval: Seconds between audits of what tenants have stored, where no change asks for one sooner.
        brake_tenants: Tenants that may be suspended within an hour before a second person has to approve; 0 for any.
        protection_copy: The ConfigMap in that namespace with a copy of what holds tenants; empty for none.
        protection_restore: Whether what is deleted or altered of it is put back.
        certificate_secret: The Secret in that namespace with the webhook's certificate that the operator makes; empty
            where others do.
        certificate_lifetime: Seconds that such a certificate is good.
        certificate_overlap: Seconds that a renewed one stays trusted. The kubelet brings a Secret into a Pod within its
            sync period and its cache's delay, which is one to two minutes.
        certificate_settle: Seconds that API servers get to hear of a new one before it is served; they watch, so it
            takes them less than one.
        connections: Calls to the API server at once.
        log_level: debug, info, warning or error.
    """

    namespace: str = "aup-system"
    cluster_tenant: str = ""
    provider_namespaces: str = ""
    host: str = "127.0.0.1"
    health_port: int = 8081
    metrics_port: int = 0
    policy_file: str = ""
    resync_seconds: float = 10
    audit_interval: float = 600
    brake_tenants: int = 10
    protection_copy: str = ""
    protection_restore: bool = False
    certificate_secret: str = ""
    certificate_lifetime: float = 90 * 86_400
    certificate_overlap: float = 3600
    certificate_settle: float = 5
    connections: int = 8
    log_level: str = "info"

    @property
    def apart(self) -> frozenset[str]:
        """The names of the namespaces that are no tenant's: the system's, our own and the provider's."""
        return SYSTEM | {self.namespace} | names(self.provider_namespaces)
