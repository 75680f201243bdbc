"""Exercise linear.gradient: the gradient of a deep linear net in closed form, and its Hessian along a direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.exercises.exercise import Call, Exercise, Item, WrongAnswer, instead
from theory.exercises.matrices import layers, printed
from theory.models.deep_linear import DeepLinearNet

QUESTION = """\
A deep linear net multiplies its input by H matrices: with the samples as the columns of X (d_0 x m) and of Y
(d_H x m), its loss is
    L(W_1, ..., W_H) = || W_H ... W_1 X - Y ||_F^2        (no 1/2, no 1/m),
where W_i has d_i rows and d_(i-1) columns. Write two functions, for every depth H >= 1 and all widths:

  gradient(layers, X, Y)           the matrices G_1, ..., G_H of all partial derivatives: G_i[p][q] = dL / dW_i[p][q];
  hessian_times(layers, V, X, Y)   the Hessian applied to the direction V = (V_1, ..., V_H), as matrices again: the
                                   derivative of gradient(layers + t V, X, Y) in t at t = 0.

layers and V are lists of matrices, a matrix is a list of rows, all entries are integers; so are the answers."""

HINTS = (
    "Change one matrix only: how does the product W_H ... W_1 X change with W_i?",
    "Write A_i = W_H ... W_(i+1) and B_i = W_(i-1) ... W_1 X, with an identity matrix for an empty product. Then "
    "W_H ... W_1 X = A_i W_i B_i is linear in W_i, and the chain rule for || A_i W_i B_i - Y ||^2 needs nothing else.",
    "With E = W_H ... W_1 X - Y the derivative along V_i is 2 <E, A_i V_i B_i> = 2 <A_i^T E B_i^T, V_i>.",
    "To check yourself: in each single weight L is a polynomial of degree two, so that the central difference "
    "(L(w + 1) - L(w - 1)) / 2 is the derivative, exactly.",
    "For the Hessian use the product rule on G_i = 2 A_i^T E B_i^T: three factors, each with its own derivative along "
    "V. A chain P = W_n ... W_1 and its derivative dP grow together: the next pair is (W P, V P + W dP).",
)

STUB = '''\
"""Exercise linear.gradient: a matrix is a list of rows. Use integers only (numpy arrays of integers are fine)."""


def gradient(layers, X, Y):
    """[G_1, ..., G_H] with G_i[p][q] = dL / dW_i[p][q], L = || W_H ... W_1 X - Y ||_F^2."""
    ...


def hessian_times(layers, V, X, Y):
    """[D_1, ..., D_H]: the derivative of gradient(layers + t V, X, Y) in t at t = 0."""
    ...
'''


@dataclass(frozen=True)
class Instance:
    """A net, a direction and data, in integers."""

    widths: tuple
    weights: tuple
    direction: tuple
    X: tuple
    Y: tuple

    def unpacked(self, flat: tuple) -> tuple:
        """A flat vector, layer by layer and row by row, as nested tuples."""
        numbers = iter(flat)
        return tuple(tuple(tuple(next(numbers) for _ in range(q)) for _ in range(p)) for q, p in pairwise(self.widths))

    @property
    def calls(self) -> tuple[Call, Call]:
        """What the student's functions are called with."""
        W, V = self.unpacked(self.weights), self.unpacked(self.direction)
        return Call("gradient", (W, self.X, self.Y)), Call("hessian_times", (W, V, self.X, self.Y))

    @property
    def size(self) -> int:
        """How many numbers there are to look at."""
        return 2 * len(self.weights) + len(self.X[0]) * (len(self.X) + len(self.Y))

    def truths(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Gradient and Hessian times direction, from the book's closed forms."""
        net = DeepLinearNet(self.widths, self.X, self.Y)
        theta, v = rational(self.weights), rational(self.direction)
        return list(net.unpack(net.gradient(theta))), list(net.unpack(net.hvp(theta, v)))


INSTANCES = (
    Instance((1, 1), (2,), (3,), ((3,),), ((1,),)),
    Instance((1, 1, 1), (2, 3), (1, -1), ((2,),), ((5,),)),
    Instance((1, 1, 1, 1), (2, 3, -1), (1, 0, 2), ((1,),), ((4,),)),
    Instance((2, 1), (1, -2), (2, 1), ((1, 0), (2, 3)), ((1, 2),)),
    Instance((1, 2), (1, 3), (-1, 2), ((1, 2, -1),), ((1, 0, 2), (0, 1, 1))),
    Instance((1, 2, 1), (1, 2, 3, -1), (0, 1, 2, 1), ((2, 1),), ((1, -1),)),
    Instance((2, 2, 2), (1, 2, 0, 1, 3, 1, -1, 2), (1, 0, 2, 1, 0, 1, 1, -1), ((1, 0), (1, 2)), ((0, 1), (2, 1))),
    Instance((2, 1, 3), (1, 2, 1, 0, -1), (1, 1, 2, 1, 3), ((1, 2), (2, 4)), ((1, 0), (0, 1), (1, 1))),
    Instance((1, 1, 1, 1, 1), (2, 1, -1, 3), (1, 1, 2, -1), ((1, 2),), ((0, 1),)),
    Instance((2, 2, 2), (0,) * 8, (1, 2, -1, 1, 3, 0, 1, 1), ((1, 0, 1), (1, 2, 0)), ((0, 1, 1), (2, 1, 0))),
    Instance(
        (2, 2, 2, 2),
        (1, 2, 0, 1, 1, 0, 3, 1, 2, 1, 1, -1),
        (0, 1, 1, 0, 1, -1, 2, 0, 1, 0, 0, 3),
        ((1, 0), (2, 1)),
        ((1, 1), (0, 2)),
    ),
    Instance(
        (2, 3, 1, 2),
        (1, 0, 2, 1, -1, 1, 1, 2, 1, 3, -2),
        (1, 1, 0, 2, 1, 0, -1, 1, 2, 1, 1),
        ((1, 2, 0), (0, 1, 1)),
        ((1, 0, 1), (2, 1, 1)),
    ),
)

START = """\
import numpy as np


def arrays(*lists):
    return [np.array(a, dtype=object) for a in lists]


def along(W, V, P):
    # the product W_n ... W_1 P and its derivative along V
    dP = 0 * P
    for w, v in zip(W, V):
        P, dP = w @ P, v @ P + w @ dP
    return P, dP


def gradient(layers, X, Y):
    W, (X, Y) = arrays(*layers), arrays(X, Y)
    E = along(W, W, X)[0] - Y
    G = []
    for i in range(len(W)):
        A = along(W[i + 1:], W[i + 1:], np.eye(len(W[i]), dtype=int).astype(object))[0]
        B = along(W[:i], W[:i], X)[0]
        G.append(2 * A.T @ E @ B.T)
    return G
"""

HESSIAN = """

def hessian_times(layers, V, X, Y):
    W, V, (X, Y) = arrays(*layers), arrays(*V), arrays(X, Y)
    RX, dE = along(W, V, X)
    E = RX - Y
    D = []
    for i in range(len(W)):
        A, dA = along(W[i + 1:], V[i + 1:], np.eye(len(W[i]), dtype=int).astype(object))
        B, dB = along(W[:i], V[:i], X)
        D.append(2 * (dA.T @ E @ B.T + A.T @ dE @ B.T + A.T @ E @ dB.T))
    return D
"""

REFERENCE = START + HESSIAN


_instead = partial(instead, REFERENCE)

TERMS = "dA.T @ E @ B.T + A.T @ dE @ B.T + A.T @ E @ dB.T"
STEP = "G.append(2 * A.T @ E @ B.T)"

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("the factor 2 forgotten", _instead(STEP, "G.append(A.T @ E @ B.T)"), "half of it"),
    WrongAnswer("the mean over the samples", _instead(STEP, "G.append(2 * A.T @ E @ B.T // len(X[0]))"), "half of it"),
    WrongAnswer(
        "residual with the wrong sign", _instead("E = along(W, W, X)[0] - Y", "E = Y - along(W, W, X)[0]"), "wrong sign"
    ),
    WrongAnswer(
        "the transposed gradient", _instead(STEP, "G.append(2 * B @ E.T @ A)"), "needs a matrix of 1 row with 2"
    ),
    WrongAnswer(
        "transposed where that has the same shape",
        _instead(STEP, "g = 2 * A.T @ E @ B.T\n        G.append(g.T if g.shape[0] == g.shape[1] else g)"),
        "the transpose",
    ),
    WrongAnswer(
        "the product before the layer in reverse order",
        _instead("B = along(W[:i], W[:i], X)[0]", "B = along(W[:i][::-1], W[:i], X)[0]"),
        "raised ValueError",
    ),
    WrongAnswer(
        "the product after the layer in reverse order",
        _instead("A = along(W[i + 1:], W[i + 1:]", "A = along(W[:i:-1], W[i + 1:]"),
        "raised ValueError",
    ),
    WrongAnswer(
        "inputs taken to be white: R - Y X^T for R X X^T - Y X^T",
        _instead(
            "2 * A.T @ E @ B.T)",
            "2 * A.T @ (along(W, W, np.eye(len(X), dtype=int).astype(object))[0] - Y @ X.T)"
            " @ along(W[:i], W[:i], np.eye(len(X), dtype=int).astype(object))[0].T)",
        ),
        "gradient, layer 1",
    ),
    WrongAnswer(
        "two layers only",
        _instead("G = []", "return [2 * W[1].T @ E @ X.T, 2 * E @ (W[0] @ X).T]\n    G = []"),
        "raised IndexError",
    ),
    WrongAnswer(
        "layers already updated while the gradient is computed",
        _instead(STEP, f"{STEP}\n        W[i] = W[i] - G[i]"),
        "gradient, layer 2",
    ),
    WrongAnswer(
        "the Gauss-Newton part alone",
        _instead(TERMS, "A.T @ dE @ B.T"),
        "hessian_times, layer 1",
    ),
    WrongAnswer(
        "the change of the layers before it forgotten",
        _instead(TERMS, "dA.T @ E @ B.T + A.T @ dE @ B.T"),
        "hessian_times, layer 2",
    ),
    WrongAnswer(
        "a difference of gradients",
        START + "\n\ndef hessian_times(layers, V, X, Y):\n"
        "    moved = [w + v for w, v in zip(arrays(*layers), arrays(*V))]\n"
        "    return [g - h for g, h in zip(gradient(moved, X, Y), gradient(layers, X, Y))]\n",
        "hessian_times, layer 1",
    ),
    WrongAnswer(
        "the blocks on the diagonal alone",
        _instead(TERMS, "A.T @ A @ V[i] @ B @ B.T"),
        "hessian_times, layer 1",
    ),
    WrongAnswer("floats", _instead(STEP, "G.append(2.0 * A.T @ E @ B.T)"), "the float 30.0"),
    WrongAnswer("the reference imported", f"from theory.models import DeepLinearNet\n\n{REFERENCE}", "without theory"),
    WrongAnswer("automatic differentiation", f"import autograd.numpy as anp\n\n{REFERENCE}", "without autograd"),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Every answer against the closed form, the gradients first."""
    shapes = [[(p, q) for q, p in pairwise(case.widths)] for case in INSTANCES]
    truths = [case.truths() for case in INSTANCES]
    items = []
    for k, name in enumerate(("gradient", "hessian_times")):
        for case, shape, truth in zip(INSTANCES, shapes, truths, strict=True):
            got = layers(answers[case.calls[k]], f"widths {case.widths}, {name}()", shape)
            items.append(_compared(name, case, got, truth[k]))
    return items


def _compared(name: str, case: Instance, got: list[np.ndarray], want: list[np.ndarray]) -> Item:
    for i, (g, w) in enumerate(zip(got, want, strict=True), 1):
        if not (g == w).all():
            data = f"layers {printed(case.unpacked(case.weights))}, X = {printed(case.X)}, Y = {printed(case.Y)}"
            if name == "hessian_times":
                data = f"V = {printed(case.unpacked(case.direction))}, {data}"
            message = f"{name}, layer {i}: needs {printed(w)}, got {printed(g)}{_guess(g, w)}; at {data}"
            return Item(name, False, message, case.size + 1000 * (name != "gradient"))
    return Item(name, True, f"{name} is right for widths {case.widths}.", case.size)


def _guess(got: np.ndarray, want: np.ndarray) -> str:
    """What a wrong matrix looks like, where it looks like something."""
    if (got == -want).all():
        return " (the wrong sign)"
    if (2 * got == want).all():
        return " (half of it)"
    if got.shape == want.T.shape and (got == want.T).all():
        return " (the transpose)"
    return ""


EXERCISE = Exercise(
    id="linear.gradient",
    title="The gradient of a deep linear net, and its Hessian along a direction",
    question=QUESTION,
    level="introductory",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory", "autograd", "jax", "torch", "sympy"),
    calls=tuple(call for case in INSTANCES for call in case.calls),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("deep_linear.derivatives",),
)
