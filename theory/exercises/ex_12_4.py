"""Exercise 12.4: the path of Proposition 12.4 as it should be, for given nets.

Source: petersenzech2024, Proposition 12.4 and its proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from theory.arithmetic import rational
from theory.calculus.unit_interval import is_nonincreasing
from theory.exercises.exercise import Call, Exercise, Item, WrongAnswer, instead
from theory.exercises.parameter_paths import points, polynomials, printed
from theory.models.shallow_net import ShallowNet

QUESTION = """\
Proposition 12.4: a shallow net with at least as many neurons as samples has no spurious valleys, because from every
parameter a path of non-increasing loss leads to a global minimum. The path in its printed proof jumps (at t = 1/2 it
sets the first neuron to 0) and ends at W_1 + w* instead of w*. Write a path that is right.

The net is f(x) = sum_j a_j relu(w_j x + b_j) + c with one input and k neurons, the loss
L = (1/m) sum_i (f(x_i) - y_i)^2 with distinct x_i. Parameters are one list: w_1..w_k, b_1..b_k, a_1..a_k, c. Write

  path(k, x, y, theta)   for k >= m: the corners [theta, theta_1, ..., theta_n] of a path, straight from each to the
                         next, on which the loss never increases, and which ends at loss 0.

x, y and theta are lists of integers; the answers are integers or Fractions. At most 60 points."""

HINTS = (
    "Let V be the matrix of the features relu(w_j x_i + b_j), one row a neuron. If its rows and (1, ..., 1) span all "
    "of R^m, what do you have to move to reach loss 0, and why does the loss not increase?",
    "A straight line in (a, c) is a straight line in the outputs. L is convex along it: if it ends at a global "
    "minimum, the loss does not increase. (If it ended only at a lower loss, it might, as 4, 0, 1.)",
    "If the rank is smaller, some combination n_1 v_1 + ... + n_k v_k + n_0 (1, ..., 1) is zero with n_j != 0. "
    "Subtract a_j / n_j times n from (a, c): the outputs stay the same, and a_j becomes 0.",
    "With a_j = 0 the neuron j may move straight to any (w*, b*): (2 - 2t) (w_j, b_j) + (2t - 1) (w*, b*) for t in "
    "[1/2, 1], which begins at (w_j, b_j) and ends at (w*, b*). Choose a kink between two samples that raises "
    "the rank.",
    "Repeat until the rank is m: at most m times. theory.calculus.exact_linalg has rank, null_space and pinv in exact "
    "arithmetic (arrays of theory.rational).",
)

STUB = '''\
"""Exercise 12.4: a path of non-increasing loss to a global minimum. Use integers and Fractions only."""

from fractions import Fraction


def path(k, x, y, theta):
    """[theta, theta_1, ..., theta_n], parameters in the order w_1..w_k, b_1..b_k, a_1..a_k, c."""
    ...
'''


@dataclass(frozen=True)
class Net:
    """k neurons, the samples, and the start of the path."""

    k: int
    x: tuple
    y: tuple
    theta: tuple

    @property
    def call(self) -> Call:
        """What the student's function is called with."""
        return Call("path", (self.k, self.x, self.y, self.theta))

    @property
    def net(self) -> ShallowNet:
        """The net."""
        return ShallowNet(self.k, (self.x,), self.y, "relu")


NETS = (
    Net(1, (1,), (2,), (-1, 0, 1, 0)),
    Net(2, (1, 2), (1, 0), (-1, -1, 0, 0, 1, 2, 0)),
    Net(2, (0, 1), (0, 1), (0, 0, -1, -1, 1, 1, 1)),
    Net(2, (1, 2), (3, -1), (1, 2, 0, 0, 3, -1, 1)),
    Net(3, (0, 1, 2), (1, -1, 1), (0, 0, 0, -1, -1, -1, 2, 0, 1, 0)),
    Net(3, (-1, 0, 2), (2, 0, 1), (1, 1, 1, 1, 1, 1, 1, -2, 1, 0)),
    Net(3, (2, 0, 1), (0, 3, 0), (1, -1, 0, 0, 2, 1, 1, 1, 1, 0)),
    Net(4, (-2, -1, 0, 3), (1, 0, 2, -1), (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5)),
    Net(4, (0, 1, 2, 3), (0, 3, 1, 1), (1, 1, 2, -1, 0, -1, 0, 1, 2, -3, 1, 1, 0)),
    Net(5, (0, 1, 3), (2, 2, -1), (1, -1, 1, 2, 0, 0, 5, -2, 1, -1, 1, 0, 2, -1, 3, 1)),
)

REFERENCE = """\
import numpy as np
from theory import rational
from theory.calculus.exact_linalg import null_space, pinv, rank


def relu(u):
    return np.array([max(v, 0 * v) for v in u], dtype=object)


def features(k, x, w, b):
    return np.stack([*(relu(w[j] * x + b[j]) for j in range(k)), 0 * x + 1])


def kinks(x):
    x = sorted(x)
    for left, right in zip(x, x[1:]):
        yield rational([1])[0], -(left + right) / 2
        yield rational([-1])[0], (left + right) / 2


def path(k, x, y, theta):
    x, y, theta = rational(x), rational(y), rational(theta)
    corners = [theta]
    while True:
        w, b, a, c = np.split(theta.copy(), [k, 2 * k, 3 * k])
        V = features(k, x, w, b)
        if rank(V) == len(x):
            break
        n = next(n for n in null_space(V.T).T if any(n[:k] != 0))
        j = next(j for j in range(k) if n[j] != 0)
        out = np.concatenate([a, c])
        out = out - n * (out[j] / n[j])
        corners.append(np.concatenate([w, b, out]))
        for w_new, b_new in kinks(x):
            w[j], b[j] = w_new, b_new
            if rank(features(k, x, w, b)) > rank(V):
                break
        theta = np.concatenate([w, b, out])
        corners.append(theta)
    V, out = features(k, x, theta[:k], theta[k:2 * k]), theta[2 * k:]
    best = out + pinv(V.T) @ (y - V.T @ out)
    corners.append(np.concatenate([theta[:2 * k], best]))
    return corners
"""


_instead = partial(instead, REFERENCE)

PRINTED = """\
        w[j], b[j] = theta[j] + w[j], theta[k + j] + b[j]
        theta = np.concatenate([w, b, out])"""
WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer(
        "the printed end of the path, W_1 + w*",
        _instead("        theta = np.concatenate([w, b, out])", PRINTED).replace(
            "while True:", "for _ in range(len(x) - 1):"
        ),
        "ends at a loss of",
    ),
    WrongAnswer(
        "output weights dropped without compensation",
        _instead("out = out - n * (out[j] / n[j])", "out[j] = 0 * out[j]"),
        "increases between points",
    ),
    WrongAnswer(
        "the neuron moved while its output weight is on",
        _instead("        out = out - n * (out[j] / n[j])\n", ""),
        "increases between points",
    ),
    WrongAnswer(
        "a jump: the first leg left out",
        _instead("    corners = [theta]\n", "    corners = []\n"),
        "needs to start at theta",
    ),
    WrongAnswer(
        "beyond the minimum: lower, but not monotone on the way",
        _instead("best = out + pinv(V.T) @ (y - V.T @ out)", "best = out + pinv(V.T) @ (y - V.T @ out) * 3 / 2"),
        "increases between points",
    ),
    WrongAnswer(
        "only the case of full rank",
        _instead("        if rank(V) == len(x):\n            break\n", "        break\n"),
        "ends at a loss of",
    ),
    WrongAnswer(
        "straight to a good network",
        "def path(k, x, y, theta):\n    pairs = sorted(zip(x, y))\n    return [theta, [1] * k + [0] * (2 * k) + [0]]\n",
        "of path(1, (1,), (2,), (-1, 0, 1, 0))",
    ),
    WrongAnswer("floats", "def path(k, x, y, theta):\n    return [[float(t) for t in theta]]\n", "the float -1.0"),
    WrongAnswer(
        "the reference imported",
        f"from theory.topology.paths import descending_path\n\n{REFERENCE}",
        "without theory.topology",
    ),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """One item a net, smallest first."""
    return [_judged(case, answers[case.call]) for case in NETS]


def _judged(case: Net, value: Any) -> Item:
    net, first, size = case.net, rational(case.theta), len(case.theta)
    corners = points(value, str(case.call), net.dim)

    def failed(what: str) -> Item:
        return Item("path", False, f"the answer of {case.call} {what}", size)

    if (corners[0] != first).any():
        return failed(f"needs to start at theta, but it starts at {printed(corners[0])}")
    for leg, (p, q) in enumerate(pairwise(corners), 1):
        if not all(is_nonincreasing(c) for c in polynomials(net, p, q)):
            ends = f"{net.loss(p)} and {net.loss(q)}"
            return failed(f"is a path on which the loss increases between points {leg} and {leg + 1} (losses {ends})")
    if (end := net.loss(corners[-1])) != 0:
        return failed(f"ends at a loss of {end}; k >= m neurons can reach 0")
    return Item("path", True, f"{case.call} is right: {len(corners) - 1} legs.", size)


EXERCISE = Exercise(
    id="12.4",
    title="The path of Proposition 12.4, corrected",
    question=QUESTION,
    level="advanced",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.topology", "theory.critical", "theory.claims", "theory.exercises"),
    calls=tuple(case.call for case in NETS),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("shallow_paths.descending", "shallow_paths.printed_factors", "valleys.dead_minimum"),
)
