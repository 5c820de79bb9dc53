"""The clauses of the Acceptable Use Policy, as rules, suspensions and reports name them, in the fewest words."""

TITLES = {
    "1": "What is prohibited",
    "2": "E-mail",
    "3": "Licences",
    "4": "Sanctions and crime",
    "5": "Authorities",
    "6": "Addresses and names",
    "7": "Changes and consequences",
    "8": "Responsibility",
}

CLAUSES = {
    "1.1": "Nothing illegal, and nobody's rights infringed",
    "1.2": "No attack on networks and systems, no malicious code",
    "1.3": "No harm to the infrastructure or other customers; security tests only with written consent",
    "1.4": "No fraud: phishing, spoofing, forged packets",
    "1.5": "Nothing whose failure could kill, hurt or pollute",
    "1.6": "No use of resources that takes from others",
    "1.7": "No offensive or harmful content",
    "2.1": "Bulk mail has a privacy policy and a public abuse contact",
    "2.2": "Bulk mail goes to those who agreed, and they can opt out",
    "2.3": "Bulk mail names its true sender, and unsubscribing works within 72 hours",
    "3.1": "Licence terms of all software are kept",
    "3.2": "Software that is not the provider's has valid licences and support",
    "3.3": "Licences are proved on request",
    "4.1": "Export controls and sanctions are kept",
    "4.2": "No terrorism, human trafficking, illegal gambling or spread of weapons",
    "5.1": "The provider discloses what the law demands, with notice where it can",
    "5.2": "The provider may report what looks illegal without notice",
    "5.3": "Customers help with investigations",
    "6.1": "Domain registrations are accurate",
    "6.2": "Only addresses that the provider assigned are used",
    "6.3": "The provider may change DNS records when an authorized contact asks",
    "7.1": "Material changes are announced 30 days ahead",
    "7.2": "Who rejects a change may leave, with 90 days under the policy before",
    "7.3": "Violations may mean removal, suspension or termination",
    "8.1": "Customers answer for all that happens from their accounts",
    "8.2": "Customers secure what they run",
}
"""Id to text, in order. An id never changes its meaning; a later version of the policy adds some."""
