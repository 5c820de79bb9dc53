"""What tests of suspensions share."""

import pytest

from tests.cluster.suspending import running, zoo
from tests.support import Customer, eventually


@pytest.fixture
def shop(customer: Customer) -> Customer:
    """A tenant with the zoo, all of it at work."""
    customer.run("create", "-f", "-", stdin=zoo(), check=True)
    eventually(lambda: running(customer) == 13)
    return customer
