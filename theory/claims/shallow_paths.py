"""Paths of nets with one hidden layer: no spurious valleys from width D+ - 1 on, connected sublevel sets from D+ on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import pairwise
from typing import Any

from theory.claims import literal_nets as literal
from theory.claims.cases import exact_tuple
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.literal_nets import Net
from theory.claims.sign_orthants import apart, trapped
from theory.topology.paths import connecting_path, descending_path, path_to_constants

ACTIVATIONS = ("relu", "relu", "square", "step", "cube", "identity", "spike")


def entries(choose: Choose, values: Any, size: int) -> tuple:
    """So many entries, chosen from few values."""
    return tuple(choose(values) for _ in range(size))


def random_net(choose: Choose, spare: int, activations: Any = ACTIVATIONS) -> Net:
    """Few samples, repeated often, and a net of width D+ - 1 + ``spare`` or one more; dead and equal neurons abound."""
    d, m = choose((1, 1, 1, 2)), choose((1, 2, 3, 3, 4))
    X = tuple(entries(choose, (0, 1, -1, 2, -2) if d == 1 else (0, 1, -1), m) for _ in range(d))
    case = Net(choose(activations), 1, X, entries(choose, (0, 1, -1, 2, Fraction(1, 2)), m), ())
    k = max(1, literal.dimension(case) - 1 + spare + choose((0, 0, 1)))
    return Net(case.activation, k, X, case.y, random_weights(choose, k, d))


def random_weights(choose: Choose, k: int, d: int) -> tuple:
    """Weights from few values."""
    rows = entries(choose, (0, 1, -1, 2), k * d), entries(choose, (0, -1, 1, Fraction(1, 2)), k)
    return (*rows[0], *rows[1], *entries(choose, (0, 1, -1, 2, Fraction(1, 2)), k + 1))


# -- T1: down to the minimum -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DescentLaw:
    """How many segments for a rank D+ - g at the start, by how much two of them raise the rank, and where it ends."""

    segments: Callable[[int], int]
    rank_step: int
    ends: Callable[[Any, Any], bool]


def _check_descent(case: Net, law: DescentLaw) -> Verdict:
    """The vertices of the path, each segment literally: outputs stay on all but the last, where the loss falls."""
    if case.width < literal.dimension(case) - 1:
        stays = trapped(case)
        return verdict(False if stays else None, detail="a spurious valley: exact least losses in the sign orthants")
    path = descending_path(case.net(), case.theta)
    points, gap = path.vertices, literal.dimension(case) - literal.feature_rank(case, case.theta)
    legs = [literal.leg(case, p, q) for p, q in pairwise(points)]
    falls = all(s.stays for s in legs[:-1]) and (legs[-1].stays or (legs[-1].straight and legs[-1].slope_at_end <= 0))
    ranks = [literal.feature_rank(case, p) for p in points]
    rises = [q - p for p, q in pairwise(ranks) if q != p]
    raised = all(r == law.rank_step for r in rises) and ranks[-1] == literal.dimension(case)
    good = (
        literal.weights(case, points[0]) == literal.weights(case, case.theta)
        and falls
        and raised
        and len(legs) <= law.segments(gap)
        and law.ends(literal.loss(case, points[-1]), literal.least_loss(case))
    )
    return verdict(bool(good), detail="outputs and losses at every vertex, literally in rationals")


def _at_width(spare: int) -> Hypothesis:
    name = "width" if spare == 0 else "width D+"
    text = "$d_1 \\ge D_+ - 1$" if spare == 0 else "$d_1 \\ge D_+$"
    return Hypothesis(name, text, lambda case: case.width >= literal.dimension(case) - 1 + spare)


_MINIMUM = DescentLaw(lambda gap: 2 * gap + 1, 1, lambda end, least: end == least)
_DEAD = Net("relu", 3, ((0, 1, 2),), (0, 1, 2), (0, 0, 0, -1, -1, -1, 1, 2, 3, 1))
_CONTRADICTORY = Net("relu", 1, ((0, 0, 1),), (0, 1, 3), (0, -1, 1, 0))
_FLOOR = Net("relu", 1, ((-1, 0, 1),), (0, 3, 1), (1, 2, Fraction(1, 2), Fraction(1, 3)))

DESCENT = Claim(
    id="shallow_paths.descending",
    title="From width D+ - 1 on, a path of non-increasing loss leads to a global minimum",
    statement=r"Let $D_+ = \dim\mathrm{span}\{1, (\sigma(w \cdot x_i + b))_i : w, b\}$. If $d_1 \ge D_+ - 1$, then "
    r"from every $\theta$, for any $\sigma$ and any sample, repetitions allowed, a path of at most $2(D_+ - r_0) + 1$ "
    r"straight segments with non-increasing squared loss leads to a global minimum: the outputs stay on all "
    r"segments but the last, and the rank $r_0$ of features and ones rises by one up to $D_+$. So there are no "
    r"spurious valleys.",
    source="petersenzech2024, Proposition 12.4; the width and the number of segments: own derivation",
    case_type=Net,
    cases=lambda: chosen(lambda choose: random_net(choose, 0)),
    law=_MINIMUM,
    check=_check_descent,
    hypotheses=(_at_width(0),),
    counterexamples=(Counterexample("width", _FLOOR, "d_1 = D+ - 2 = 1: a spurious valley of Exercise 12.8"),),
    false_laws={
        "as many segments as the rank lacks": DescentLaw(lambda gap: gap, 1, _MINIMUM.ends),
        "at most seven segments": DescentLaw(lambda gap: min(2 * gap + 1, 7), 1, _MINIMUM.ends),
        "the rank rises by two": DescentLaw(_MINIMUM.segments, 2, _MINIMUM.ends),
        "the path ends with loss 0": DescentLaw(_MINIMUM.segments, 1, lambda end, least: end == 0),
    },
    examples=(
        _DEAD,
        _CONTRADICTORY,
        Net("relu", 4, ((0, 1, 2, 3, 4),), (0, 1, 0, 1, 0), (0, 0, 0, 0, -1, -1, -1, -1, 1, 2, 3, 4, 1)),
        Net("square", 2, ((-2, -1, 0, 1, 2),), (1, 0, 0, 0, 1), (0, 0, 0, 0, 1, 1, 0)),
        Net("identity", 1, ((0, 1, 2),), (0, 1, 0), (0, 1, 2, 0)),
        Net("spike", 3, ((0, 1, 1, 2),), (1, 0, 1, 2), (0, 0, 0, 1, 1, 1, 0, 1, 2, 1)),
        Net("relu", 1, ((1,),), (2,), (1, 0, 1, 2)),
    ),
    figures=("fig_corrected_path",),
    deviations="Printed: m <= d_1, sigma in M and not a polynomial. Neither is needed, nor distinct inputs, which the "
    "proof uses; with an output bias m <= d_1 + 1 suffices.",
)

# -- T2: between two points ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair(Net):
    """A net with two weight vectors."""

    other: tuple


def random_pair(choose: Choose, spare: int) -> Pair:
    """A net as ``random_net``, and other weights."""
    case = random_net(choose, spare)
    other = random_weights(choose, case.width, len(case.X))
    return Pair(**{f.name: getattr(case, f.name) for f in fields(case)}, other=other)


def highest(case: Net, points: Any) -> Fraction | None:
    """The greatest loss along straight segments, on each of which outputs stay or go straight; None if one does not.

    The loss is convex along such a segment: its maximum is at an end.
    """
    legs = [literal.leg(case, p, q) for p, q in pairwise(points)]
    if not all(s.stays or s.straight for s in legs):
        return None
    return max([literal.loss(case, points[0]), *(s.end for s in legs)])


def _check_connection(case: Pair, law: Callable[[Any, Any, Any], bool]) -> Verdict:
    ends = literal.loss(case, case.theta), literal.loss(case, case.other)
    if case.width < literal.dimension(case):
        divided = apart(case, case.other)
        return verdict(False if divided else None, detail="two components: exact cost of leaving the sign orthant")
    points = connecting_path(case.net(), case.theta, case.other).vertices
    joins = [literal.weights(case, points[i]) for i in (0, -1)]
    joins_both = joins == [literal.weights(case, t) for t in (case.theta, case.other)]
    top = highest(case, points)
    good = joins_both and top is not None and law(top, *ends)
    return verdict(bool(good), detail="losses at every vertex, literally in rationals")


_TWINS = Pair("relu", 1, ((0, 1),), (0, 1), (1, 0, 1, 0), (-1, 1, -1, 1))
_JOINED = Pair("relu", 2, ((0, 1),), (0, 1), (1, 0, 0, 0, 1, 0, 0), (-1, 0, 1, 0, -1, 0, 1))

CONNECTED = Claim(
    id="shallow_paths.connected",
    title="From width D+ on, every sublevel set is path-connected",
    statement=r"If $d_1 \ge D_+$, any two $\theta, \theta'$ are joined by a path on which the squared loss is at most "
    r"$\max(\Lambda(\theta), \Lambda(\theta'))$, for any $\sigma$ and any sample: every $\Omega_\Lambda(c)$ is "
    r"path-connected, and so is the set of all global minima.",
    source="own derivation",
    case_type=Pair,
    cases=lambda: chosen(lambda choose: random_pair(choose, 1)),
    law=lambda top, p, q: top == max(p, q),
    check=_check_connection,
    hypotheses=(_at_width(1),),
    counterexamples=(
        Counterexample("width D+", _TWINS, "d_1 = D+ - 1 = 1: slopes of either sign fit, and constants cost 1/4"),
    ),
    false_laws={
        "at most the lower of the two": lambda top, p, q: top <= min(p, q),
        "at least the sum of the two": lambda top, p, q: top >= p + q,
    },
    examples=(
        _JOINED,
        Pair("relu", 2, ((0, 1),), (0, 1), (1, 1, 0, 0, 1, 1, 0), (0, 0, -1, -1, 1, 2, 1)),
        Pair("square", 3, ((0, 1, 2, -1),), (0, 1, 1, 0), (1, 1, 1, 0, 1, 2, 1, 1, 1, 0), (*(0,) * 6, 1, 1, 1, 2)),
        Pair("relu", 3, ((0, 1, 2),), (0, 1, 0), (1, 1, 1, 0, 0, 0, 1, 1, 1, 0), (1, -1, 0, 0, 1, -1, 2, 2, 2, 1)),
    ),
    uses=("shallow_paths.descending",),
    deviations="Without an output bias one neuron more is needed, which is the known width of one neuron more than "
    "samples.",
)

# -- T3: to the constants --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Biased(Pair):
    """A pair of weight vectors of a net with or without an output bias."""

    output_bias: bool


def _random_biased(choose: Choose) -> Biased:
    case = random_pair(choose, choose((0, -1, -2)))
    return Biased(**{f.name: getattr(case, f.name) for f in fields(case)}, output_bias=True)


def _check_constants(case: Biased, law: Callable[[Any, Any, Any, Any], bool]) -> Verdict:
    """Both ends go to the best constant; without an output bias a neuron changes its sign at the output 0."""
    mean = sum(map(Fraction, case.y), Fraction(0)) / len(case.y)
    ends = literal.loss(case, case.theta), literal.loss(case, case.other)
    variance = literal.mean_square(case, [mean] * len(case.y))
    if not case.output_bias:
        signs = [literal.weights(case, t)[1][0] for t in (case.theta, case.other)]
        blocked = (case.activation, case.width) == ("relu", 1) and case.theta[-1] == case.other[-1] == 0
        zero = literal.mean_square(case, [Fraction(0)] * len(case.y))
        blocked = blocked and signs[0] * signs[1] < 0 and zero > max(*ends, variance)
        return verdict(False if blocked else None, detail="outputs of either sign, and the loss of the output 0")
    paths = [path_to_constants(case.net(), t).vertices for t in (case.theta, case.other)]
    same_end = exact_tuple(paths[0][-1]) == exact_tuple(paths[1][-1])
    points = [*paths[0], *paths[1][::-1]]
    top = highest(case, points)
    return verdict(bool(same_end and top is not None and law(top, *ends, variance)), detail="literally in rationals")


CONSTANTS = Claim(
    id="shallow_paths.above_constants",
    title="Above the best constant loss every sublevel set is path-connected",
    statement=r"With an output bias, for every width $d_1 \ge 1$, any $\sigma$ and any sample: two points "
    r"$\theta, \theta'$ are joined by a path on which the squared loss is at most $\max(\Lambda(\theta), "
    r"\Lambda(\theta'), \mathrm{Var}(y))$. So every valley and every barrier lies below $\mathrm{Var}(y)$.",
    source="own derivation",
    case_type=Biased,
    cases=lambda: chosen(_random_biased),
    law=lambda top, p, q, variance: top == max(p, q, variance),
    check=_check_constants,
    hypotheses=(Hypothesis("output bias", "there is an output bias", lambda case: case.output_bias),),
    counterexamples=(
        Counterexample(
            "output bias",
            Biased("relu", 1, ((-1, 1),), (-2, 1), (1, 0, 1, 0), (-1, 0, -2, 0), False),
            "the outputs (0, 1) and (-2, 0) have loss 2 and 1/2, the constant -1/2 has 9/4, but the output 0 has 5/2",
        ),
    ),
    false_laws={
        "at most the loss of the ends": lambda top, p, q, variance: top == max(p, q),
        "always the variance": lambda top, p, q, variance: top == variance,
    },
    examples=(
        Biased("relu", 1, ((-1, 0, 1),), (0, 3, 1), (-1, 0, -2, 2), (1, 2, Fraction(1, 2), Fraction(1, 3)), True),
        Biased("step", 1, ((0, 1),), (0, 1), (1, 0, 3, 0), (1, 0, 1, 0), True),
    ),
)

CLAIMS = (DESCENT, CONNECTED, CONSTANTS)
