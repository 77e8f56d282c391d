"""Text: how wide it is, where it breaks, and how labels keep off one another."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import get_data_path
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from scipy.optimize import Bounds, LinearConstraint, minimize

from service.measurement.arrays import Floats
from service.measurement.pictures.lettering import clean, width, wrapped
from service.measurement.pictures.spreads import spread
from tests.service.measurement.pictures.gallery import COMPETENCIES, SCRIPTS

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1)


@pytest.mark.parametrize("text", ["Harriet Tubman", "Дмитрий Рождественский", "AVATAR, To. Wa"])
def test_the_width_is_never_less_than_what_the_font_draws(text: str) -> None:
    font = FontProperties(fname=f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf")
    drawn = TextPath((0, 0), text, size=9, prop=font).get_extents().width
    assert drawn <= width(text, 9) <= drawn * 1.1


def test_letters_of_other_scripts_take_room_and_their_marks_none() -> None:
    assert width("欧阳震华", 9) == 4 * 9
    assert width("e\u0301", 9) == width("e", 9)
    assert 0 < width("अनिरुद्ध", 9) <= 8 * 9


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.floats(30, 200))
def test_lines_fit_and_together_are_the_text(parts: list[str], room: float) -> None:
    text = clean(" ".join(parts))
    lines = wrapped(text, room, 9)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width(line, 9) <= room for line in lines)


def test_a_word_too_long_is_broken_evenly_and_never_before_a_mark() -> None:
    first, second = wrapped("Verhandlungsführungskompetenz", 120, 9)
    assert abs(width(first, 9) - width(second, 9)) < 12
    assert not any(line.startswith("\u0301") for line in wrapped("e\u0301" * 40, 30, 9))


def test_what_xml_forbids_and_what_turns_text_round_is_replaced() -> None:
    assert clean("a\x00b\u202ec\n d\ufffe") == "a\ufffdb\ufffdc d\ufffd"
    assert [clean(name) for name in SCRIPTS + COMPETENCIES] == [*SCRIPTS, *COMPETENCIES]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-50, 350), st.floats(1, 30)), max_size=9))
def test_labels_keep_their_order_stay_inside_and_never_overlap(
    labels: list[tuple[float, float]],
) -> None:
    wanted, sizes = [at for at, _ in labels], [size for _, size in labels]
    middles = spread(wanted, sizes, (0.0, 300.0))
    order = np.argsort(wanted, kind="stable")
    ends = [
        (middles[place] - sizes[place] / 2, middles[place] + sizes[place] / 2) for place in order
    ]
    assert all(low >= -1e-6 and high <= 300 + 1e-6 for low, high in ends)
    assert all(a[1] <= b[0] + 1e-6 for a, b in pairwise(ends))


def test_labels_move_as_little_as_a_general_solver_can_make_them() -> None:
    wanted = np.array([10.0, 12.0, 13.0, 60.0, 98.0])
    sizes = np.array([10.0, 14.0, 8.0, 10.0, 12.0])
    least = (sizes[1:] + sizes[:-1]) / 2
    apart = LinearConstraint(np.eye(4, 5, 1) - np.eye(4, 5), least, np.inf)
    inside = Bounds(sizes / 2, 100 - sizes / 2)

    def moved(middles: Floats) -> float:
        return float(((middles - wanted) ** 2).sum())

    found = minimize(moved, wanted, constraints=[apart], bounds=inside, method="SLSQP").x
    assert np.abs(np.array(spread(wanted.tolist(), sizes.tolist(), (0, 100))) - found).max() < 1e-6


def test_labels_that_no_place_is_left_for_are_refused() -> None:
    with pytest.raises(ValueError, match="30 points do not fit into 20"):
        spread([1.0, 2.0], [15.0, 15.0], (0.0, 20.0))
    assert spread([], [], (0.0, 1.0)) == ()
    assert math.isclose(spread([5.0], [2.0], (0.0, 10.0))[0], 5.0)
