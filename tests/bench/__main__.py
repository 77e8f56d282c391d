"""`./dev bench [NAME] [--quick]`: benchmarks in one run, as ratios; never a timed assertion."""

import asyncio
import sys

from tests.bench import matching, measurement, reads, refusals

BENCHES = {
    "matching": matching.run,
    "measurement": measurement.run,
    "reads": reads.run,
    "refusals": refusals.run,
}
QUICK = "--quick"


def main() -> None:
    """Runs the named benchmark, or all of them; a quick run measures less."""
    options = [word for word in sys.argv[1:] if word == QUICK]
    names = [word for word in sys.argv[1:] if word != QUICK] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        known = ", ".join(BENCHES)
        sys.exit(f"bench: there is no {unknown[0]}; take one of {known}, perhaps with {QUICK}.")
    for name in names:
        asyncio.run(BENCHES[name](*options))


# The process that makes the load imports this module again.
if __name__ == "__main__":
    main()
