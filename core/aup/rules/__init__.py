"""The rules, one a file: to add one, write `<id>_<name>.py` and its cases beside it, and list it here."""

from aup.model import Rule
from aup.rules.aup1301_host_access import host_access
from aup.rules.aup1401_raw_packets import raw_packets
from aup.rules.aup1601_crypto_mining import crypto_mining
from aup.rules.aup1602_missing_limits import missing_limits
from aup.rules.aup1603_excessive_resources import excessive_resources
from aup.rules.aup3101_missing_license import missing_license
from aup.rules.aup7301_suspended_tenant import suspended_tenant
from aup.rules.aup8101_unknown_tenant import unknown_tenant

RULES: tuple[Rule, ...] = (
    host_access,
    raw_packets,
    crypto_mining,
    missing_limits,
    excessive_resources,
    missing_license,
    suspended_tenant,
    unknown_tenant,
)
