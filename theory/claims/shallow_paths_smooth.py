"""Paths of nets whose activation has no rational values, in balls; and an infimum that no net attains."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from theory.arithmetic import flint, precision
from theory.claims import literal_nets as literal
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.literal_nets import Net
from theory.claims.shallow_paths import entries, random_weights
from theory.topology.paths import descending_path

_TINY = Fraction(1, 2**90)


def _ball(q: Fraction) -> Any:
    """A rational as a ball."""
    return flint().arb(flint().fmpq(q.numerator, q.denominator))


def _values(case: Net, theta: Any) -> list[Any]:
    """f(x_i) in balls, literally."""
    rows, a, c = literal.weights(case, theta)
    s = {
        "tanh": lambda u: u.tanh(),
        "logistic": lambda u: 1 / (1 + (-u).exp()),
        "softplus": lambda u: (1 + u.exp()).log(),
        "square": lambda u: u * u,
    }[case.activation]
    pre = [[_ball(sum((p * q for p, q in zip(w, x, strict=False)), w[-1])) for w in rows] for x in case.samples]
    return [sum((_ball(p) * s(u) for p, u in zip(a, us, strict=True)), _ball(c)) for us in pre]


def _ball_loss(case: Net, theta: Any) -> Any:
    """(1/m) sum_i (f(x_i) - y_i)^2 in balls."""
    e = [f - _ball(Fraction(y)) for f, y in zip(_values(case, theta), case.y, strict=True)]
    return sum(v * v for v in e) / len(e)


# -- an infimum that is not attained ---------------------------------------------------------------------------------


def _check_unattained(case: Net, law: Callable[[Any, Any], bool]) -> Verdict:
    """The loss at theta, and far out on the curve with outputs near (0, 2, 2), in balls."""
    with precision(256):
        f = _values(case, case.theta)
        w, a = case.theta[0], case.theta[2]
        monotone = w * a == 0 or all((q - p) * (1 if w * a > 0 else -1) > 0 for p, q in pairwise(f))
        far = (400, 200, *((1, 1) if case.activation == "tanh" else (2, 0)))
        good = monotone and law(_ball_loss(case, case.theta), _ball_loss(case, far))
    return verdict(bool(good), "certified", "balls of 256 bits")


def _one_neuron(choose: Choose) -> Net:
    values = (1, -1, 2, 0, Fraction(1, 2), 3)
    return Net(choose(("tanh", "logistic")), 1, ((-1, 0, 1),), (0, 3, 1), entries(choose, values, 4))


def _infimum(low: Fraction) -> Callable[[Any, Any], bool]:
    return lambda value, far: bool(value > _ball(low) and far < _ball(low + _TINY))


UNATTAINED = Claim(
    id="shallow_paths.infimum_not_attained",
    title="One sigmoid neuron on three samples: the infimum 2/3 is not attained",
    statement=r"For $x = (-1, 0, 1)$, $y = (0, 3, 1)$ and $a\sigma(wx + b) + c$ with $\sigma = \tanh$ or the logistic "
    r"function the outputs are strictly monotone or constant, so $\Lambda > 2/3$ everywhere, and $\inf\Lambda = 2/3$. "
    r"No global minimum exists, and by Definition 12.3 every component of a sublevel set is a spurious valley.",
    source="own derivation",
    case_type=Net,
    cases=lambda: chosen(_one_neuron),
    law=_infimum(Fraction(2, 3)),
    check=_check_unattained,
    hypotheses=(
        Hypothesis("sigmoid", r"$\sigma$ is strictly monotone", lambda case: case.activation in ("tanh", "logistic")),
    ),
    counterexamples=(
        Counterexample(
            "sigmoid",
            Net("square", 1, ((-1, 0, 1),), (0, 3, 1), (1, Fraction(-1, 10), Fraction(-5, 2), Fraction(121, 40))),
            "a parabola fits the data",
        ),
    ),
    false_laws={
        "the infimum is 1/2": _infimum(Fraction(1, 2)),
        "the infimum is 3/4": _infimum(Fraction(3, 4)),
    },
    examples=(
        Net("tanh", 1, ((-1, 0, 1),), (0, 3, 1), (6, 3, 1, 1)),
        Net("logistic", 1, ((-1, 0, 1),), (0, 3, 1), (6, 3, 2, 0)),
    ),
    deviations="Definition 12.3 does not ask for a global minimum; Proposition 12.4 does. From width D+ - 1 on the "
    "squared loss has one.",
)


# -- activations without rational values -----------------------------------------------------------------------------


def _check_smooth(case: Net, law: Callable[[list, Fraction], bool]) -> Verdict:
    """Each vertex in balls; hidden weights move at a_j = 0 only; the last segment is convex and ends with slope 0."""
    points = descending_path(case.net(), case.theta).vertices
    small = _ball(_TINY)
    with precision(256):
        values = [_values(case, p) for p in points]
        losses = [_ball_loss(case, p) for p in points]
        legs = list(zip(pairwise(points), pairwise(values), strict=True))
        for i, ((p, q), (f, g)) in enumerate(legs):
            (rows, a, c), (rows_q, a_q, c_q) = literal.weights(case, p), literal.weights(case, q)
            moved = [j for j in range(case.width) if rows[j] != rows_q[j]]
            hides = (a, c) == (a_q, c_q) and all(a[j] == 0 for j in moved)
            stays = all(abs(s - t) < small for s, t in zip(f, g, strict=True))
            if (moved and not hides) or (not stays and (moved or i < len(legs) - 1)):
                return verdict(False, "certified", "a segment moves the outputs before the last")
        good = law(losses, _least_by_means(case))
    return verdict(bool(good), "certified", "outputs and losses at every vertex in balls of 256 bits")


def _least_by_means(case: Net) -> Fraction:
    """The mean squared deviation of the targets from their means over repeated inputs."""
    groups: dict[tuple, list] = {}
    for x, y in zip(case.samples, case.y, strict=True):
        groups.setdefault(x, []).append(Fraction(y))
    means = {x: sum(v) / len(v) for x, v in groups.items()}
    return literal.mean_square(case, [means[x] for x in case.samples])


def _falls_to(losses: list, least: Fraction) -> bool:
    same = all(abs(v - losses[0]) < _ball(_TINY) for v in losses[:-1])
    return same and bool(abs(losses[-1] - _ball(least)) < _ball(_TINY))


def _smooth_net(choose: Choose) -> Net:
    m = choose((1, 2, 3))
    X, y = (entries(choose, (0, 1, -1, 2), m),), entries(choose, (0, 1, -1, 2), m)
    k = max(1, len(set(X[0])) - 1 + choose((0, 0, 1)))
    return Net(choose(("tanh", "logistic", "softplus")), k, X, y, random_weights(choose, k, 1))


SMOOTH = Claim(
    id="shallow_paths.descending_smooth",
    title="The path to the minimum for tanh, logistic and softplus nets, in balls",
    statement=r"For $\sigma = \tanh$, logistic and softplus, $d_1 \ge D_+ - 1$ and every $\theta$ the path of "
    r"shallow_paths.descending exists; with weights rounded to 384 binary places its outputs move by less than "
    r"$2^{-90}$ on all segments but the last, which is straight and ends less than $2^{-90}$ above the least loss.",
    source="petersenzech2024, Proposition 12.4; rounding: own derivation",
    case_type=Net,
    cases=lambda: chosen(_smooth_net),
    law=_falls_to,
    check=_check_smooth,
    false_laws={
        "the loss falls from the first segment on": lambda losses, least: losses[1] < losses[0],
        "the path ends with loss 0": lambda losses, least: bool(losses[-1] < _ball(_TINY)),
    },
    examples=(
        Net("tanh", 2, ((0, 1, 1),), (0, 1, 2), (0, 0, 1, 1, 1, 2, 0)),
        Net("softplus", 2, ((0, 1, 2),), (0, 1, 0), (1, 1, 0, 0, 1, 1, 0)),
        Net("tanh", 2, ((-1, 0, 2),), (2, 2, 0), (2, 1, -1, -1, -1, -1, 1)),  # dependent by the addition theorem
        Net("logistic", 2, ((-1, 2, 0),), (-1, 2, 2), (-1, 2, 1, -1, 1, 2, 0)),
    ),
    uses=("shallow_paths.descending",),
)

CLAIMS = (UNATTAINED, SMOOTH)
