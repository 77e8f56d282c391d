"""What changed between proposals that stand and those of a run.

It compares and judges nothing: whether few changes are better is for the configuration.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Mentees by what became of their proposal, each in order of the ids.

    `kept` have the same mentor again, `moved` another one, and `ended` none, though they
    wait; `gone` do not wait any more; `new` had none before.
    """

    kept: tuple[str, ...]
    moved: tuple[str, ...]
    ended: tuple[str, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]


def difference(
    answers: Mapping[str, str | None], standing: Iterable[tuple[str, str]]
) -> Difference:
    """What became of standing proposals.

    Parameters
    ----------
    answers : mapping of mentee id to mentor id, or None for nobody
        Everybody who waits.
    standing : iterable of (mentee id, mentor id)
    """
    pairs = sorted(set(standing))
    before = {mentee for mentee, _ in pairs}
    kept = {mentee for mentee, mentor in pairs if answers.get(mentee) == mentor}
    gone = before - answers.keys()
    left = before - kept - gone
    ended = {mentee for mentee in left if answers[mentee] is None}
    new = {mentee for mentee, mentor in answers.items() if mentor is not None} - before
    told = (tuple(sorted(some)) for some in (kept, left - ended, ended, gone, new))
    return Difference(*told)
