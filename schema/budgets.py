"""Points in time: a leaky bucket for every caller, and one for bad tokens from an address.

Kept in the memory of one process, for a bounded number of callers. It refuses to wait:
whoever has nothing left is told when to come back.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from schema.limits import LimitExceeded, Limits
from service.access.actors import Actor

_IPV6_NETWORK = 64


class Balance(NamedTuple):
    """A budget now: its size, what is left of it, and what each second restores."""

    maximum: int
    left: int
    per_second: int


class TooSoon(LimitExceeded):
    """A limit over time is reached; the same request is welcome in `seconds`."""

    def __init__(self, limits: Limits, name: str, asked: int, *, left: int, seconds: float) -> None:
        super().__init__(limits, name, asked)
        self.seconds = max(1, math.ceil(seconds))
        unit = "second" if self.seconds == 1 else "seconds"
        self.message += f" {left} are left; come back in {self.seconds} {unit}."
        self.details |= {"left": left, "retryAfterSeconds": self.seconds}


class _Bucket:
    __slots__ = ("at", "left")

    def __init__(self, left: float, at: float) -> None:
        self.left = left
        self.at = at


class _Buckets:
    """What is left to each of the callers seen last; all but those have a full bucket."""

    def __init__(self, callers: int, clock: Callable[[], float]) -> None:
        self._callers = callers
        self._clock = clock
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def of(self, caller: Hashable, maximum: float, per_second: float) -> _Bucket:
        """The caller's bucket as it is now, restored up to this moment."""
        now = self._clock()
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = _Bucket(maximum, now)
            # The caller forgotten gets a full bucket again: whoever has as many addresses
            # as this holds has as many budgets anyway.
            if len(self._buckets) > self._callers:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(caller)
        bucket.left = min(maximum, bucket.left + (now - bucket.at) * per_second)
        bucket.at = now
        return bucket


class Budgets:
    """The budgets of all callers, in points: `take` before the work, `settle` after it."""

    def __init__(
        self, *, callers: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._buckets = _Buckets(callers, clock)

    def take(self, caller: Hashable, asked: int, limits: Limits) -> Balance:
        """What is left once `asked` points are taken; refuses where there are not as many."""
        bucket = self._buckets.of(caller, limits.budget, limits.budget_per_second)
        if bucket.left < asked:
            seconds = (asked - bucket.left) / limits.budget_per_second
            left = max(0, int(bucket.left))
            raise TooSoon(limits, "budget", asked, left=left, seconds=seconds)
        bucket.left -= asked
        return Balance(limits.budget, int(bucket.left), limits.budget_per_second)

    def settle(self, caller: Hashable, unspent: int, limits: Limits) -> Balance:
        """What is left once the difference between the asked and the real cost is back."""
        bucket = self._buckets.of(caller, limits.budget, limits.budget_per_second)
        bucket.left = min(limits.budget, bucket.left + unspent)
        return Balance(limits.budget, int(bucket.left), limits.budget_per_second)


class BadTokens:
    """How many bad tokens each address may still show.

    `admit` an unknown token before the database is asked about it, and count it when it
    `failed`: counting it before would refuse good ones that arrive together.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        addresses: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._buckets = _Buckets(addresses, clock)

    def admit(self, address: str | None) -> None:
        """Refuses an address that has shown too many bad tokens lately."""
        bucket = self._bucket(address)
        if bucket.left < 1:
            seconds = (1 - bucket.left) / self._per_second
            raise TooSoon(
                self._limits, "failed_sign_ins", self._shown(bucket), left=0, seconds=seconds
            )

    def failed(self, address: str | None) -> None:
        """Counts a bad token; those that arrived together are paid for later."""
        bucket = self._bucket(address)
        bucket.left = max(-self._limits.failed_sign_ins, bucket.left - 1)

    @property
    def _per_second(self) -> float:
        return self._limits.failed_sign_ins / 60

    def _bucket(self, address: str | None) -> _Bucket:
        return self._buckets.of(network(address), self._limits.failed_sign_ins, self._per_second)

    def _shown(self, bucket: _Bucket) -> int:
        return self._limits.failed_sign_ins + 1 - math.floor(bucket.left)


def network(address: str | None) -> str:
    """What stands for a client's address: itself, or the network of its host for IPv6.

    One machine has a whole /64 of IPv6 addresses to itself.
    """
    if address is None or ":" not in address:
        return address or ""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, _IPV6_NETWORK), strict=False))


def payer(actor: Actor, address: str | None) -> Hashable:
    """Whose budget pays: the account's, or for the public that of the client's address."""
    return actor.account_id or network(address)


def cost_json(asked: int, real: int, balance: Balance) -> bytes:
    """The value of `extensions.cost`, as JSON."""
    return (
        b'{"asked":%d,"real":%d,"budget":{"maximum":%d,"left":%d,"perSecond":%d}}'
        % (asked, real, *balance)
    )  # fmt: skip
