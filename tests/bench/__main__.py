"""`./dev bench [NAME] [--quick]`: benchmarks in one run, as ratios; never a timed assertion."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from tests.bench import reads, refusals

BENCHES: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
    "reads": reads.run,
    "refusals": refusals.run,
}
# What each understands beside its name; to the others it makes no difference.
OPTIONS = {"reads": {"--quick"}}


def main() -> None:
    """Runs the named benchmark, or all of them, with the options given."""
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    names = [word for word in sys.argv[1:] if word not in options] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    unknown += sorted(set(options).difference(*OPTIONS.values()))
    if unknown:
        known = ", ".join(BENCHES)
        sys.exit(f"bench: there is no {unknown[0]}; take one of {known}, perhaps with --quick.")
    for name in names:
        taken = OPTIONS.get(name, set()).intersection(options)
        asyncio.run(BENCHES[name](*taken))


# The process that makes the load imports this module again.
if __name__ == "__main__":
    main()
