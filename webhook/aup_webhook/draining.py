"""The way out of a process that is still asked for a while."""


class Draining:
    """Whether the process is on its way out: it is not ready any more, and answers no second request on a connection.

    The API server keeps a connection and sends its next review on it, whatever the Service's endpoints are by then. One
    that it sends as the connection is closed fails, and with it the tenant's change.
    """

    def __init__(self) -> None:
        self.on = False
