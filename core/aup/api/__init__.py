"""Our resources as types: `KINDS` lists every kind, in the order of the reference docs."""

from aup.api import (
    acceptable_use_policy,
    indicator_list,
    license_entitlement,
    notice,
    permit,
    screening_list,
    signature_list,
    suspension,
    suspension_record,
    tenant,
)
from aup.api.meta import Kind

KINDS: tuple[Kind, ...] = (
    acceptable_use_policy.KIND,
    tenant.KIND,
    permit.KIND,
    license_entitlement.KIND,
    indicator_list.KIND,
    screening_list.KIND,
    signature_list.KIND,
    suspension.KIND,
    suspension_record.KIND,
    notice.KIND,
)
