"""`./dev bench [NAME] [--OPTION]`: benchmarks in one run, as ratios; never a timed assertion."""

import asyncio
import sys
from collections.abc import Callable, Coroutine

from tests.bench import refusals

BENCHES: dict[str, Callable[[], Coroutine[None, None, None]]] = {"refusals": refusals.run}


def main() -> None:
    """Runs the named benchmark, or all of them, with the options given."""
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    names = [word for word in sys.argv[1:] if word not in options] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"bench: there is no {unknown[0]}; take one of {', '.join(BENCHES)}.")
    for name in names:
        asyncio.run(BENCHES[name](*options))


# The process that makes the load imports this module again.
if __name__ == "__main__":
    main()
