"""How a request may fail, by what that says of it: whether it was sent, and whether what came can be believed."""


class HttpFailure(Exception):
    """No whole answer."""


class CannotConnect(HttpFailure):
    """There is no such host, nobody listens or stays, or it is not who it should be: the request was not sent."""


class ConnectionLost(HttpFailure):
    """The connection ended before an answer began: the request may have been acted upon, or not."""


class CutShort(HttpFailure):
    """An answer began, and its body does not come to its end."""


class NotHttp(HttpFailure):
    """What came is no answer by the rules of HTTP/1.1."""


class TooLong(HttpFailure):
    """The body is longer than is taken, as announced, as received or when unpacked."""
