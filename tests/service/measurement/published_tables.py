"""Ratings that were published with their answers, which several tests compute again."""

from collections.abc import Mapping, Sequence

from service.measurement.ratings import Rating, Ratings, Scale

Table = Sequence[Sequence[int | None]]

# Shrout and Fleiss, Intraclass correlations, Psychological Bulletin 86 (1979), table 2:
# six targets by four judges.
SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]

# Krippendorff, Computing Krippendorff's alpha-reliability (2011), part C: four observers,
# twelve units.
KRIPPENDORFF = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]

# Guilford, Psychometric Methods (1954), page 282: seven junior scientists by five traits.
JUNIORS = ("Anne", "Betty", "Chris", "David", "Edward", "Fred", "George")
TRAITS = ("Attack", "Basis", "Clarity", "Daring", "Enthusiasm")
GUILFORD = {
    "Avogadro": ["55353", "97585", "33371", "73133", "97785", "35351", "77555"],
    "Brahe": ["65463", "87572", "45366", "56455", "24323", "44642", "33554"],
    "Cavendish": ["55573", "77575", "35555", "53331", "97777", "33353", "77757"],
}

# Gleser, Cronbach and Rajaratnam, Psychometrika 30 (1965), table 3: twelve patients, and of
# each six symptoms the values of judge 1 and judge 2.
GLESER = [
    "002120211112",
    "002120122121",
    "001133212112",
    "202122212141",
    "001220233333",
    "202120413331",
    "013131342223",
    "000143342333",
    "122136132321",
    "012433223531",
    "342232453355",
    "112444334666",
]


# Brennan, Generalizability Theory (2001), table 3.1, synthetic data set 3: ten persons, and of
# each four items on the first occasion and on the second.
BRENNAN_3 = """
2675 2555  4567 6757  5546 5455  5986 5776  4356 4564
4447 6478  2665 2775  3445 6664  0545 5553  6876 6886
"""

# Table 3.2, synthetic data set 4: ten persons, and three tasks with four raters each.
BRENNAN_4 = """
565553456733 937775557752 343353356516 755331435335 929777372753
343533634512 737775575554 585775543211 998866655811 444335655711
"""


def a_table(table: Table, scale: Scale) -> Ratings:
    """Ratings from a row for each candidate and a column for each assessor."""
    return Ratings.of(
        [
            Rating(f"c{row:03}", f"a{column:02}", value)
            for row, line in enumerate(table)
            for column, value in enumerate(line)
        ],
        scale,
    )


def krippendorff() -> list[list[int | None]]:
    """A row for each unit, a column for each observer."""
    rows = [[None if one == "." else int(one) for one in row] for row in KRIPPENDORFF]
    return [list(unit) for unit in zip(*rows, strict=True)]


def guilford(judges: Mapping[str, Sequence[str]] = GUILFORD) -> Ratings:
    """The 105 ratings of Guilford's judges."""
    cells = [
        Rating(junior, judge, int(value), trait)
        for judge, rows in judges.items()
        for junior, row in zip(JUNIORS, rows, strict=True)
        for trait, value in zip(TRAITS, row, strict=True)
    ]
    return Ratings.of(cells, Scale(1, 9))


def gleser() -> Ratings:
    """The 144 ratings of Gleser, Cronbach and Rajaratnam."""
    cells = [
        Rating(f"p{patient:02}", f"j{place % 2}", int(value), f"s{place // 2}")
        for patient, row in enumerate(GLESER)
        for place, value in enumerate(row)
    ]
    return Ratings.of(cells, Scale(0, 6))


def brennan_3() -> Ratings:
    """Persons by items, as competencies, by occasions, as assessors."""
    rows = BRENNAN_3.split()
    cells = [
        Rating(f"p{person:02}", f"o{occasion}", int(value), f"i{item}")
        for person in range(10)
        for occasion in range(2)
        for item, value in enumerate(rows[2 * person + occasion])
    ]
    return Ratings.of(cells, Scale(0, 9))


def brennan_4(*, with_tasks: bool = True) -> Ratings:
    """Persons by raters, each of whom saw one task; without tasks just by twelve raters."""
    cells = [
        Rating(f"p{person:02}", f"r{rater:02}", int(value))._replace(
            instrument=f"t{rater // 4}" if with_tasks else "all"
        )
        for person, row in enumerate(BRENNAN_4.split())
        for rater, value in enumerate(row)
    ]
    return Ratings.of(cells, Scale(1, 9))
