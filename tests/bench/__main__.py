"""`./dev bench [NAME]`: benchmarks side by side in one run, as ratios; never a timed assertion."""

import asyncio
import sys
from collections.abc import Callable, Coroutine

from tests.bench import refusals

BENCHES: dict[str, Callable[[], Coroutine[None, None, None]]] = {"refusals": refusals.run}


def main() -> None:
    """Runs the named benchmark, or all of them."""
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"bench: there is no {unknown[0]}; take one of {', '.join(BENCHES)}.")
    for name in names:
        asyncio.run(BENCHES[name]())


main()
