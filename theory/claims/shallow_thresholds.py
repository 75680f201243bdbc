"""Where the threshold of shallow_paths.descending lies: how many features there are, and what happens below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

import numpy as np

from theory.activations import Activation
from theory.arithmetic import arithmetic_of, is_zero, rational, sign
from theory.calculus.exact_linalg import rank
from theory.claims import literal_nets as literal
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.linear_data import chosen
from theory.claims.literal_nets import DEGREES, Net
from theory.claims.shallow_paths import DESCENT, random_net
from theory.claims.sign_orthants import least_in_orthant, leaving_cost, signs_of, trapped
from theory.models.shallow_net import ShallowNet
from theory.topology.one_hidden_layer import OneHiddenLayer
from theory.topology.paths import descending_path

# -- how many features there are -------------------------------------------------------------------------------------


def _check_dimension(case: Net, law: Callable[[Net], int]) -> Verdict:
    """D+ as the rank of many features, against the law, and against the dimension that the paths use."""
    dimension = literal.dimension(case)
    uses = OneHiddenLayer(case.net()).dimension == dimension
    return verdict(bool(uses and dimension == law(case)), detail="exact rank of many features")


def _dimension(case: Net) -> int:
    """Distinct inputs; for a polynomial of degree r the rank of x^0, ..., x^r on the line, and of products beyond."""
    if case.activation not in DEGREES:
        return case.distinct
    r = DEGREES[case.activation]
    powers = [(i, j) for i in range(r + 1) for j in range(r + 1 - i) if len(case.X) == 2 or j == 0]
    return rank(rational([[Fraction(x[0]) ** i * Fraction(x[-1]) ** j for x in case.samples] for i, j in powers]))


_TWO = Net("relu", 2, ((0, 1, 2, 3),), (0, 3, 1, 1), (1, 1, 0, -1, Fraction(8, 3), Fraction(-11, 3), 0))
_REPEATED = Net("relu", 2, ((1, 1),), (0, 1), (1, 1, 0, 0, 1, 1, 0))

DIMENSION = Claim(
    id="shallow_paths.feature_dimension",
    title="How many independent features a sample has",
    statement=r"$D_+ = \dim\mathrm{span}\{1, (\sigma(w \cdot x_i + b))_i\}$ is the number of distinct inputs for ReLU, "
    r"steps and $1_{z = 0}$; for a polynomial $\sigma$ of degree $r \ge 1$ it is the dimension of the polynomials of "
    r"degree at most $r$ on the inputs, at most $\binom{d_0 + r}{r}$ for any $m$.",
    source="own derivation",
    case_type=Net,
    cases=lambda: chosen(lambda choose: random_net(choose, 0)),
    law=_dimension,
    check=_check_dimension,
    false_laws={
        "one for each sample": lambda case: len(case.y),
        "the number of distinct inputs also for polynomials": lambda case: case.distinct,
        "the number of monomials": lambda case: comb(len(case.X) + DEGREES.get(case.activation, 9), len(case.X)),
    },
    examples=(_REPEATED, Net("square", 1, ((0, 1, 2, -1),), (0, 0, 0, 0), (1, 0, 1, 0))),
)

REPEATED = erratum(
    "shallow_paths.repeated_inputs",
    "With repeated inputs the feature matrix cannot have rank m",
    statement=r"Printed: the span of all $(\sigma(w^T x_i + b))_{i=1}^m$ is not contained in a subspace of dimension "
    r"$m - 1$, for any sample.",
    source="petersenzech2024, Proposition 12.4 (proof, case 2, Theorem 9.3)",
    corrects=DIMENSION,
    printed=lambda case: len(case.y),
    witness=_REPEATED,
    hypotheses=(
        Hypothesis("not a polynomial", r"$\sigma$ is not a polynomial", lambda case: case.activation not in DEGREES),
        Hypothesis("wide", r"$m \le d_1$", lambda case: len(case.y) <= case.width),
    ),
    deviations="For x = (1, 1), y = (0, 1) every feature matrix has rank at most 1. The theorem used needs distinct "
    "inputs; Proposition 12.4 itself stays true (shallow_paths.descending).",
)

# -- neurons, not parameters -----------------------------------------------------------------------------------------

PARAMETERS = erratum(
    "shallow_paths.parameters_are_not_neurons",
    "As many hidden parameters as samples are not enough",
    statement=r"Printed: spurious minima do not exist for nets that have at least as many parameters in the hidden "
    r"layer as there are training samples. Read of valleys, for which the proof is meant.",
    source="petersenzech2024, section 12.2 (before Proposition 12.4)",
    corrects=DESCENT,
    printed=DESCENT.law,
    witness=_TWO,
    hypotheses=(
        Hypothesis("parameters", "$m \\le d_1(d_0 + 1)$", lambda case: len(case.y) <= case.width * (len(case.X) + 1)),
        Hypothesis("distinct inputs", "$x_i \\ne x_j$", lambda case: case.distinct == len(case.y)),
    ),
    deviations="Two neurons have four hidden parameters. For x = (0, 1, 2, 3), y = (0, 3, 1, 1) the net 8/3 relu(x) - "
    "11/3 relu(x - 1) with loss 1/6 lies in a spurious valley: leaving its sign orthant costs 25/22. "
    "It must be neurons.",
)

# -- one neuron fewer than that --------------------------------------------------------------------------------------


def _check_floor(case: Net, law: Callable[[int], tuple]) -> Verdict:
    """Width D+ - 2; theta has the least loss of its orthant; leaving costs more, and another orthant has less."""
    x, y, signs = case.X[0], case.y, signs_of(case)
    if signs is None or case.width != literal.dimension(case) - 2:
        return verdict(False, detail="no net of width D+ - 2 inside an orthant")
    found = least_in_orthant(x, y, signs), leaving_cost(x, y, signs)
    floor = literal.loss(case, case.theta) == found[0]
    return verdict(bool(floor and trapped(case) and found == law(case.width)), detail="convex quadratics on all cells")


_ONE = Net("relu", 1, ((-1, 0, 1),), (0, 3, 1), (1, 2, Fraction(1, 2), Fraction(1, 3)))
_FLOORS = {1: (Fraction(25, 18), Fraction(14, 9)), 2: (Fraction(1, 6), Fraction(25, 22))}

SHARP = Claim(
    id="shallow_paths.sharp_widths",
    title="One neuron below the threshold there are spurious valleys",
    statement=r"With $d_1 = D_+ - 2$ ReLU neurons on the line spurious valleys exist. One neuron, $x = (-1, 0, 1)$, $y "
    r"= (0, 3, 1)$: floor $25/18$, and leaving the valley costs at least $14/9$. Two neurons, $x = (0, 1, 2, 3)$, $y = "
    r"(0, 3, 1, 1)$: floor $1/6$ at $\frac83\mathrm{relu}(x) - \frac{11}3\mathrm{relu}(x - 1)$, and leaving costs at "
    r"least $25/22$, while two other neurons do better.",
    source="own derivation",
    case_type=Net,
    cases=(_ONE, _TWO),
    law=_FLOORS.get,
    check=_check_floor,
    false_laws={
        "the two neurons can leave at a lower level": {1: _FLOORS[1], 2: (Fraction(1, 6), Fraction(1))}.get,
        "the one neuron sits lower": {1: (Fraction(2, 3), Fraction(14, 9)), 2: _FLOORS[2]}.get,
        "leaving costs as much as the constants": {1: _FLOORS[1], 2: (Fraction(1, 6), Fraction(19, 16))}.get,
    },
    uses=("shallow_paths.descending",),
    deviations="25/22 is a lower bound of the way out, from nets with one neuron fewer; the height itself is open.",
)

# -- on the bounded parameter set --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cube(Case):
    """sigma(s) = 1 + |s - 1|, one neuron, one sample x = 1, y = 2B^2 + 3B, all weights in [-B, B]."""

    B: Any


def _kink(u: np.ndarray, order: int = 0) -> tuple[np.ndarray, ...]:
    e = u - arithmetic_of(u).fraction(1)
    side = arithmetic_of(u).indicator(sign(e) > 0) - arithmetic_of(u).indicator(sign(e) < 0)
    return (e * side + arithmetic_of(u).fraction(1), side, 0 * u)[: order + 1]


def _check_cube(case: Cube, law: Callable[[Any, Any, Any], bool]) -> Verdict:
    """Start w = b = a = c = B; the minimum, of loss 0, has w = b = -B: every path crosses w + b = 1."""
    B = Fraction(case.B)
    y = 2 * B * B + 3 * B

    def sigma(s: Fraction) -> Fraction:
        return 1 + abs(s - 1)

    corners = [a * sigma(Fraction(1)) + c for a, c in product((-B, B), repeat=2)]
    height = min((f - y) ** 2 for f in corners) if max(corners) < y else None
    walk = [(B * sigma(2 * B * Fraction(i, 32)) + B - y) ** 2 for i in range(32, -33, -1)] + [(2 * B - y) ** 2]
    apart = sigma(-2 * B) == (y - B) / B > sigma(2 * B) and 2 * B >= 1 > -2 * B
    net = ShallowNet(1, [[1]], [y], Activation("kink", _kink, smooth=False, analytic=False))
    free = descending_path(net, [B, B, B, B])
    unbounded = free.falls is True and bool(is_zero(free.losses([len(free)])).all())
    good = apart and unbounded and height == max(walk) and law(height, walk[0], B)
    return verdict(bool(good), detail="corners of the cube at the crossing, and a path that attains the bound, exactly")


BOUNDED = Claim(
    id="shallow_paths.bounded_weights",
    title="On the bounded parameter set a wide net can have a spurious valley",
    statement=r"On $\mathcal{PN}(\mathcal A, B)$ with $B > \frac12$, $\mathcal A = (1, 1, 1)$, $m = 1$, $\sigma(s) = 1 "
    r"+ |s - 1|$, $x = 1$, $y = 2B^2 + 3B$: from $w = b = a = c = B$, where the loss is $4B^2$, every path to a global "
    r"minimum, which has $w = b = -B$ and loss $0$, reaches the loss $(2B^2 + B)^2 > 4B^2$, and some path no more. For "
    r"$B = 1$: $9 > 4$. Without the bound a path of non-increasing loss exists.",
    source="own derivation",
    case_type=Cube,
    cases=(Cube(1), Cube(2), Cube(Fraction(3, 4)), Cube(5), Cube(Fraction(2, 3))),
    law=lambda height, start, B: height == (2 * B * B + B) ** 2 and height > start == 4 * B * B,
    check=_check_cube,
    hypotheses=(Hypothesis("large cube", r"$B > \frac12$", lambda case: Fraction(1, 2) < case.B),),
    counterexamples=(Counterexample("large cube", Cube(Fraction(1, 2)), "the start lies on the crossing w + b = 1"),),
    false_laws={
        "no barrier": lambda height, start, B: height <= start,
        "the best constant is the barrier": lambda height, start, B: height == (2 * B * B + 2 * B) ** 2,
    },
    uses=("shallow_paths.descending",),
    deviations="Proposition 12.4 is stated for unbounded weights; Definition 12.1 introduces the cube [-B, B]^n.",
)

CLAIMS = (DIMENSION, REPEATED, PARAMETERS, SHARP, BOUNDED)
