"""The rules, one a file: to add one, write `<id>_<name>.py` and its cases beside it, and list it here."""

from aup.model import Rule
from aup.rules.aup1101_listed_indicator import listed_indicator
from aup.rules.aup1201_malicious_code import malicious_code
from aup.rules.aup1202_denial_of_service import denial_of_service
from aup.rules.aup1203_mass_scanning import mass_scanning
from aup.rules.aup1204_proxyware import proxyware
from aup.rules.aup1205_open_proxy import open_proxy
from aup.rules.aup1206_tor_relay import tor_relay
from aup.rules.aup1207_oversized_text import oversized_text
from aup.rules.aup1301_host_access import host_access
from aup.rules.aup1302_pod_security import pod_security
from aup.rules.aup1303_runtime_socket import runtime_socket
from aup.rules.aup1304_container_escape import container_escape
from aup.rules.aup1305_vulnerability_scanning import vulnerability_scanning
from aup.rules.aup1306_config_snippet import config_snippet
from aup.rules.aup1401_raw_packets import raw_packets
from aup.rules.aup1402_phishing_kit import phishing_kit
from aup.rules.aup1403_imitated_host import imitated_host
from aup.rules.aup1501_high_risk_use import high_risk_use
from aup.rules.aup1601_crypto_mining import crypto_mining
from aup.rules.aup1602_missing_limits import missing_limits
from aup.rules.aup1603_excessive_resources import excessive_resources
from aup.rules.aup1604_excessive_storage import excessive_storage
from aup.rules.aup1605_excessive_scale import excessive_scale
from aup.rules.aup1606_tenant_total import tenant_total
from aup.rules.aup1701_harmful_content import harmful_content
from aup.rules.aup2101_mail_without_contact import mail_without_contact
from aup.rules.aup2201_mail_without_consent import mail_without_consent
from aup.rules.aup2301_mail_without_sender import mail_without_sender
from aup.rules.aup3101_missing_license import missing_license
from aup.rules.aup3102_contradicted_license import contradicted_license
from aup.rules.aup3201_missing_entitlement import missing_entitlement
from aup.rules.aup3301_unproven_license import unproven_license
from aup.rules.aup4101_sanctioned_party import sanctioned_party
from aup.rules.aup4201_prohibited_use import prohibited_use
from aup.rules.aup6101_unverified_domain import unverified_domain
from aup.rules.aup6201_foreign_address import foreign_address
from aup.rules.aup6301_unverified_dns_record import unverified_dns_record
from aup.rules.aup7301_suspended_tenant import suspended_tenant
from aup.rules.aup8101_unknown_tenant import unknown_tenant
from aup.rules.aup8102_unreachable_contact import unreachable_contact
from aup.rules.aup8201_weak_security import weak_security

RULES: tuple[Rule, ...] = (
    listed_indicator,
    malicious_code,
    denial_of_service,
    mass_scanning,
    proxyware,
    open_proxy,
    tor_relay,
    oversized_text,
    host_access,
    pod_security,
    runtime_socket,
    container_escape,
    vulnerability_scanning,
    config_snippet,
    raw_packets,
    phishing_kit,
    imitated_host,
    high_risk_use,
    crypto_mining,
    missing_limits,
    excessive_resources,
    excessive_storage,
    excessive_scale,
    tenant_total,
    harmful_content,
    mail_without_contact,
    mail_without_consent,
    mail_without_sender,
    missing_license,
    contradicted_license,
    missing_entitlement,
    unproven_license,
    sanctioned_party,
    prohibited_use,
    unverified_domain,
    foreign_address,
    unverified_dns_record,
    suspended_tenant,
    unknown_tenant,
    unreachable_contact,
    weak_security,
)
