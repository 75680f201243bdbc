"""Exercise slices.pca-noise: the principal components of a random walk, which is nothing but noise."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.exercises.exercise import Call, Exercise, Item, WrongAnswer, exact, instead, rationals
from theory.exercises.matrices import matrix, printed

SIZES = (1, 2, 3, 4, 5, 7)
COMPONENTS = ((2, 1), (3, 1), (3, 2), (4, 2), (6, 2), (6, 3), (6, 4))
COVARIANCES = tuple(Call("covariance", (n,)) for n in SIZES)
INVERSES = tuple(Call("inverse", (n,)) for n in SIZES)
FRACTIONS = tuple(Call("explained", pair) for pair in COMPONENTS)
CURVE = Call("curve")

QUESTION = """\
An "optimiser" that learns nothing: theta_1, ..., theta_n in R^d with theta_{i+1} = theta_i + xi_i, where all entries of
all xi_i are independent standard normal numbers. Principal components of these points are those of the n x n matrix
    C_ij = (1/d) (theta_i - m) . (theta_j - m),     m the mean of the n points,
which tends to its expected value as d grows. Write four functions, in exact numbers:

  covariance(n)     the expected value of C, a list of rows;
  inverse(n)        the symmetric integer matrix L with L C = C L = I - J/n, J the matrix of ones, and L J = 0;
  explained(n, k)   the fraction of the trace of C in its k-th largest eigenvalue; asked only where it is rational:
                    (n, k) = (2, 1), (3, 1), (3, 2), (4, 2), (6, 2), (6, 3), (6, 4);
  curve()           [a, b, c]: for every n the picture of the first two components (x_i, y_i), each scaled so that its
                    eigenvector is a vector of cosines cos(.) of angles, lies on y = a x^2 + b x + c."""

HINTS = (
    "E (theta_i - theta_1) . (theta_j - theta_1) / d counts the steps that both have made. Then subtract the means "
    "of the rows and columns and add that of all entries.",
    "Which matrix turns points into steps? L is what is left if you apply it and its transpose.",
    "L is tridiagonal: the Laplacian of a path with n points. C and L have the same eigenvectors, and their "
    "eigenvalues are reciprocal, apart from the 0 of the vector of ones.",
    "Try v_i = cos(t (i - 1/2)): inside it is an eigenvector for every t, with the eigenvalue 2 - 2 cos t; the last "
    "row wants sin(n t) = 0. So t = pi k / n, and the k-th eigenvalue of C is 1 / (2 - 2 cos(pi k / n)).",
    "The trace of C is (n^2 - 1) / 6. And cos 2t is a polynomial of cos t.",
)

STUB = '''\
"""Exercise slices.pca-noise. Use integers and Fractions only."""

from fractions import Fraction


def covariance(n):
    """The expected matrix C, a list of n rows."""
    ...


def inverse(n):
    """L with L C = C L = I - J/n and L J = 0, a list of n rows."""
    ...


def explained(n, k):
    """The fraction that component k explains."""
    ...


def curve():
    """[a, b, c] with y = a x^2 + b x + c."""
    ...
'''

REFERENCE = """\
from fractions import Fraction


def covariance(n):
    K = [[min(i, j) for j in range(n)] for i in range(n)]
    row = [Fraction(sum(r), n) for r in K]
    return [[K[i][j] - row[i] - row[j] + sum(row) / n for j in range(n)] for i in range(n)]


def inverse(n):
    L = [[0] * n for _ in range(n)]
    for i in range(n - 1):
        L[i][i] += 1
        L[i + 1][i + 1] += 1
        L[i][i + 1] -= 1
        L[i + 1][i] -= 1
    return L


COSINES = {Fraction(1, 2): 0, Fraction(1, 3): Fraction(1, 2), Fraction(2, 3): Fraction(-1, 2)}


def explained(n, k):
    return 1 / (2 - 2 * Fraction(COSINES[Fraction(k, n)])) / Fraction(n * n - 1, 6)


def curve():
    return [2, 0, -1]
"""

_instead = partial(instead, REFERENCE)

CENTRED, LAST = "K[i][j] - row[i] - row[j] + sum(row) / n", "def explained(n, k):\n    return "

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer("not centred", _instead(CENTRED, "K[i][j]"), "covariance, n = 2"),
    WrongAnswer("around the last point", _instead(CENTRED, "n - 1 - max(i, j)"), "covariance, n = 2"),
    WrongAnswer("the mean of all entries subtracted", _instead("+ sum(row)", "- sum(row)"), "covariance, n = 2"),
    WrongAnswer("rows centred, columns not", _instead(" - row[j] + sum(row) / n", ""), "covariance, n = 2"),
    WrongAnswer("independent points", _instead("min(i, j) for", "int(i == j) for"), "covariance, n = 2"),
    WrongAnswer("divided by n", _instead("return [[K[i][j]", "K = [[Fraction(x, n) for x in r] for r in K]\n"
        "    row = [x / n for x in row]\n    return [[K[i][j]"), "covariance, n = 2"),
    WrongAnswer("a ring, not a path", _instead("    return L", "    L[0][-1] -= n > 2\n    L[-1][0] -= n > 2\n"
        "    L[0][0] += n > 2\n    L[-1][-1] += n > 2\n    return L"), "inverse, n = 3"),
    WrongAnswer("both ends fixed", _instead("    return L", "    L[0][0] += 1\n    L[-1][-1] += 1\n    return L"),
        "inverse, n = 1"),
    WrongAnswer("the end free, the start fixed", _instead("    return L", "    L[0][0] += 1\n    return L"),
        "inverse, n = 1"),
    WrongAnswer("the wrong sign", _instead("[i + 1] -= 1\n        L[i + 1][i] -= 1", "[i + 1] += 1\n"
        "        L[i + 1][i] += 1"), "inverse, n = 2"),
    WrongAnswer("the limit 6/(pi k)^2", _instead(LAST, f"{LAST}6 / (3.141592653589793 * k) ** 2 + 0 * "), "the float"),
    WrongAnswer("equal parts", _instead(LAST, f"{LAST}Fraction(1, n - 1) + 0 * "), "explained, n = 3, k = 1"),
    WrongAnswer("the eigenvalue itself", _instead(" / Fraction(n * n - 1, 6)", ""), "explained, n = 2, k = 1"),
    WrongAnswer("the eigenvalue of L", _instead("1 / (2 - 2 * Fraction(COSINES[Fraction(k, n)]))",
        "(2 - 2 * Fraction(COSINES[Fraction(k, n)]))"), "explained, n = 2, k = 1"),
    WrongAnswer("the trace without centring", _instead("Fraction(n * n - 1, 6)", "Fraction(n * (n - 1), 2)"),
        "explained, n = 2, k = 1"),
    WrongAnswer("the parabola upside down", _instead("[2, 0, -1]", "[-1, 0, 1]"), "curve"),
    WrongAnswer("through the origin", _instead("[2, 0, -1]", "[2, 0, 0]"), "curve"),
    WrongAnswer("for 2 cos in place of cos", _instead("[2, 0, -1]", "[1, 0, -2]"), "curve"),
    WrongAnswer("the book imported", f"from theory.slices import trajectories\n\n{REFERENCE}", "without theory"),
)  # fmt: skip


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Matrices by their definition, fractions by the eigenvectors of cosines, the curve by cos 2t."""
    items = []
    for n, first, second in zip(SIZES, COVARIANCES, INVERSES, strict=True):
        C = _covariance(n)
        got = matrix(answers[first], str(first), n, n)
        items.append(_item("covariance", f"n = {n}", got, C, n))
        L = matrix(answers[second], str(second), n, n)
        target = rational(n * np.eye(n, dtype=int) - 1) / n
        right = bool((L @ C == target).all() and (C @ L == target).all() and (L.sum(1) == 0).all())
        message = f"inverse, n = {n}: needs L C = C L = I - J/n and L J = 0, got {printed(L)}"
        items.append(Item("inverse", right, "inverse is right." if right else message, 100 + n))
    for (n, k), call in zip(COMPONENTS, FRACTIONS, strict=True):
        share = rational([exact(answers[call], str(call))])
        items.append(_item("explained", f"n = {n}, k = {k}", share, rational([_explained(n, k)]), 200 + n))
    a, b, c = rationals(answers[CURVE], "curve()", 3)
    x = rational(["-1/2", 0, 1])  # at cos t = -1/2, 0, 1: cos 2t = -1/2, -1, 1
    right = bool((a * x * x + b * x + c == rational(["-1/2", -1, 1])).all())
    message = f"curve: y = {a} x^2 + {b} x + {c} misses a point; which cosine is y, if x is cos t?"
    return [*items, Item("curve", right, "curve is right." if right else message, 300)]


def _covariance(n: int) -> np.ndarray:
    """From the 0/1 matrix of the steps that each point has made, and the projection off the mean."""
    A = rational(np.tri(n, max(n - 1, 1), -1, dtype=int))
    P = rational(n * np.eye(n, dtype=int) - 1) / n
    return P @ A @ A.T @ P


def _explained(n: int, k: int) -> Fraction:
    """6 / ((n^2 - 1)(2 - 2 cos(pi k / n))) where 2 cos is an integer: 2 - 2 cos is 1, 2 or 3."""
    return Fraction(6, (n * n - 1) * {Fraction(1, 3): 1, Fraction(1, 2): 2, Fraction(2, 3): 3}[Fraction(k, n)])


def _item(name: str, where: str, got: np.ndarray, want: np.ndarray, size: int) -> Item:
    if (got == want).all():
        return Item(name, True, f"{name}, {where} is right.", size)
    texts = [printed(a if a.ndim > 1 else a[0]) for a in (want, got)]
    return Item(name, False, f"{name}, {where}: needs {texts[0]}, got {texts[1]}", size)


EXERCISE = Exercise(
    id="slices.pca-noise",
    title="Principal components of pure noise",
    question=QUESTION,
    level="intermediate",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory", "numpy.linalg", "scipy", "sympy"),
    calls=(*COVARIANCES, *INVERSES, *FRACTIONS, CURVE),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=(
        "trajectories.noise_components",
        "trajectories.noise_looks_structured",
        "trajectories.noise_draws_chebyshev",
    ),
)
