"""The gateway as `tenant-gateway serve` runs it, but for the simulator's call limits, which are off here and there.

--forgetful has the process fill its memory and never answer from it, so that nothing is cached whoever asks: neither
what the legacy systems said, nor whose a token or a session is.
--trusting takes the tenant from the headers that the peers believe, so that nobody pays for authentication.
"""

import argparse

from cachetools import TLRUCache
from starlette.requests import Request

from gateway import upstreams
from gateway.accounts import tokens
from gateway.accounts.principals import Principals
from gateway.commands.listening import listen
from gateway.commands.serve import build_server
from gateway.endpoint import Endpoint
from gateway.logs import configure_logs
from gateway.models.principal import Principal
from gateway.settings import load_settings
from gateway.snapshots import Shelf


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--forgetful", action="store_true")
    parser.add_argument("--trusting", action="store_true")
    options = parser.parse_args()
    upstreams.BILLING_CALLS_A_MINUTE = upstreams.BILLING_CALLS_A_DAY = 10**9
    if options.forgetful:
        Shelf.peek = _nothing  # type: ignore[method-assign]
        Principals._recall = _nothing  # type: ignore[method-assign]
        tokens.TLRUCache = _Forgetful  # type: ignore[assignment, attr-defined]
    if options.trusting:
        Endpoint._principal = _believed  # type: ignore[method-assign, assignment]
    configure_logs()
    build_server(load_settings(), lambda: None).run(sockets=[listen("127.0.0.1", options.port)])


class _Forgetful(TLRUCache):  # type: ignore[type-arg]
    def get(self, *_: object, **__: object) -> None:
        return None


def _nothing(*_: object, **__: object) -> None:
    return None


async def _believed(_: Endpoint, request: Request, *args: object, **options: object) -> Principal | None:
    lease, account = request.headers.get("x-lease"), request.headers.get("x-account")
    return Principal("bench", "bench", lease, account, renewal_only=False) if lease and account else None


if __name__ == "__main__":
    main()
