"""Evaluates the quantities of a group with pdist."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cases import Group

# A quantity's name in the references -> the method of a pdist distribution.
METHODS = {
    "cdf": "cdf",
    "sf": "survival_function",
    "log_cdf": "log_cdf",
    "log_sf": "log_survival_function",
    "icdf": "icdf",
    "responsibilities": "responsibilities",
}
ATTRIBUTES = ("entropy", "mean", "variance")
DISCRETE = (
    ("Bernoulli", "Categorical", "OneHotCategorical", "Poisson", "Binomial", "NegativeBinomial", "Geometric")
    + ("BetaBinomial", "DiscreteUniform", "Skellam", "Zipf", "ZeroInflatedPoisson")
    + ("Multinomial", "DirichletMultinomial")
)  # fmt: skip


class Library:
    """pdist on one device, in one precision."""

    def __init__(self, dtype: str, device: str = "cpu") -> None:
        import pdist
        import pdist.distributions
        import pdist.functions

        self.pdist = pdist
        self.dtype = np.dtype(dtype)
        self.on_gpu = device == "cuda"

    def answer(self, group: Group, question: str) -> tuple[dict[str, np.ndarray], str]:
        """Evaluates a quantity for all cases at once or, if that raises, one by one.

        Returns:
            Quantity to results, shaped like the true values, and a remark, empty if all went well. A case
            that raised is NaN throughout; a quantity without any result is left out.
        """
        shapes = {name: group.truths[name][0].shape for name in group.questions()[question]}
        try:
            answers = self._ask(group, question)
            return {
                name: answers[name].reshape(shape) for name, shape in shapes.items() if name in answers
            }, ""
        except Exception as error:  # whatever the library under test raises is a finding, not our failure
            remark = _first_line(error)
        out = {name: np.full(shape, np.nan) for name, shape in shapes.items()}
        raised = 0
        for i in range(group.size):
            try:
                answers = self._ask(group.part(i), question)
                for name in out.keys() & answers.keys():
                    out[name][i] = answers[name].reshape(shapes[name][1:])
            except Exception as error:
                raised, remark = raised + 1, _first_line(error)
        if raised == group.size:
            return {}, f"raised: {remark}"
        return out, f"{raised} of {group.size} cases raised, or all together did: {remark}"

    def _ask(self, group: Group, question: str) -> dict[str, np.ndarray]:
        inputs = {name: self._array(group, name, array) for name, array in group.inputs.items()}
        if question == "kl":
            return self._with_gradients(self._kl, question, group, inputs)
        if question == "log_prob":
            return self._with_gradients(self._log_prob, question, group, inputs)
        # A kind is named after the input other than parameters: Bernoulli's p is one, a quantile's p is not.
        dist = self._make(
            group.distribution, {name: array for name, array in inputs.items() if name != group.kind}
        )
        if question in ATTRIBUTES:
            return {question: self._host(getattr(dist, question))}
        return {question: self._host(getattr(dist, METHODS[question])(inputs[group.kind]))}

    def _log_prob(self, group: Group, inputs: dict[str, Any]) -> Any:
        parameters = {name: value for name, value in inputs.items() if name != "x"}
        return self._make(group.distribution, parameters).log_prob(inputs["x"])

    def _kl(self, group: Group, inputs: dict[str, Any]) -> Any:
        """Of a pair within a distribution, or of the two that ``P-Q`` names."""
        first, _, second = group.distribution.partition("-")
        p, q = ({n[2:]: v for n, v in inputs.items() if n.startswith(side)} for side in ("p.", "q."))
        return self.pdist.kl_divergence(self._make(first, p), self._make(second or first, q))

    def _with_gradients(
        self, f: Any, question: str, group: Group, inputs: dict[str, Any]
    ) -> dict[str, np.ndarray]:
        """The value of ``f`` and the gradients of its sum in every input that is not a discrete value."""
        leaves = {
            name: array if name == "x" and group.distribution in DISCRETE else self.pdist.Variable(array)
            for name, array in inputs.items()
        }
        value = f(group, leaves)
        self.pdist.functions.sum(value).backward()
        answers = {question: self._host(value)}
        for name, leaf in leaves.items():
            if isinstance(leaf, self.pdist.Variable):
                # An input without a gradient is one that nothing depends on.
                grad = leaf.grad if leaf.grad is not None else np.zeros(leaf.shape, self.dtype)
                answers["d_" + name] = self._host(grad)
        return answers

    def _make(self, name: str, parameters: dict[str, Any]) -> Any:
        D = self.pdist.distributions
        if name == "MixtureNormal":
            weights = D.Categorical(logit=parameters["logit"])
            return D.MixtureSameFamily(weights, D.Normal(loc=parameters["loc"], scale=parameters["scale"]))
        if name == "Independent":
            return D.Independent(D.Normal(**parameters), 1)
        if name == "LKJCholesky":  # the same number of rows for all of a group
            return D.LKJCholesky(int(self._host(parameters["dim"])[0]), parameters["concentration"])
        return getattr(D, name)(**parameters)

    def _array(self, group: Group, name: str, array: np.ndarray) -> Any:
        labels = group.distribution == "Categorical" and name == "x"
        array = array.astype(np.int32 if labels else self.dtype)
        return self.pdist.to_gpu(array) if self.on_gpu else array

    def _host(self, value: Any) -> np.ndarray:
        array = self.pdist.to_cpu(getattr(value, "array", value))
        if array.dtype != self.dtype:
            raise TypeError(f"the result is {array.dtype}; expected {self.dtype}")
        return array.astype(np.float64)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
