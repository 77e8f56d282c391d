"""Bradley, Terry and Davidson: the American League, three oracles, infinite worths, coverage."""

from random import Random

import choix
import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from service.measurement import choices
from service.measurement import quasi_variances as quasi_variances_module
from service.measurement.choices import BadChoices
from service.measurement.comparisons import Comparison, Comparisons, compare
from service.measurement.quasi_variances import largest_error, quasi_variances
from service.measurement.ranks import rank
from service.measurement.results import Estimate, Interval, Result, Status, Undefined
from service.measurement.worths import Worths

TEAMS = ("BAL", "BOS", "CLE", "DET", "MIL", "NY", "TOR")
LEAGUE = [
    [0, 1, 7, 4, 2, 3, 1],
    [12, 0, 7, 2, 6, 7, 6],
    [6, 6, 0, 4, 4, 6, 5],
    [9, 11, 9, 0, 6, 5, 7],
    [11, 7, 9, 7, 0, 7, 9],
    [10, 6, 7, 8, 6, 0, 6],
    [12, 7, 8, 6, 4, 7, 0],
]


def by_label(result: Result[Worths]) -> dict[str, Estimate]:
    return {one.label: one.log_worth for one in result.found().worths}


def values(result: Result[Worths], labels: tuple[str, ...] | list[str]) -> np.ndarray:
    return np.array([by_label(result)[label].value for label in labels], dtype=np.float64)


def errors(result: Result[Worths], labels: tuple[str, ...]) -> np.ndarray:
    return np.array([by_label(result)[label].se for label in labels], dtype=np.float64)


def test_a5_the_american_league_of_1987() -> None:
    """Agresti, Categorical Data Analysis; BradleyTerry2 "baseball"; Baltimore at 0."""
    result = compare(Comparisons.from_tables(TEAMS, LEAGUE), reference="BAL")
    worths, se = values(result, TEAMS), errors(result, TEAMS)
    expected = [0, 1.1077, 0.6839, 1.4364, 1.5814, 1.2476, 1.2945]
    assert worths == pytest.approx(expected, abs=5e-5)
    assert se == pytest.approx([0, 0.334, 0.332, 0.340, 0.343, 0.336, 0.337], abs=5e-4)
    assert result.identification == "the log worth of BAL is 0"
    assert result.prior is None
    assert result.counts["comparisons"] == sum(map(sum, LEAGUE))


def test_worths_are_those_of_choix_and_errors_those_of_a_logistic_regression() -> None:
    result = compare(Comparisons.from_tables(TEAMS, LEAGUE))
    ours = values(result, TEAMS)
    theirs = choix.ilsr_pairwise_dense(np.array(LEAGUE, dtype=float), max_iter=500, tol=1e-12)
    assert np.abs(ours - theirs).max() < 1e-9

    pairs = np.argwhere(np.triu(np.ones((7, 7)), 1))
    table = np.array(LEAGUE)
    design = np.zeros((len(pairs), 7))
    design[np.arange(len(pairs)), pairs[:, 0]], design[np.arange(len(pairs)), pairs[:, 1]] = 1, -1
    won = np.array([[table[i, j], table[j, i]] for i, j in pairs])
    fit = sm.GLM(won, design[:, 1:], family=sm.families.Binomial()).fit(tol=1e-14)
    se = errors(compare(Comparisons.from_tables(TEAMS, LEAGUE), reference="BAL"), TEAMS)
    assert np.abs(se[1:] - fit.bse).max() < 1e-7


TIED = [[0, 3, 2, 4], [2, 0, 5, 1], [1, 2, 0, 3], [2, 2, 1, 0]]
TIES = [[0, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2], [0, 1, 2, 0]]


def test_ties_are_those_of_a_poisson_regression() -> None:
    """Each pair's three outcomes as Poisson counts with a factor for the pair: the same model."""
    wins, ties = np.array(TIED), np.array(TIES)
    rows, counts = [], []
    for pair, (i, j) in enumerate(np.argwhere(np.triu(np.ones((4, 4)), 1))):
        for kind, count in enumerate([wins[i, j], wins[j, i], ties[i, j]]):
            row = np.zeros(4 + 1 + 6)
            row[i], row[j] = [(1, 0), (0, 1), (0.5, 0.5)][kind]
            row[4], row[5 + pair] = kind == 2, 1
            rows.append(row)
            counts.append(count)
    fit = sm.GLM(counts, np.array(rows)[:, 1:], family=sm.families.Poisson()).fit(tol=1e-14)
    result = compare(Comparisons.from_tables("abcd", TIED, TIES), reference="a")
    assert result.method.startswith("Davidson (1970)")
    assert result.counts == {"candidates": 4, "comparisons": 37, "ties": 9}
    labels = ("a", "b", "c", "d")
    assert np.abs(values(result, labels)[1:] - fit.params[:3]).max() < 1e-8
    assert np.abs(errors(result, labels)[1:] - fit.bse[:3]).max() < 1e-7
    tie = result.found().tie
    assert tie is not None
    assert tie.value == pytest.approx(np.exp(fit.params[3]), abs=1e-8)
    assert isinstance(tie.interval, Interval)
    assert np.log(tie.interval.high / tie.interval.low) == pytest.approx(2 * 1.959964 * fit.bse[3])


def test_quasi_errors_come_near_those_of_all_differences() -> None:
    result = compare(Comparisons.from_tables(TEAMS, LEAGUE))
    found = result.found()
    quasi = np.array([one.quasi_se for one in found.worths], dtype=np.float64)
    se = found.measures().standard_errors()
    pairs = np.triu_indices(7, 1)
    told = np.sqrt(np.add.outer(quasi**2, quasi**2)[pairs])
    assert np.abs(told / se[pairs] - 1).max() == pytest.approx(found.quasi_error)
    assert isinstance(found.quasi_error, float)
    assert found.quasi_error < 0.02

    def loss(logs: np.ndarray) -> float:
        sums = np.add.outer(np.exp(logs), np.exp(logs))[pairs]
        return float(((np.log(sums) - 2 * np.log(se[pairs])) ** 2).sum())

    best = minimize(loss, np.log(quasi**2) + 0.1, tol=1e-14)
    assert np.abs(np.exp(best.x / 2) - quasi).max() < 1e-5
    assert quasi_variances(np.diag([1.0, 2.0, 3.0, 4.0])) == pytest.approx([1, 2, 3, 4])
    assert quasi_variances(np.diag([1.0, 3.0])) == pytest.approx([2.0, 2.0])
    assert isinstance(quasi_variances(np.zeros((2, 2))), Undefined)
    off = largest_error(np.array([1.0, 1.0]), np.diag([1.0, 3.0]))
    assert off == pytest.approx(1 - np.sqrt(1 / 2))
    walk = np.array([[0, 0, 0], [0, 1, 1.5], [0, 1.5, 3]])
    assert isinstance(quasi_variances(walk), Undefined)


def test_quasi_errors_that_do_not_settle_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quasi_variances_module, "_STEPS", 1)
    result = compare(Comparisons.from_tables(TEAMS, LEAGUE))
    assert isinstance(result.found().quasi_error, Undefined)
    assert all(isinstance(one.quasi_se, Undefined) for one in result.found().worths)
    assert isinstance(result.found().worths[0].log_worth.se, float)


def test_steps_that_do_not_settle_tell_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "STEPS", 2)
    result = compare(Comparisons.from_tables(TEAMS, LEAGUE))
    assert result.convergence.status is Status.NOT_CONVERGED
    with pytest.raises(ValueError, match="did not settle"):
        result.found()


def test_far_summits_are_reached_in_short_steps() -> None:
    """b is over a a hundred times without a tie; a and c tie in all but one of 100,001."""
    wins = np.array([[0, 0, 1], [100, 0, 0], [0, 0, 0]])
    ties = np.array([[0, 0, 10**5], [0, 0, 0], [10**5, 0, 0]])
    result = compare(Comparisons.from_tables("abc", wins, ties))
    assert result.convergence.status is Status.CONVERGED
    tie = result.found().tie
    assert tie is not None
    assert isinstance(tie.value, float)
    ours, over, theirs = values(result, ["a", "b", "c"])

    def untied(gap: float) -> float:
        sides = 2 * np.cosh(gap / 2)
        return float(sides / (sides + tie.value))

    # As many comparisons are decided as the model expects: 101 of 100,101.
    expected = (1e5 + 1) * untied(ours - theirs) + 100 * untied(over - ours)
    assert expected == pytest.approx(101.0, abs=1e-6)


def test_whom_nobody_beat_gets_a_prior_that_is_named() -> None:
    records = [Comparison("a", "b"), Comparison("a", "c"), Comparison("b", "c")]
    result = compare(Comparisons.of(records))
    assert result.prior == "1 wins and 1 losses of each against a ghost"
    assert result.method.endswith("penalised (posterior mode)")
    assert "infinitely apart" in result.cautions[0]
    assert [one.label for one in result.found().worths] == ["a", "b", "c"]

    wins = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]])

    def loss(w: np.ndarray) -> float:
        gaps = np.subtract.outer(w, w)
        ghosts = np.logaddexp(0, w) + np.logaddexp(0, -w)
        return float((wins * np.logaddexp(0, -gaps)).sum() + ghosts.sum())

    best = minimize(loss, np.zeros(3), tol=1e-14).x
    assert values(result, ["a", "b", "c"]) == pytest.approx(best - best.mean(), abs=1e-6)


def test_a_finite_estimate_is_refused_where_there_is_none_and_no_ghost_may_help() -> None:
    refused = compare(Comparisons.of([("a", "b")]), ghost=0.0)
    assert refused.convergence.status is Status.REFUSED
    with pytest.raises(ValueError, match="no finite estimate; let a ghost be added"):
        refused.found()


def test_a_ghost_that_nobody_needs_is_named_as_one() -> None:
    result = compare(Comparisons.from_tables(TEAMS, LEAGUE), ghost=2.0)
    assert result.cautions[0] == (
        "A prior pulls all worths together, though the choices would do without."
    )
    free = values(compare(Comparisons.from_tables(TEAMS, LEAGUE)), TEAMS)
    assert np.abs(values(result, TEAMS)).sum() < np.abs(free).sum()


def test_groups_that_nothing_joins_are_named() -> None:
    result = compare(Comparisons.of([("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")]))
    assert any("No choice joins these groups: a, b; c, d." in one for one in result.cautions)


def test_a_lead_that_error_explains_is_no_lead() -> None:
    close = compare(Comparisons.from_tables(TEAMS, LEAGUE)).cautions
    assert close[0] == "MIL is not shown to be better than DET: the interval includes zero."
    assert len(close) == 2
    clear = compare(Comparisons.from_tables("ab", [[0, 30], [5, 0]])).cautions
    assert clear == close[1:]


def test_records_count_as_tables_do() -> None:
    records = [Comparison("b", "a"), Comparison("b", "a"), Comparison("b", "a", is_tie=True)]
    counted = Comparisons.of(records)
    assert counted.labels == ("a", "b")
    assert counted.wins.tolist() == [[0, 0], [2, 0]]
    assert counted.ties.tolist() == [[0, 1], [1, 0]]


def test_ties_that_no_circle_of_wins_bounds_need_the_prior_though_the_graph_is_connected() -> None:
    """a beats b, and both tie with c: spaced by two units, the likelihood grows for ever."""
    tied = [Comparison("a", "c", is_tie=True), Comparison("b", "c", is_tie=True)]
    open_ended = compare(Comparisons.of([("a", "b"), *tied]))
    assert open_ended.prior is not None
    back = compare(Comparisons.of([("a", "b"), ("b", "a"), ("a", "b"), *tied]))
    circle = compare(Comparisons.of([("a", "b"), ("b", "c"), tied[0]]))
    for bounded in (back, circle):
        assert bounded.prior is None
        assert bounded.convergence.status is Status.CONVERGED


def test_nothing_but_ties_tells_nobody_apart() -> None:
    refused = compare(Comparisons.of([Comparison("a", "b", is_tie=True)]))
    assert refused.convergence.status is Status.REFUSED
    with pytest.raises(ValueError, match="every comparison is a tie"):
        refused.found()
    with pytest.raises(ValueError, match="nothing to choose among 0 candidates"):
        compare(Comparisons.of([])).found()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Comparisons.of([("a", "b"), ("a", "a")]), "row 2 compares a with itself"),
        (lambda: Comparisons.of([("a", "")]), "row 1 names only one candidate"),
        (lambda: Comparisons.from_tables("aa", [[0, 1], [1, 0]]), "some label is given twice"),
        (lambda: Comparisons.from_tables("ab", [[0, 1]]), "2 labels need wins of 2 by 2"),
        (lambda: Comparisons.from_tables("ab", [[0, -1], [1, 0]]), "wins must be counts"),
        (lambda: Comparisons.from_tables("ab", [[1, 1], [1, 0]]), "0 of anybody over itself"),
        (
            lambda: Comparisons.from_tables("ab", np.eye(2)[::-1], [[0, 1], [0, 0]]),
            "ties must be the same",
        ),
        (lambda: compare(Comparisons.of([("a", "b")]), reference="z"), "for or against z"),
        (lambda: compare(Comparisons.of([("a", "b")]), ghost=-1.0), "a ghost of -1.0 wins"),
        (lambda: compare(Comparisons.of([("a", "b")]), level=2.0), "a level of 2.0 is none"),
    ],
)
def test_what_cannot_be_compared_is_refused(make, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadChoices, match=words):
        make()


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.permutations(range(7)), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing_and_names_only_names(
    order: list[int], random: Random
) -> None:
    table = np.array(LEAGUE)[np.ix_(order, order)]
    mixed = compare(Comparisons.from_tables([TEAMS[i] for i in order], table))
    plain = compare(Comparisons.from_tables(TEAMS, LEAGUE))
    assert mixed.json() == plain.json()
    renamed = random.sample(TEAMS, 7)
    again = compare(Comparisons.from_tables(renamed, LEAGUE))
    assert values(again, renamed) == pytest.approx(values(plain, TEAMS), abs=1e-10)


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6))
def test_worths_sum_to_nothing_mirror_and_sharpen_with_the_root_of_n(row: int, times: int) -> None:
    table = np.array(LEAGUE)
    table[row, 0] += row
    plain = compare(Comparisons.from_tables(TEAMS, table))
    mirrored = compare(Comparisons.from_tables(TEAMS, table.T))
    more = compare(Comparisons.from_tables(TEAMS, table * times))
    assert values(plain, TEAMS).sum() == pytest.approx(0.0, abs=1e-12)
    assert values(mirrored, TEAMS) == pytest.approx(-values(plain, TEAMS), abs=1e-9)
    assert values(more, TEAMS) == pytest.approx(values(plain, TEAMS), abs=1e-9)
    assert errors(more, TEAMS) * np.sqrt(times) == pytest.approx(errors(plain, TEAMS), abs=1e-9)


def test_worths_are_measures_to_ask_for_places() -> None:
    worths = compare(Comparisons.from_tables(TEAMS, LEAGUE)).found()
    found = rank(worths.measures(), seed=2).found()
    assert found.labels[0] == "MIL"
    assert found.places[-1].certain.worst == 7


def test_intervals_cover_the_truth_as_often_as_they_claim() -> None:
    """60 tournaments of six, 24 comparisons of every pair."""
    normal = np.random.default_rng(5)
    held = []
    for _ in range(60):
        truth = normal.normal(scale=0.7, size=6)
        chances = 1 / (1 + np.exp(-np.subtract.outer(truth, truth)))
        won = np.triu(normal.binomial(24, chances), 1)
        wins = won + np.tril(24 - won.T, -1)
        found = by_label(compare(Comparisons.from_tables("abcdef", wins)))
        for label, true in zip("abcdef", truth - truth.mean(), strict=True):
            interval = found[label].interval
            assert isinstance(interval, Interval)
            held.append(interval.holds(true))
    assert 0.92 <= np.mean(held) <= 0.98
