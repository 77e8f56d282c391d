"""What each picture makes of its record: values in their places, gaps as gaps, and refusals."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
import pytest

from service.measurement.pictures.canvases import Picture
from service.measurement.pictures.decision_studies import Curve, DecisionStudy, decision_study
from service.measurement.pictures.design_graphs import Design, Group, Link, design_graph
from service.measurement.pictures.estimates import Named
from service.measurement.pictures.impacts import impacts
from service.measurement.pictures.instruments import InstrumentMap, instrument_map
from service.measurement.pictures.profiles import Competency, profile
from service.measurement.pictures.radars import radar
from service.measurement.pictures.rank_chances import RankChances, rank_chances
from service.measurement.pictures.rank_intervals import rank_intervals
from service.measurement.pictures.residuals import ResidualMap, residual_map
from service.measurement.pictures.sensitivities import (
    Acceptability,
    Sensitivity,
    Stretch,
    Strip,
    sensitivity,
)
from service.measurement.pictures.severities import Severity, severities
from service.measurement.pictures.weights import Weighted, weights
from service.measurement.pictures.wright_maps import WrightMap, wright_map
from service.measurement.results import Estimate, Interval, Undefined
from tests.service.measurement.pictures.drawings import SVG, root_of, texts, words
from tests.service.measurement.pictures.gallery import (
    a_design,
    a_map,
    a_profile,
    a_sensitivity,
    a_study,
    an_impact,
    known,
)

NONE: Final = Undefined("nothing was seen")


def marks(picture: Picture) -> list[tuple[float, float]]:
    """Where marks stand, in the order in which they are drawn."""
    found = root_of(picture.svg).iter(f"{SVG}use")
    return [(float(each.attrib["x"]), float(each.attrib["y"])) for each in found]


def severity(value: float | Undefined, infit: float | Undefined) -> Severity:
    return Severity(Named("one", Estimate(value)), infit, 40)


def points(value: float | Undefined) -> dict[str, Picture]:
    """Pictures of records that have this one value, or a gap in its stead."""
    named = Named("one", Estimate(value))
    other = known("two", 3.0)
    shown = replace(a_profile(3), competencies=(Competency(named, 2.0), *a_profile(2).competencies))
    study = DecisionStudy((1, 2), (Curve("Phi", (0.5, value)),), 0.7, NONE)
    return {
        "severity": severities((severity(value, 1.0),)),
        "infit": severities((severity(1.0, value),)),
        "profile": profile(shown),
        "radar": radar(shown),
        "weights": weights((Weighted("one", 0.2, value),)),
        "study": decision_study(study),
        "map": wright_map(WrightMap((named, other), (other,), (other,), ())),
        "impact": impacts((replace(an_impact(1)[1], ratio=Estimate(value)),)),
    }


def test_what_is_not_defined_is_a_word_and_no_mark() -> None:
    whole, gaps = points(0.9), points(NONE)
    for name, picture in whole.items():
        written = words(root_of(picture.svg)), words(root_of(gaps[name].svg))
        assert (name, len(marks(picture)) - len(marks(gaps[name]))) == (name, 1)
        assert "notdefined" in written[1], name
        assert written[0].count("notdefined") < written[1].count("notdefined"), name


def test_marks_stand_where_their_values_are() -> None:
    values = [4.2, 1.1, 2.5, 3.3]
    levels = [Competency(known(f"competency {value}", value), None) for value in values]
    picture = profile(replace(a_profile(), competencies=tuple(levels)))
    across = [x for x, _ in marks(picture)[-4:]]
    assert np.ptp(np.diff(across) / np.diff(values)) < 1e-3
    upright = wright_map(replace(a_map(4), candidates=tuple(each.level for each in levels)))
    down = [y for _, y in marks(upright)[1:5]]
    assert np.ptp(np.diff(down) / np.diff(values)) < 1e-3
    assert np.diff(down)[0] > 0 > np.diff(values)[0]


def test_names_are_text_whatever_they_look_like() -> None:
    label = "<script>alert(1)</script> & $x^2$ \\alpha 'quoted' \"twice\""
    picture = weights((Weighted(label, 0.5, 0.5),))
    assert "".join(label.split()) in words(root_of(picture.svg))
    assert "<script>" not in picture.svg.decode() + picture.table.html()


def test_intervals_that_leave_the_scale_are_drawn_whole() -> None:
    level = Competency(known("integrity", 4.9, 1.4), None)
    picture = profile(replace(a_profile(), competencies=(level,)))
    told = next(box for box in texts(root_of(picture.svg)) if box.words.startswith("4.9"))
    ends = [
        float(path.attrib["d"].split()[1])
        for path in root_of(picture.svg).iter(f"{SVG}path")
        if "stroke-width: 1.2" in path.get("style", "") and path.get("d", "").startswith("M")
    ]
    assert max(ends) < told.left


def test_a_level_meets_the_minimum_firmly_only_where_its_interval_does() -> None:
    verdicts = [
        Competency(Named("one", Estimate(value, None, interval)), minimum).verdict
        for value, interval, minimum in (
            (3.0, Interval(2.9, 3.1), 2.5),
            (3.0, Interval(2.4, 3.6), 2.5),
            (2.0, Interval(1.9, 2.1), 2.5),
            (2.4, Interval(2.0, 2.8), 2.5),
            (3.0, None, 2.5),
            (3.0, None, None),
            (NONE, None, 2.5),
        )
    ]
    assert verdicts == [
        "meets",
        "meets, not firmly",
        "below",
        "below, not firmly",
        "meets, not firmly",
        "no minimum",
        "not defined",
    ]


def test_an_infit_of_few_ratings_is_not_judged() -> None:
    given = ((0.4, 40), (1.0, 40), (1.6, 40), (1.6, 9), (NONE, 40))
    verdicts = [replace(severity(0.0, infit), ratings=count).verdict for infit, count in given]
    assert verdicts == ["too even", "usable", "too erratic", "too few to say", "not defined"]


def test_the_worked_composite_has_its_switch_points_in_the_strip() -> None:
    """Reference A8: A and B switch at .375 and B and C at .2424 of the first weight."""
    written = words(root_of(sensitivity(a_sensitivity(4)).svg))
    assert "37.5%" in written
    assert "24.2%" in written
    assert a_sensitivity(40).letters == a_sensitivity(4).letters
    assert list(a_sensitivity(4).letters.values()) == ["A", "B", "C"]


def test_switch_points_without_room_for_all_stand_in_the_table_alone() -> None:
    ends = np.linspace(0, 1, 41).tolist()
    stretches = tuple(
        Stretch(low, high, "AB"[place % 2]) for place, (low, high) in enumerate(pairwise(ends))
    )
    seen = Sensitivity(
        (Strip("integrity", 0.5, stretches),), (Acceptability("A", 0.5), Acceptability("B", 0.5))
    )
    picture = sensitivity(seen)
    assert "2.5%" not in words(root_of(picture.svg))
    assert len(picture.table.rows) == 42


def test_more_winners_than_letters_get_two() -> None:
    labels = [f"candidate {place}" for place in range(30)]
    ends = np.linspace(0, 1, 31).tolist()
    stretches = tuple(map(Stretch, ends, ends[1:], labels))
    seen = Sensitivity(
        (Strip("integrity", 0.5, stretches),),
        tuple(Acceptability(label, 1 / 30) for label in labels),
    )
    assert list(seen.letters.values())[24:28] == ["Y", "Z", "AA", "AB"]


def test_counts_too_small_to_be_told_are_told_nowhere() -> None:
    hidden = an_impact(1)[3]
    picture = impacts((hidden,))
    assert picture.table.rows[0][2:5] == (hidden.selected, hidden.pool, hidden.selected)
    assert "nottold" in words(root_of(picture.svg))
    assert replace(hidden, selected=0, pool=0).rate == Undefined(
        "nobody of the group was in the pool"
    )
    assert replace(hidden, selected=3, pool=12).rate == 0.25
    assert replace(hidden, selected=3).rate == hidden.pool


@pytest.mark.parametrize("ratio", [0.0, 0.01, 50.0])
def test_a_ratio_far_out_is_drawn_as_an_arrow_at_the_edge(ratio: float) -> None:
    row = an_impact(1)[1]
    inside, outside = (
        {
            each.get("{http://www.w3.org/1999/xlink}href")
            for each in root_of(drawn.svg).iter(f"{SVG}use")
        }
        for drawn in (impacts((replace(row, ratio=Estimate(value)),)) for value in (1.0, ratio))
    )
    assert len(outside - inside) == 1


def test_designs_say_whether_all_can_be_compared() -> None:
    apart, whole = a_design(4, connected=False), a_design(4, connected=True)
    assert "falls into 3 groups" in design_graph(apart).description
    assert "All candidates can be compared" in design_graph(whole).description
    assert "onlylinkbetweentwoparts" in words(root_of(design_graph(whole).svg))
    assert ("nobody", 0) in {row[1:3] for row in design_graph(apart).table.rows}


def test_studies_say_how_many_assessors_are_needed() -> None:
    assert a_study(reached=True).verdict == "5 assessors reach the target of 0.45."
    never = DecisionStudy((1, 2), (Curve("Phi", (NONE, NONE)),), 0.7, NONE)
    assert "Phi:notdefined" in words(root_of(decision_study(never).svg))
    assert a_study(reached=False).verdict.startswith("No number of assessors tried reaches 0.70")
    assert replace(a_study(reached=True), needed=1).verdict.startswith("1 assessor reach")


def test_residuals_are_framed_as_they_are_printed() -> None:
    def frames(value: float) -> int:
        picture = residual_map(ResidualMap(("one",), ("A",), ((value,),)))
        return picture.svg.count(b"font-weight: 700; font-size: 8px")

    assert [frames(value) for value in (1.94, 1.96, -2.2, 0.0)] == [0, 1, 1, 0]


REFUSED: Final[dict[str, tuple[Callable[[], object], str]]] = {
    "no severities": (lambda: severities(()), "nothing to draw"),
    "no ranks": (lambda: rank_intervals(()), "nothing to draw"),
    "no chances": (lambda: rank_chances(RankChances((), ())), "nothing to draw"),
    "no weights": (lambda: weights(()), "nothing to draw"),
    "no impacts": (lambda: impacts(()), "nothing to draw"),
    "no map": (lambda: wright_map(WrightMap((), (), (), ())), "nothing to draw"),
    "no residuals": (lambda: residual_map(ResidualMap((), (), ())), "nothing to draw"),
    "no means": (lambda: instrument_map(InstrumentMap((), (), (), (1, 5))), "nothing to draw"),
    "no profile": (lambda: profile(a_profile(0)), "nothing to draw"),
    "no strips": (lambda: sensitivity(Sensitivity((), ())), "nothing to draw"),
    "no design": (lambda: Design((), ()), "one group at least"),
    "no study": (lambda: DecisionStudy((), (), 0.7, NONE), "must ascend"),
    "two spokes": (lambda: radar(a_profile(2)), "2 competencies make no radar"),
    "chances": (lambda: RankChances(("a",), ((0.9,),)), "chances of a are no distribution"),
    "a row short": (lambda: ResidualMap(("a", "b"), ("A",), ((0.0,),)), "1 rows, and names for 2"),
    "a column short": (
        lambda: InstrumentMap(("a",), ("X", "Y"), ((1.0,),), (1, 5)),
        "a has 1 values for 2 columns",
    ),
    "a curve short": (
        lambda: DecisionStudy((1, 2), (Curve("Phi", (0.1,)),), 0.7, 2),
        "Phi has 1 values for 2 numbers",
    ),
    "a winner unknown": (
        lambda: Sensitivity((Strip("x", 0.5, (Stretch(0, 1, "A"),)),), ()),
        "A wins in x but has no row",
    ),
    "a stretch missing": (
        lambda: Sensitivity(
            (Strip("x", 0.5, (Stretch(0, 0.9, "A"),)),), (Acceptability("A", 1.0),)
        ),
        "stretches of x must follow on",
    ),
    "in two groups": (
        lambda: Design((Group(("a",), ("A",)), Group(("a",), ("B",))), ()),
        "stands in two groups",
    ),
    "a link across": (
        lambda: Design((Group(("a",), ("A",)), Group(("b",), ("B",))), (Link("a", "B", 1),)),
        "a and B are linked, but not in one group",
    ),
    "no number": (lambda: weights((Weighted("one", 0.5, float("nan")),)), "no number to draw"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drawn_is_refused_with_a_reason(case: str) -> None:
    make, reason = REFUSED[case]
    with pytest.raises(ValueError, match=reason):
        make()
