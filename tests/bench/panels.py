"""Invented panels of any size, and what is measured on them, each in a process of its own.

`python -m tests.bench.panels WHAT CANDIDATES ASSESSORS COMPETENCIES` prints one line of JSON.
The same numbers are the same panel everywhere; it refuses real ratings.
"""

import csv
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from service.measurement import joint
from service.measurement.arrays import Floats, Integers, seeded
from service.measurement.designs import OTHERS
from service.measurement.facet_models import Cells, Form, Parameters, moments, totals
from service.measurement.frames import Frame
from service.measurement.ratings import FACETS, Facet, Ratings, Scale

_SEEN_BY = 5
_STEPS = np.array([-1.8, -0.6, 0.6, 1.8])
_TOLERANCE, _MOST_SWEEPS = 1e-8, 2_000
_REPEATS = 3
# The same model as base R can fit it: one row for each rating and value, a factor for each rating.
_POISSON = """
arguments <- commandArgs(TRUE)
ratings <- read.csv(arguments[1])
values <- 0:4
long <- data.frame(rating = factor(rep(seq_len(nrow(ratings)), each = 5)),
                   value = rep(values, nrow(ratings)))
centred <- function(codes, size) {
  basis <- rbind(diag(size - 1), -1)
  -basis[codes + 1, , drop = FALSE]
}
people <- diag(max(ratings$candidate) + 1)[ratings$candidate + 1, ]
elements <- cbind(people, centred(ratings$assessor, max(ratings$assessor) + 1),
                  centred(ratings$competency, max(ratings$competency) + 1))
long$count <- as.numeric(long$value == rep(ratings$score, each = 5))
scored <- elements[as.integer(long$rating), ] * long$value
inner <- sapply(1:3, function(value) as.numeric(long$value == value))
seconds <- system.time(
  fit <- glm(count ~ 0 + rating + inner + scored, family = poisson, data = long,
             control = glm.control(epsilon = 1e-12, maxit = 50))
)[["elapsed"]]
found <- tail(coef(fit), ncol(scored))[seq_len(ncol(people))]
cat(sprintf('{"seconds": %.6f, "measures": [%s]}', seconds,
            paste(sprintf("%.9f", found), collapse = ", ")))
"""


def panel(candidates: int, assessors: int, competencies: int) -> Ratings:
    """Each candidate rated by five of the assessors, drawn for them, on all competencies."""
    draw = seeded(candidates)
    sizes = (candidates, assessors, competencies)
    spreads = (1.0, 0.5, 0.4)
    measures = [draw.normal(0.0, spread, size) for spread, size in zip(spreads, sizes, strict=True)]
    seen_by = min(_SEEN_BY, assessors)
    met = np.argsort(draw.random((candidates, assessors)), axis=1)[:, :seen_by]
    codes = (
        np.repeat(np.arange(candidates), seen_by * competencies),
        np.repeat(met.ravel(), competencies),
        np.tile(np.arange(competencies), candidates * seen_by),
    )
    etas = measures[0][codes[0]] - measures[1][codes[1]] - measures[2][codes[2]]
    odds = np.exp(np.cumsum(etas[:, None] - _STEPS, axis=1))
    rising = np.cumsum(np.hstack([np.ones((len(etas), 1)), odds]), axis=1)
    values = 1 + (draw.random(len(etas))[:, None] * rising[:, -1:] > rising).sum(axis=1)
    return _ratings(codes, sizes, values)


def _ratings(codes: tuple[Integers, ...], sizes: tuple[int, ...], values: Integers) -> Ratings:
    who, by, what = (
        Facet(tuple(f"{place:06d}" for place in range(size)), each.astype(np.int64))
        for each, size in zip(codes, sizes, strict=True)
    )
    only = Facet(("only",), np.zeros(len(values), dtype=np.int64))
    seen = np.ones(len(values), dtype=np.bool_)
    return Ratings(Scale(1, 5), who, by, what, only, only, values.astype(np.int64), seen)


def _eliminated(ratings: Ratings) -> dict[str, object]:
    def calibrated() -> Floats:
        cells = Cells.of(ratings, OTHERS, Form.RATING_SCALE)
        found = joint.fit(cells, Frame.of(ratings, cells, OTHERS, {}))
        assert found.uncertainty is not None
        return found.parameters.candidates

    return _timed(calibrated)


def _swept(ratings: Ratings) -> dict[str, object]:
    """One facet after the other by its own Newton steps: the simplest code that there is."""
    return _timed(lambda: _sweeps(Cells.of(ratings, OTHERS, Form.RATING_SCALE)), repeats=1)


def _sweeps(cells: Cells) -> Floats:
    measures = [np.zeros(size) for size in cells.sizes]
    ladder = np.zeros(cells.used.size)
    observed = np.bincount(cells.scores, minlength=len(ladder))
    for _ in range(_MOST_SWEEPS):
        before = np.concatenate([*measures, ladder])
        for place, codes in enumerate(cells.facets):
            found = moments(cells, Parameters(measures[0], tuple(measures[1:]), ladder[None]))
            residuals = totals(codes, cells.scores - found.expectations, cells.sizes[place])
            move = residuals / totals(codes, found.variances, cells.sizes[place])
            measures[place] += np.clip(move if place == 0 else -move, -1.0, 1.0)
            measures[place] -= measures[place].mean() if place else 0.0
        found = moments(cells, Parameters(measures[0], tuple(measures[1:]), ladder[None]))
        shares = found.probabilities
        move = (shares.sum(axis=1) - observed) / (shares * (1 - shares)).sum(axis=1)
        ladder[1:-1] += np.clip(move, -1.0, 1.0)[1:-1]
        if np.abs(np.concatenate([*measures, ladder]) - before).max() < _TOLERANCE:
            break
    return measures[0]


def _by_r(ratings: Ratings) -> dict[str, object]:
    """Base R's Poisson GLM of the same ratings."""
    with tempfile.TemporaryDirectory(prefix="cadre-panel-") as folder:
        table, script = Path(folder) / "ratings.csv", Path(folder) / "poisson.R"
        with table.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["candidate", "assessor", "competency", "score"])
            facets = [ratings.facet(name).codes for name in FACETS[:3]]
            writer.writerows(
                zip(*(each.tolist() for each in (*facets, ratings.values - 1)), strict=True)
            )
        script.write_text(_POISSON, encoding="utf-8")
        done = subprocess.run(
            ["Rscript", "--vanilla", script, table], capture_output=True, check=True, timeout=170
        )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _timed(work: Callable[[], Floats], repeats: int = _REPEATS) -> dict[str, object]:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        found = work()
        times.append(time.perf_counter() - started)
    return {"seconds": statistics.median(times), "measures": found.tolist()}


KINDS: dict[str, Callable[[Ratings], dict[str, object]]] = {
    "eliminated": _eliminated,
    "swept": _swept,
    "r": _by_r,
}


def main() -> None:
    """Measures what the arguments name, and prints it."""
    what, *sizes = sys.argv[1:]
    candidates, assessors, competencies = map(int, sizes)
    found = KINDS[what](panel(candidates, assessors, competencies))
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
