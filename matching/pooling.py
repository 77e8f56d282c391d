"""What single mentors are rated beyond their pairs, pooled so that few ratings say little.

Learning takes it into account, so that a mentor whom everybody praises, or who praises everybody,
is not mistaken for what all their pairs have in common. It refuses to let a row's own mentee
speak, and to be kept: no model ranks a person by earlier marks.
"""

from typing import Final

import numpy as np
from scipy.special import logit
from sklearn.preprocessing import TargetEncoder

from matching.arrays import Floats
from matching.evaluations import Labels, plainly_grouped
from matching.outcomes import Outcomes

FOLDS: Final = 5
# A mentor's own ratings count as much as everybody's together from so many on. scikit-learn's
# "auto" would take a single rating for the whole truth, because alone it does not vary.
_AS_MANY: Final = 5.0
_RAREST: Final = 0.01


def mentor_effects(table: Outcomes, *, seed: int) -> Floats:
    """How often each row's mentor leaves content, by the ratings of other mentees.

    Cross-fitted and shrunk target means (Micci-Barreca 2001, as in scikit-learn's
    `TargetEncoder`), in logits.

    Parameters
    ----------
    table : Outcomes
        k rows, all of which will be learnt from.
    seed : int
        Of the folds, which keep each mentee's rows together.

    Returns
    -------
    ndarray of float64, shape (k, 2)
        For the mentee's contentment and for the mentor's; 0 where that side said nothing, and
        everywhere on a side that fewer than two mentees are known of.
    """
    found = np.zeros(table.content.shape)
    for side, content in enumerate(table.content.T):
        said = ~np.isnan(content)
        found[said, side] = _effects(table.mentors[said], table.mentees[said], content[said], seed)
    return found


def _effects(mentors: Labels, mentees: Labels, content: Floats, seed: int) -> Floats:
    folds = min(FOLDS, len(np.unique(mentees)))
    if folds < 2:
        return np.zeros(len(content))
    parts = plainly_grouped(mentees, folds=folds, seed=seed)
    encoder = TargetEncoder(
        target_type="binary", smooth=_AS_MANY, cv=[(part.train, part.test) for part in parts]
    )
    rates = encoder.fit_transform(mentors[:, None], content.astype(np.int64))[:, 0]
    effects: Floats = logit(np.clip(rates, _RAREST, 1.0 - _RAREST))
    return effects
