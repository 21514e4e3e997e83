"""The Categorical distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import Variable, as_variable, promote
from ...backend import library_of
from ...numerics.logits import label_log_probability
from ...numerics.probability import log_probability
from ...numerics.tables import take_class
from ...transforms.supports import Support, labels, non_negative_integer
from ..base.weighted_data import Data
from ..families.lattice import Lattice, all_between
from ..families.logits import Logits

_YES = np.array(True)


class Categorical(Logits, Lattice):
    r"""One of K classes, labelled 0 to K - 1.

    .. math:: P(x) = p_x

    Args:
        p: the probabilities, of shape ``[*batch, K]``; each row sums to one within a few roundings.
        logit: log p up to a constant per row, of that shape, instead of ``p``: real or -inf.

    Values are labels of any dtype; other values have log_prob -inf. Samples and the mode are labels too:
    integers that can be used as indices and as labels of losses. They carry no gradients. If a class has p =
    0, a derivative in p may be infinite; the gradient is then 0.

    Source:
        Bishop, "Pattern Recognition and Machine Learning" (2006), section 2.2.

    >>> import numpy as np
    >>> d = Categorical(p=np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]]))
    >>> d.prob(2).array
    array([0. , 0.5])
    >>> d.log_prob(np.array([[0], [1]])).shape
    (2, 2)
    >>> np.array(["a", "b", "c"])[d.mode.array]
    array(['a', 'c'], dtype='<U1')
    """

    @property
    def support(self) -> Support:
        """The labels."""
        return labels(self.n_classes)

    def _accepts(self, x: Variable) -> Any:
        if x._array.dtype.kind != "f" and all_between(x, 0, self.n_classes - 1):
            return _YES
        return super()._accepts(x)

    def _log_prob(self, x: Variable) -> Variable:
        given, label = self._leading, x.array
        if label.dtype.kind == "f" or library_of(label) is not library_of(given.array):
            x, given = promote("Categorical", ("x", self._plan.given[0]), (x, given))
            label = x.array
        if self.given("logit"):
            return label_log_probability(given, label=label)
        return log_probability(take_class(given, label=label))

    def _log_p_table(self, top: Any = None) -> Variable:
        return self.log_p

    def _p_table(self, top: Any = None) -> Variable:
        return self.p

    def _mode(self) -> Variable:
        return as_variable(self._likeliest())

    def _sample(self, shape: tuple[int, ...], rng: Any) -> Variable:
        return as_variable(self._draw_labels(shape, rng))

    @classmethod
    def _fitted(cls, data: Data) -> dict[str, Any]:
        """The frequencies of the labels up to the greatest in the data."""
        data.require(non_negative_integer.test(np, data.values), "a label, a whole number from 0 on")
        labels = np.arange(data.high.max(initial=0) + 1)
        return {"p": np.stack([data.average(data.values == label) for label in labels], axis=-1)}
