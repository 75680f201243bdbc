"""Exercise linear.pivots: what a critical point of a deep linear net is, from ranks alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.critical.classify import classify
from theory.exercises.exercise import Call, Exercise, Item, WrongAnswer, instead, shown
from theory.exercises.matrices import printed
from theory.landscape import Kind
from theory.models.deep_linear import DeepLinearNet

KINDS = (Kind.NOT_CRITICAL, Kind.GLOBAL_MINIMUM, Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE)

QUESTION = """\
Let L(W_1, ..., W_H) = || Y - W_H ... W_1 ||_F^2 (inputs X = I), H >= 2, where Y is zero but for the singular values
sigma_1 > sigma_2 > ... > 0 on its diagonal. Every point is one of four things:
  "not critical"       the gradient is not zero;
  "global minimum"     the only local minima there are;
  "strict saddle"      critical, no minimum, and the Hessian has a negative eigenvalue;
  "non-strict saddle"  critical, no minimum, and the Hessian has none.
Write kind(layers, Y), which answers with one of these four words from products of the matrices and their ranks, without
computing the Hessian. layers is the list W_1, ..., W_H; a matrix is a list of rows of integers.
theory.calculus.exact_linalg.rank gives exact ranks of arrays of integers."""

HINTS = (
    "Start with R = W_H ... W_1 and its rank r. At a critical point R is diagonal like Y and keeps some of the sigma, "
    "those of an index set S with r elements.",
    "Let k be the least width. R = Y, or r = k and S = {1, ..., k}: a global minimum. Otherwise, if S is not "
    "{1, ..., r}, a kept direction can be turned towards a better one: a strict saddle.",
    "What is left is S = {1, ..., r}, r < k. Let only W_i and W_j change, i > j, by t V_i and t V_j. In t^2 there is, "
    "besides squares, 4 <R - Y, W_H ... W_(i+1) V_i C V_j W_(j-1) ... W_1> with C = W_(i-1) ... W_(j+1).",
    "That term is a pairing of V_i and V_j through two matrices: C, and D = W_(j-1) ... W_1 Y^T W_H ... W_(i+1). It "
    "can be made to win only if both have a part beyond the r directions that are fitted.",
    "The criterion: strict iff some pair i > j has rank C > r and rank D > r, where an empty product is an identity "
    "matrix. Y^T stands inside D: the ranks of what is left and right of it do not decide.",
)

STUB = '''\
"""Exercise linear.pivots: minimum, strict or not, from products of matrices and their ranks."""

from theory.calculus.exact_linalg import rank


def kind(layers, Y):
    """One of "not critical", "global minimum", "strict saddle", "non-strict saddle"."""
    ...
'''

E, P, Q = ((1, 0), (0, 1)), ((1, 0), (0, 0)), ((0, 0), (0, 1))
ZERO, TWICE = ((0, 0), (0, 0)), ((2, 0), (0, 0))
FULL = ((2, 0), (0, 1))


@dataclass(frozen=True)
class Net:
    """Layers with integer entries; Y is the diagonal matrix of their size with entries 2, 1."""

    layers: tuple

    @property
    def Y(self) -> tuple:
        """The targets."""
        rows, columns = len(self.layers[-1]), len(self.layers[0][0])
        return tuple(tuple((2 - p) * (p == q) for q in range(columns)) for p in range(rows))

    @property
    def call(self) -> Call:
        """What the student's function is called with."""
        return Call("kind", (self.layers, self.Y))

    @property
    def theta(self) -> tuple:
        """The weights, layer by layer and row by row."""
        return tuple(x for w in self.layers for row in w for x in row)

    def truth(self) -> Any:
        """The book's exact classification, from the inertia of the Hessian."""
        d0 = len(self.layers[0][0])
        net = DeepLinearNet((d0, *map(len, self.layers)), np.eye(d0, dtype=int), self.Y)
        return classify(net, rational(self.theta))


NETS = tuple(
    Net(layers)
    for layers in (
        (((0,),), ((0,),)),
        (((1,),), ((2,),)),
        (((1,),), ((0,),)),
        (((0,),), ((0,),), ((0,),)),
        (((0,),), ((0,),), ((1,),)),
        (((0,),), ((-1,),), ((0,),)),
        (((0, 1),), ((0,),), ((0,),)),
        (((0, 1),), ((0,), (1,))),
        (((-1, 0),), ((2,),), ((-1,), (0,))),
        (((0, -1),), ((1,),), ((0,), (-1,))),
        (((1,), (0,)), ((0, 0), (0, 1)), ((0, 0),)),
        (((-1, 0),), ((0,),), ((0,),), ((0,), (1,))),
        (((0, 0),), ((1,),), ((0,),), ((0,), (1,))),
        (((0, 0),), ((1,),), ((1,),), ((0,), (0,))),
        (ZERO, ZERO),
        (P, P, TWICE),
        (Q, Q, Q),
        (P, E, TWICE),
        (P, P, FULL),
        (E, E, FULL),
        (E, E, TWICE),
        (((0, 0), (-1, 0)), ((0, 0), (0, 2)), ((0, -1), (0, 0))),
        (((1, 1), (0, 0)), ZERO, ((1, 0), (0, 0))),
    )
)

REFERENCE = """\
import numpy as np

from theory.calculus.exact_linalg import rank


def product(layers, size):
    P = np.eye(size, dtype=int)
    for w in layers:
        P = w @ P
    return P


def kind(layers, Y):
    W, Y = [np.array(w) for w in layers], np.array(Y)
    H, d = len(W), [W[0].shape[1]] + [len(w) for w in W]
    R, k = product(W, d[0]), min(d)
    r, M = rank(R), product(W, d[0]) - Y
    for i in range(H):
        if (product(W[i + 1:], d[i + 1]).T @ M @ product(W[:i], d[0]).T).any():
            return "not critical"
    leading = all(R[s, s] for s in range(r))
    if not M.any() or (leading and r == k):
        return "global minimum"
    if not leading:
        return "strict saddle"
    for i in range(1, H):
        for j in range(i):
            C = product(W[j + 1:i], d[j + 1])
            low, high = product(W[:j], d[0]), product(W[i + 1:], d[i + 1])
            D = low @ Y.T @ high
            if rank(C) > r and rank(D) > r:
                return "strict saddle"
    return "non-strict saddle"
"""


_instead = partial(instead, REFERENCE)

TEST = "rank(C) > r and rank(D) > r"

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("every saddle strict", _instead('"non-strict', '"strict'), "has no negative eigenvalue"),
    WrongAnswer("strict for two matrices only", _instead(TEST, "H == 2"), "has 1 negative eigenvalue"),
    WrongAnswer(
        "the pair of the first and the last matrix alone (the rank of what is between)",
        _instead(TEST, "j == 0 and i == H - 1 and rank(C) > r"),
        "has 1 negative eigenvalue",
    ),
    WrongAnswer("neighbours alone", _instead(TEST, f"i == j + 1 and {TEST}"), "has 1 negative eigenvalue"),
    WrongAnswer(
        "one block in place of two", _instead(TEST, "rank(C) > r or rank(D) > r"), "has no negative eigenvalue"
    ),
    WrongAnswer("at least r", _instead(TEST, TEST.replace(">", ">=")), "has no negative eigenvalue"),
    WrongAnswer(
        "the factors of D without Y, each by its rank",
        _instead(TEST, "rank(C) > r and rank(low) > r and rank(high) > r"),
        "has no negative eigenvalue",
    ),
    WrongAnswer(
        "the factors of D, each by its rank",
        _instead(TEST, "rank(C) > r and rank(low @ Y.T) > r and rank(Y.T @ high) > r"),
        "has no negative eigenvalue",
    ),
    WrongAnswer(
        "rank one is enough, whatever is fitted",
        _instead(TEST, "rank(C) > 0 and rank(D) > 0"),
        "has no negative eigenvalue",
    ),
    WrongAnswer(
        "the largest rank taken for a minimum", _instead("(leading and r == k)", "r == k"), "has 1 negative eigenvalue"
    ),
    WrongAnswer(
        "a minimum only where Y is fitted", _instead(" or (leading and r == k)", ""), "the loss 1 is the global minimum"
    ),
    WrongAnswer(
        "the order of the singular values forgotten",
        _instead('    if not leading:\n        return "strict saddle"\n', ""),
        "has 1 negative eigenvalue",
    ),
    WrongAnswer(
        "the gradient of the first matrix only",
        _instead("for i in range(H):", "for i in range(1):"),
        "gradient is not zero",
    ),
    WrongAnswer("no test of the gradient", _instead("for i in range(H):", "for i in ():"), "the gradient is not zero"),
    WrongAnswer("another word", _instead('"strict saddle"', '"saddle"'), "needs one of"),
    WrongAnswer("truth values", _instead('"non-strict saddle"', "False"), "needs one of"),
    WrongAnswer(
        "the book's own classification",
        f"from theory.critical import classify\n\n{REFERENCE}",
        "without theory.critical",
    ),
    WrongAnswer("the book's model", f"from theory.models import DeepLinearNet\n\n{REFERENCE}", "without theory.models"),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Every answer against the exact inertia of the Hessian."""
    return [_judged(net, answers[net.call]) for net in NETS]


def _judged(net: Net, answer: Any) -> Item:
    where, size = f"kind({printed(net.layers)}, {printed(net.Y)})", len(net.theta)
    if answer not in KINDS:
        words = ", ".join(f'"{kind}"' for kind in KINDS)
        return Item(where, False, f"{where}: needs one of {words}, got {shown(answer)}", 0)
    truth = net.truth()
    if answer == truth.kind:
        return Item(where, True, f"{where}: {truth.kind}.", size)
    return Item(where, False, f"{where}: {str(answer)!r} is wrong, {_fact(truth)}", size)


def _fact(truth: Any) -> str:
    """What makes the point the kind that it is."""
    if truth.kind == Kind.NOT_CRITICAL:
        return "the gradient is not zero"
    if truth.kind == Kind.GLOBAL_MINIMUM:
        return f"the loss {truth.loss} is the global minimum"
    if (n := truth.inertia.negative) > 0:
        return f"the Hessian has {n} negative eigenvalue{'s' * (n > 1)}"
    return f"the Hessian has no negative eigenvalue, and the loss {truth.loss} is not the least"


EXERCISE = Exercise(
    id="linear.pivots",
    title="Minimum, strict or non-strict saddle, from ranks alone",
    question=QUESTION,
    level="advanced",
    hints=HINTS,
    stub=STUB,
    forbidden=(
        *(f"theory.{part}" for part in ("models", "definitions", "critical", "claims", "checks", "exercises", "io")),
        "DeepLinearNet",
        "classify",
        "inertia",
    ),
    calls=tuple(net.call for net in NETS),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("deep_linear.pivots", "deep_linear.bad_saddles"),
)
