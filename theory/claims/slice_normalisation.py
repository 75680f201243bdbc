"""Filter-normalised slices: which rescalings of the weights leave them unchanged, and which do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from math import isqrt
from typing import Any

import numpy as np

from theory.arithmetic import ball, flint, precision, rational
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.errors import Undecided

Blocks = list[tuple[int, list[int]]]  # (layer, positions of its parameters in theta)
Normalisation = Callable[[np.ndarray, np.ndarray, Blocks], np.ndarray]

NUMBERS = ((1, 2, -1, 3, 1, -2, 2), (2, -1, 1, 1, -2, 3, 3), (-3, 1, 2, 2, 1, -1, 1))
PLACES = ((0, 0), (1, 0), (0, 1), (Fraction(1, 2), Fraction(-1, 3)), (-2, Fraction(3, 2)))

# -- normalisations ----------------------------------------------------------------------------------------------------


def root(q: Any) -> Any:
    """The square root of a rational: a rational if it is one, else a ball."""
    p, d = int(q.p), int(q.q)
    return flint().fmpq(isqrt(p), isqrt(d)) if isqrt(p) ** 2 == p and isqrt(d) ** 2 == d else flint().arb(q).sqrt()


def by_blocks(theta: np.ndarray, d: np.ndarray, blocks: Blocks) -> np.ndarray:
    """d_B |theta_B| / |d_B|."""
    return _scaled(d, blocks, lambda B: root(theta[B] @ theta[B] / (d[B] @ d[B])))


def _scaled(d: np.ndarray, blocks: Blocks, factor: Callable[[list[int]], Any]) -> np.ndarray:
    """Each block of d times its factor; what is in no block does not move."""
    out = 0 * d
    for _, B in blocks:
        f = factor(B)
        out[B] = f * (ball(d[B]) if isinstance(f, flint().arb) else d[B])
    return out


def by_layers(theta: np.ndarray, d: np.ndarray, blocks: Blocks) -> np.ndarray:
    layers = {layer: [i for k, B in blocks if k == layer for i in B] for layer, _ in blocks}
    return by_blocks(theta, d, list(layers.items()))


def _as_a_whole(theta: np.ndarray, d: np.ndarray, blocks: Blocks) -> np.ndarray:
    return by_blocks(theta, d, [(0, [i for _, B in blocks for i in B])])


FALSE_NORMALISATIONS: dict[str, Normalisation] = {
    "not normalised": lambda theta, d, blocks: _scaled(d, blocks, lambda B: 1),
    "the whole direction as long as the weights": _as_a_whole,
    "filters of norm one": lambda theta, d, blocks: _scaled(d, blocks, lambda B: 1 / root(d[B] @ d[B])),
    "squared norms": lambda theta, d, blocks: _scaled(d, blocks, lambda B: theta[B] @ theta[B] / (d[B] @ d[B])),
}


def mirrored(theta: np.ndarray, blocks: Blocks, numbers: tuple) -> np.ndarray:
    """A direction whose blocks are reflections of those of theta, times numbers, so that all ratios are rational."""
    d, values = 0 * theta, rational(np.resize(np.array(numbers, object), len(theta) + len(blocks)))
    for k, (_, B) in enumerate(blocks):
        v = values[B]
        reflected = theta[B] - 2 * (v @ theta[B]) / (v @ v) * v
        d[B] = values[len(theta) + k] * (reflected if theta[B] @ theta[B] != 0 else v)
    return d


def same_slices(
    loss: Callable[[np.ndarray], Any], theta: np.ndarray, D: np.ndarray, raw: Any, blocks: Blocks, law: Normalisation
) -> Verdict:
    """The losses of theta + s d + t e and of D theta + s d' + t e', the directions normalised by the law at each."""
    with precision(128):
        try:
            surfaces = [_surface(loss, at, [law(at, d, blocks) for d in raw]) for at in (theta, D * theta)]
        except Undecided:
            return verdict(None, "certified", "the sign of a neuron's input is open")
        pairs = list(zip(*surfaces, strict=True))
        exact = not any(isinstance(p, flint().arb) for p in surfaces[0] + surfaces[1])
        if exact:
            return verdict(
                all(p == q for p, q in pairs), detail=f"losses at {len(PLACES)} points of both planes, exactly"
            )
        apart = any((p is None) is not (q is None) for p, q in pairs) or any(
            not ball([p])[0].overlaps(ball([q])[0]) for p, q in pairs if p is not None
        )
        return verdict(False if apart else None, "certified", "losses of the two planes")


def _surface(loss: Callable[[np.ndarray], Any], theta: np.ndarray, directions: list[np.ndarray]) -> list[Any]:
    d, e = directions
    if any(isinstance(x, flint().arb) for x in (*d, *e)):
        theta, d, e = ball(theta), ball(d), ball(e)
    numbers = ball if isinstance(theta[0], flint().arb) else rational
    return [loss(theta + s * d + t * e) for s, t in map(numbers, PLACES)]


# -- ReLU nets ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rescaling(Case):
    """A net on samples with squared loss, two raw directions, and a rescaling of its hidden units.

    Attributes
    ----------
    activation : "relu", "leaky" (slope 1/2 on the left), or "square", which is not homogeneous of degree one.
    layers : (W, b) of each layer, rows of W are filters; b = () without biases.
    X, y : samples as columns, one output.
    factors : of the units of each hidden layer: what enters unit i is multiplied by s_i, what leaves it divided.
    biases : "own": the biases of a layer are a block; "filter": each belongs to its filter; "zero": they do not move.
    by : "filter" or "layer": what a block of weights is.
    numbers : of the two raw directions, see ``mirrored``.
    """

    activation: str
    layers: tuple
    X: Matrix
    y: tuple
    factors: tuple
    biases: str
    by: str
    numbers: tuple

    def flat(self) -> tuple[np.ndarray, np.ndarray, Blocks]:
        """The weights, the factor of each, and the blocks."""
        theta: list[Any] = []
        D: list[Any] = []
        blocks: Blocks = []
        scales = [(1,) * len(self.X), *self.factors, (1,)]
        for k, ((W, b), (before, after)) in enumerate(zip(self.layers, pairwise(scales), strict=True)):
            start, rows = len(theta), len(W)
            filters = [list(range(start + i * len(before), start + (i + 1) * len(before))) for i in range(rows)]
            own = list(range(start + rows * len(before), start + rows * len(before) + len(b)))
            if self.biases == "filter" and b:
                filters = [[*f, i] for f, i in zip(filters, own, strict=True)]
            blocks += [(k, f) for f in (filters if self.by == "filter" else [list(chain(*filters))])]
            blocks += [(k, own)] if b and self.biases == "own" else []
            theta += [w for row in W for w in row] + list(b)
            D += [Fraction(s) / p for s in after for p in before] + list(after)[: len(b)]
        return rational(theta), rational(D), blocks

    def loss(self, theta: np.ndarray) -> Any:
        """(1/m) sum of squares, sample by sample."""
        total, kind = 0 * theta[0], type(theta[0])
        for *x, target in zip(*self.X, self.y, strict=True):
            u, start = [kind(flint().fmpq(v)) for v in x], 0
            for k, (W, b) in enumerate(self.layers):
                rows, stop = len(W), start + len(W) * len(u)
                z = theta[start:stop].reshape(rows, -1) @ np.array(u, object)
                z, start = z + theta[stop : stop + len(b)] if b else z, stop + len(b)
                u = [self.activated(v) for v in z] if k < len(self.layers) - 1 else list(z)
            total += (u[0] - target) ** 2
        return total / len(self.y)

    def activated(self, v: Any) -> Any:
        """The activation of one number."""
        if self.activation == "square":
            return v * v
        return v if positive(v) else v / 2 if self.activation == "leaky" else 0 * v


def positive(v: Any) -> bool:
    """v > 0, decided.

    Raises
    ------
    Undecided
        For a ball with 0 inside.
    """
    if not v > 0 and not v <= 0:
        raise Undecided("positive: needs a sign, got a ball around 0")
    return bool(v > 0)


def rescalings() -> Any:
    """Two or three layers, up to three units, with and without biases; blocks and factors of all admitted kinds."""
    few = (0, 1, -1, 2, -2, 3)

    def build(choose: Choose) -> Rescaling:
        widths = (choose((1, 2)), *(choose((1, 2, 3)) for _ in range(choose((1, 2)))), 1)
        biases = choose(("own", "zero", "filter"))
        layers = tuple(
            (
                tuple(tuple(choose(few) for _ in range(p)) for _ in range(q)),
                tuple(choose(few) for _ in range(q))
                if choose((True, False)) and (k == 0 or biases != "filter")
                else (),
            )
            for k, (p, q) in enumerate(pairwise(widths))
        )
        m = choose((1, 2, 3))
        X = tuple(tuple(choose(few) for _ in range(m)) for _ in range(widths[0]))
        factors = tuple((choose((2, 3, Fraction(1, 2), Fraction(3, 2))),) * q for q in widths[1:-1])
        return Rescaling(
            choose(("relu", "relu", "leaky")), layers, X, tuple(choose(few) for _ in range(m)), factors,
            biases, choose(("filter", "filter", "layer")), choose(NUMBERS),
        )  # fmt: skip

    return chosen(build)


def _check_rescaling(case: Rescaling, law: Normalisation) -> Verdict:
    theta, D, blocks = case.flat()
    raw = [mirrored(theta, blocks, n) for n in (case.numbers, case.numbers[::-1])]
    return same_slices(case.loss, theta, D, raw, blocks, law)


def _relu(
    factors: tuple, activation: str = "relu", biases: str = "own", b: tuple = (), by: str = "filter", c: tuple = ()
) -> Rescaling:
    """Two inputs, two hidden units, one output."""
    layers = ((((1, 2), (3, -1)), b), (((2, 1),), c))
    numbers = (1, 2, 1, -1, 3, 1, 2, 1, 1, 2, -1, 3)
    return Rescaling(activation, layers, ((1, 2), (1, -1)), (1, 2), factors, biases, by, numbers)


LAYERWISE = Claim(
    id="slices.layerwise_rescaling",
    title="Filter-normalised slices are unchanged by layer-wise rescaling of a ReLU net",
    statement=r"Let a net have (leaky) ReLU units and let $W_l \to s_lW_l$, $b_l \to s_1 \cdots s_lb_l$, $s_l > 0$, "
    r"$s_1 \cdots s_L = 1$. For all raw directions $d$, $e$ without a zero block the slice $(s, t) \mapsto L(\theta + "
    r"s\hat d + t\hat e)$, $\hat d_B = d_B|\theta_B|/|d_B|$ on each block $B$, has the same values at the new "
    "weights, if blocks are the filters (rows of $W_l$), or the matrices $W_l$, and the biases of a layer a block of "
    "their own, or fixed.",
    source="lerique2018, Filter-wise normalisation; own derivation",
    case_type=Rescaling,
    cases=rescalings,
    law=by_blocks,
    check=_check_rescaling,
    proof=r"The rescaling is a diagonal map $D > 0$ with $L(D\theta) = L(\theta)$ for all $\theta$, constant on each "
    r"block, so that $|(D\theta)_B| = D_B|\theta_B|$: the direction at $D\theta$ is $D\hat d$, and "
    r"$L(D\theta + sD\hat d + tD\hat e) = L(D(\theta + s\hat d + t\hat e)) = L(\theta + s\hat d + t\hat e)$.",
    hypotheses=(
        Hypothesis("layer-wise", "all units of a layer have the same factor", lambda c: all(
            len(set(s)) == 1 for s in c.factors)),
        Hypothesis("positive", "factors are positive", lambda c: all(x > 0 for s in c.factors for x in s)),
        Hypothesis("homogeneous", r"$\sigma(su) = s\sigma(u)$ for $s > 0$", lambda c: c.activation != "square"),
        Hypothesis("bias blocks", "after the first layer no bias is in a block with weights", lambda c: (
            c.biases != "filter" or not any(b for _, b in c.layers[1:]))),
    ),
    counterexamples=(
        Counterexample("layer-wise", _relu(((2, 1),)), "neuron by neuron: the same function, another slice"),
        Counterexample("positive", _relu(((-1, -1),)), "the other side of the kink"),
        Counterexample("homogeneous", _relu(((2, 2),), "square"), "another function"),
        Counterexample("bias blocks", _relu(((2, 2),), biases="filter", b=(1, 1), c=(1,)),
            "the weights of the output are halved, its bias is not, and both are one block"),
    ),
    false_laws=FALSE_NORMALISATIONS,
    examples=(
        _relu(((2, 2),)),
        _relu(((2, 2),), b=(1, -1), c=(1,)),
        _relu(((2, 2),), biases="filter", b=(1, -1)),
        _relu(((3, 3),), biases="zero", b=(1, -1), c=(1,)),
        _relu(((3, 3),), "leaky", b=(1, 0), c=(2,), by="layer"),
        Rescaling("relu", ((((0,), (2,)), ()), (((1, 1),), ())), ((1, -1),), (1, 0), ((2, 2),), "own", "filter",
            (1, 2, 1, 1, -1, 2)),
    ),
    exercises=("slices.filter-direction",),
    deviations="The slide names a scaling problem and this normalisation; it does not say which rescalings it answers. "
    "Rescaling unit by unit is not among them.",
)  # fmt: skip

CLAIMS = (LAYERWISE,)
