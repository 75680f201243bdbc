"""Filter-normalised slices of a layer with batch normalisation: invariant filter by filter, as long as eps = 0."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.slice_normalisation import (
    FALSE_NORMALISATIONS,
    Blocks,
    Normalisation,
    by_blocks,
    by_layers,
    mirrored,
    positive,
    same_slices,
)


@dataclass(frozen=True)
class BatchNorm(Case):
    """Filters, batch normalisation, squared ReLU, a linear output: f = a . relu(gamma (Wx - mean) / sqrt(var + eps))^2.

    With the square, of ReLU after the normalisation, all values are rational. Mean and variance are those of the
    samples at hand. The parameters are W, gamma and a; blocks are the filters (rows of W), gamma, a.

    Attributes
    ----------
    W, gamma, a : filters as rows, gains and output weights of the units.
    X, y : samples as columns, targets.
    eps : what is added to the variance.
    factors : s_i: the rescaling W_i -> s_i W_i.
    numbers : of the raw directions, see ``mirrored``.
    """

    W: Matrix
    gamma: tuple
    a: tuple
    X: Matrix
    y: tuple
    eps: Any
    factors: tuple
    numbers: tuple

    def loss(self, theta: np.ndarray) -> Any:
        """(1/m) sum of squares; None where a variance vanishes and eps = 0."""
        k, d, m = len(self.W), len(self.X), len(self.y)
        kind = type(theta[0])
        X, eps = (np.array([kind(v) for v in rational(a).ravel()], object) for a in (self.X, [self.eps]))
        outputs = [0 * theta[0]] * m
        for i in range(k):
            z = [sum(theta[i * d + j] * X[j * m + n] for j in range(d)) for n in range(m)]
            mean = sum(z) / m
            spread = sum((v - mean) ** 2 for v in z) / m + eps[0]
            if spread == 0:
                return None
            gain = theta[k * d + i]
            for n, v in enumerate(z):
                if positive(gain * (v - mean)):
                    outputs[n] += theta[k * d + k + i] * (gain * (v - mean)) ** 2 / spread
        return sum((f - target) ** 2 for f, target in zip(outputs, self.y, strict=True)) / m


def batch_norms() -> Any:
    """One or two inputs, one to three filters, three samples on which no such filter is constant."""
    few, nonzero = (0, 1, -1, 2, -2, 3), (1, -1, 2, -2, 3)

    def build(choose: Choose) -> BatchNorm:
        d, k, m = choose((1, 2)), choose((1, 2, 2, 3)), 3
        W = tuple((choose(nonzero), *(choose(few) for _ in range(d - 1))) for _ in range(k))
        X = (choose(((0, 1, 3), (-1, 2, 0), (1, 2, 4))), choose(((1, -1, 2), (2, 0, 1))))[:d]
        gamma, a, y = (tuple(choose(v) for _ in range(n)) for v, n in ((nonzero, k), (few, k), (few, m)))
        factors = tuple(choose((1, 2, 3, Fraction(1, 2), Fraction(3, 2))) for _ in range(k))
        return BatchNorm(W, gamma, a, X, y, 0, factors, tuple(choose(nonzero) for _ in range(11)))

    return chosen(build)


def _check(case: BatchNorm, law: Normalisation) -> Verdict:
    k, d = len(case.W), len(case.X)
    theta = rational([*(w for row in case.W for w in row), *case.gamma, *case.a])
    D = rational([*(s for s in case.factors for _ in range(d)), *[1] * (2 * k)])
    blocks: Blocks = [(0, list(range(i * d, (i + 1) * d))) for i in range(k)]
    blocks += [(1, list(range(k * d, k * d + k))), (2, list(range(k * d + k, k * d + 2 * k)))]
    raw = [mirrored(theta, blocks, n) for n in (case.numbers, case.numbers[::-1])]
    return same_slices(case.loss, theta, D, raw, blocks, law)


def _example(factors: tuple, eps: Any = 0) -> BatchNorm:
    W, X = ((1, 2), (2, -1)), ((0, 1, 3), (1, -1, 2))
    return BatchNorm(W, (1, 2), (1, -1), X, (1, 0, 2), eps, factors, (1, 2, 1, -1, 3, 1, 2, 1, 1))


BATCH_NORM = Claim(
    id="slices.batch_norm_rescaling",
    title="With batch normalisation and eps = 0 slices are unchanged by rescaling single filters",
    statement=r"Let the outputs of filters $W_i$ be normalised over the batch to "
    r"$(z - \mathrm{mean}(z))/\sqrt{\mathrm{var}(z) + \epsilon}$ with $\epsilon = 0$. Then $W_i \to s_iW_i$ with any "
    r"factors $s_i > 0$ leaves the network and all its filter-normalised slices unchanged, wherever they are defined.",
    source="lerique2018, Filter-wise normalisation; own derivation",
    case_type=BatchNorm,
    cases=batch_norms,
    law=by_blocks,
    check=_check,
    hypotheses=(
        Hypothesis("eps", r"$\epsilon = 0$", lambda case: case.eps == 0),
        Hypothesis("positive", "$s_i > 0$", lambda case: all(s > 0 for s in case.factors)),
    ),
    counterexamples=(
        Counterexample("eps", _example((3, Fraction(1, 2)), Fraction(1, 100)), "eps = 1/100: the function changes"),
        Counterexample("positive", _example((-1, 1)), "the other half of the samples is active"),
    ),
    false_laws={**FALSE_NORMALISATIONS, "layer by layer": by_layers},
    examples=(_example((3, Fraction(1, 2))), _example((2, 2))),
    uses=("slices.layerwise_rescaling",),
    deviations="Programs have eps > 0, for which the slice changes with the factors.",
)

CLAIMS = (BATCH_NORM,)
