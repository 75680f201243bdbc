"""Exercises on linear nets: other right answers than the references, the truths by a second route, strange answers."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import pinv, rank
from theory.critical.classify import classify
from theory.exercises import (
    ex_linear_bad_saddle,
    ex_linear_critical_values,
    ex_linear_gradient,
    ex_linear_pivots,
    ex_linear_reflection,
)
from theory.exercises.exercise import BadAnswer
from theory.exercises.grader import grade
from theory.exercises.matrices import chain, layers, matrix, printed
from theory.landscape import Kind
from theory.models import DeepLinearNet

MODULES = (
    ex_linear_bad_saddle,
    ex_linear_critical_values,
    ex_linear_gradient,
    ex_linear_pivots,
    ex_linear_reflection,
)
EXERCISES = {module.EXERCISE.id: module.EXERCISE for module in MODULES}
FUNCTIONS = [(id, name) for id, e in EXERCISES.items() for name in dict.fromkeys(c.function for c in e.calls)]


def submit(id, source, folder):
    path = folder / "answer.py"
    path.write_text(source, encoding="utf-8")
    return grade(EXERCISES[id], path)


def assert_passes(id, source, folder):
    result = submit(id, source, folder)
    assert result.passed, result.messages


# --- other right answers ---------------------------------------------------------------------------------------------

LOOPS = '''
from fractions import Fraction


def multiply(A, B):
    return [[sum(A[i][k] * B[k][j] for k in range(len(B))) for j in range(len(B[0]))] for i in range(len(A))]


def loss(layers, X, Y):
    for W in layers:
        X = multiply(W, X)
    return sum((a - b) ** 2 for x, y in zip(X, Y) for a, b in zip(x, y))


def moved(layers, i, p, q, step):
    out = [[list(row) for row in W] for W in layers]
    out[i][p][q] += step
    return out


def gradient(layers, X, Y):
    """Central differences: exact, since the loss is quadratic in a single weight."""
    return [
        [[Fraction(loss(moved(layers, i, p, q, 1), X, Y) - loss(moved(layers, i, p, q, -1), X, Y), 2)
          for q in range(len(W[0]))] for p in range(len(W))]
        for i, W in enumerate(layers)
    ]


def hessian_times(layers, V, X, Y):
    """Differences of gradients, weight by weight: exact, since a gradient is quadratic in a single weight."""
    D = [[[Fraction(0)] * len(W[0]) for _ in W] for W in layers]
    for i, v in enumerate(V):
        for p, row in enumerate(v):
            for q, factor in enumerate(row):
                up, down = (gradient(moved(layers, i, p, q, s), X, Y) for s in (1, -1))
                for d, u, w in zip(D, up, down):
                    for a in range(len(d)):
                        for b in range(len(d[0])):
                            d[a][b] += factor * (u[a][b] - w[a][b]) / 2
    return D
'''


def test_gradients_by_exact_differences(tmp_path):
    assert_passes("linear.gradient", LOOPS, tmp_path)


HESSIAN_EIGENVALUES = '''
import numpy as np


def product(layers, size):
    P = np.eye(size, dtype=int)
    for w in layers:
        P = w @ P
    return P


def gradient(W, Y):
    M = product(W, len(Y[0])) - Y
    return np.concatenate([
        (product(W[i + 1:], len(w)).T @ M @ product(W[:i], len(Y[0])).T).ravel() for i, w in enumerate(W)
    ])


def kind(layers, Y):
    """From the Hessian itself: differences of the gradient are exact, since it is quadratic in a single weight."""
    W, Y = [np.array(w) for w in layers], np.array(Y)
    if gradient(W, Y).any():
        return "not critical"
    columns = []
    for i, w in enumerate(W):
        for index in np.ndindex(w.shape):
            step = np.zeros_like(w)
            step[index] = 1
            up, down = (gradient([*W[:i], w + s * step, *W[i + 1:]], Y) for s in (1, -1))
            columns.append((up - down) / 2)
    values = np.linalg.eigvalsh(np.array(columns))
    if values[0] < -1e-9:
        return "strict saddle"
    sigma, k = np.diag(Y), min(len(Y[0]), *map(len, W))
    least = (sigma[k:] ** 2).sum()
    E = product(W, len(Y[0])) - Y
    return "global minimum" if (E * E).sum() == least else "non-strict saddle"
'''


def test_kinds_by_the_eigenvalues_of_the_hessian(tmp_path):
    assert_passes("linear.pivots", HESSIAN_EIGENVALUES, tmp_path)


BAD_SADDLES = {
    "four matrices": ("E, [[3, 0], [0, 1]]", "[P, P, P, [[3, 0], [0, 0]]]", "[[Q, Q, Q, Q]]"),
    "another basis of a hidden layer": (
        "E, [[2, 0], [0, 1]]",
        "[[[1, 0], [1, 0]], [[1, 0], [0, 0]], [[2, 0], [0, 0]]]",
        "[[Q, Q, Q]]",
    ),
    "equal singular values": ("E, E", "[P, P, P]", "[[Q, Q, Q]]"),
    "more inputs than outputs, one of them twice": (
        "[[1, 0], [0, 1], [1, 0]], [[2, 0], [0, 1]]",
        "[[[1, 0, 0], [0, 0, 0]], P, [[2, 0], [0, 0]]]",
        "[[[[0, 0, 0], [0, 1, 0]], Q, Q]]",
    ),
    "a curve of degree two": ("E, [[2, 0], [0, 1]]", "[P, P, [[2, 0], [0, 0]]]", "[[Q, Q, Z], [Z, Z, Q]]"),
    "a floor and a fraction": (
        "[[1, 0, 0], [0, '1/2', 0]], [[2, 0, 5], [0, Fraction(1, 2), 0]]",
        "[P, P, [['2', 0], [0, 0]]]",
        "[[Q, Q, [[0, 0], [0, '1/3']]]]",
    ),
    "an irrational global minimum": (
        "[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[5, 0, 0], [0, 1, 1], [0, 0, 1]]",
        "[[[1, 0, 0], [0, 0, 0]], P, [[5, 0], [0, 0], [0, 0]]]",
        "[[[[0, 0, 0], [0, 1, 0]], Q, [[0, 0], [0, 1], [0, 0]]]]",
    ),
}


@pytest.mark.parametrize("answer", BAD_SADDLES.values(), ids=BAD_SADDLES)
def test_other_bad_saddles(answer, tmp_path):
    assert_passes("linear.bad-saddle", ex_linear_bad_saddle.answer(*answer), tmp_path)


REFLECTION = """
from fractions import Fraction

R = Fraction({R})


def root(H):
    # Newton from above on a convex increasing function: it stays above the root; then one step down
    a = 1 - R
    for _ in range(40):
        f = (a - 1) * (a + 1) ** (H - 1) + R
        slope = (a + 1) ** (H - 1) + (H - 1) * (a - 1) * (a + 1) ** max(H - 2, 0)
        a = Fraction(int((a - f / slope) * 2**20) + 1, 2**20)
    return a


def target():
    return R


def weights(H):
    u = root(H)
    return [R / (1 + u) ** (H - 1) - 1] + [u] * (H - 1)


def lower_bound(H):
    return 1 - R if H == 1 else root(H) - Fraction(1, 2000)


def every_depth():
    return 1
"""


@pytest.mark.parametrize("R", ["-1", "-3", "'-1/2'", "'-1/1000'"])
def test_other_reflections(R, tmp_path):
    assert_passes("linear.reflection", REFLECTION.format(R=R), tmp_path)


def test_the_least_weights_are_those_of_the_corners():
    """A product of 1 + w_k is linear in each w_k: on the cube |w_k| <= a its least value is that of a corner."""
    for H, a, R in product(range(1, 6), range(1, 40), (-1, -3, "-1/2")):
        a, R = rational([Fraction(a, 10), R])
        least = min(np.prod([1 + s * a for s in signs]) for signs in product((1, -1), repeat=H))
        sign = ex_linear_reflection.above_best(a, R, H)
        assert (least <= R) == (sign >= 0) and (least == R) == (sign == 0)


def test_critical_values_in_any_order_and_of_other_libraries(tmp_path):
    source = ex_linear_critical_values.REFERENCE.replace(
        "return values", "return [[Rational(v), r, k] for v, r, k in values[::-1]]"
    )
    assert_passes("linear.critical-values", "from sympy import Rational\n" + source, tmp_path)


# --- the truths by a second route ------------------------------------------------------------------------------------


def spectral(widths):
    """The net of the exercise, and the left singular vectors of Y X^+ X with the least-squares map."""
    X, Y = rational(ex_linear_critical_values.X), rational(ex_linear_critical_values.Y)
    U = rational([[2, 1, 2], [1, 2, -2], [-2, 2, 1]]) * rational(["1/3"])[0]
    return DeepLinearNet(widths, X, Y), U, Y @ pinv(X)


def critical_point(net, U, best, S, alive=0):
    """Weights with product U_S U_S^T Y X^+; ``alive`` more units pass through the layers between the first and last."""
    r, layers = len(S), []
    for i, (_, shape) in enumerate(net.layout):
        W = rational(np.zeros(shape, int))
        if i == 0:
            W[:r] = U[:, S].T @ best
        elif i == net.depth - 1:
            W[:, :r] = U[:, S]
        else:
            W[range(r + alive), range(r + alive)] = rational([1])[0]
        layers.append(W)
    return net.pack(*layers)


@pytest.mark.parametrize("widths", ex_linear_critical_values.WIDTHS[1:], ids=str)
def test_critical_values_are_those_of_critical_points(widths):
    net, U, best = spectral(widths)
    truth, k, found = ex_linear_critical_values.truth(widths), min(widths), {}
    for S in (list(S) for r in range(k + 1) for S in combinations(range(3), r)):
        theta = critical_point(net, U, best, S)
        answer = classify(net, theta)
        r, kind = truth[answer.loss]
        found[answer.loss] = r
        assert r == rank(net.product(theta)) == len(S)
        if kind == ex_linear_critical_values.BOTH:
            between = classify(net, critical_point(net, U, best, S, alive=1))
            assert (answer.kind, between.kind) == (Kind.NON_STRICT_SADDLE, Kind.STRICT_SADDLE)
            assert between.loss == answer.loss
        else:
            expected = {"global minimum": Kind.GLOBAL_MINIMUM, "strict": Kind.STRICT_SADDLE}[kind]
            assert answer.kind == expected
    assert len(found) == len(truth)


def test_one_matrix_has_one_critical_value():
    net, _, best = spectral((3, 3))
    (value,) = ex_linear_critical_values.truth((3, 3))
    theta = best.ravel()
    assert is_zero(net.gradient(theta)).all() and net.loss(theta) == value == net.minimum_value()


def test_the_nets_of_the_pivots_are_of_every_kind():
    kinds = [net.truth().kind for net in ex_linear_pivots.NETS]
    assert set(kinds) == set(ex_linear_pivots.KINDS)
    assert len(set(ex_linear_pivots.NETS)) == len(ex_linear_pivots.NETS)


def test_the_loss_along_a_curve_is_a_polynomial():
    net = DeepLinearNet((1, 1, 1, 1), [[1]], [[2]])
    zero, one = rational([0, 0, 0]), rational([1, 1, 1])
    assert ex_linear_bad_saddle.loss_along(net, zero, [one]) == [4, 0, 0, -4, 0, 0, 1]
    assert ex_linear_bad_saddle.loss_along(net, zero, [zero, one]) == [4, 0, 0, 0, 0, 0, -4, 0, 0, 0, 0, 0, 1]
    assert ex_linear_bad_saddle.loss_along(net, one, [zero]) == [1]


# --- the form of the answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "strange",
    ["10**5000", "True", "object()", "[[[]]]", "[]", "'x'", "float('nan')", "{1: 2}", "[[1, 2], 3]", "[[['1/0']]]"],
)
@pytest.mark.parametrize(("id", "function"), FUNCTIONS, ids=[f"{id}: {name}" for id, name in FUNCTIONS])
def test_strange_answers_are_one_sentence(id, function, strange, tmp_path):
    source = f"{EXERCISES[id].reference}\n\ndef {function}(*arguments):\n    return {strange}\n"
    result = submit(id, source, tmp_path)
    assert not result.passed
    assert function in result.messages[0] and "\n" not in result.messages[0] and len(result.messages[0]) < 600


@pytest.mark.parametrize(
    ("value", "sizes", "says"),
    [
        ([["1", "2"], ["3"]], (None, None), r"some rows with some entries each, got 2 rows of 1 and 2"),
        ([["1"]], (1, 2), r"1 row with 2 entries each, got 1 row of 1"),
        ([["1"]], (2, 1), r"2 rows with 1 entry each, got 1 row of 1"),
        ([[]], (None, None), "as a list of rows"),
        ("1", (None, None), "as a list of rows, got 1"),
        ([["1"] * 9] * 9, (None, None), "at most 80 entries, got 9 x 9"),
        ([[{"float": "0.5"}]], (1, 1), r"a\[0\]\[0\]: needs an integer or a Fraction"),
    ],
)
def test_matrices_of_a_wrong_form(value, sizes, says):
    with pytest.raises(BadAnswer, match=says):
        matrix(value, "a", *sizes)


def test_chains_fit_together():
    W = chain([[["1", "2"]], [["3"], ["1/2"], ["0"]]], "a", 2, 3)
    assert [w.shape for w in W] == [(1, 2), (3, 1)] and printed(W[1]) == "[[3], [1/2], [0]]"
    assert (layers([[["1", "2"]]], "a", [(1, 2)])[0] == rational([[1, 2]])).all()
    with pytest.raises(BadAnswer, match=r"a\[1\]: needs a matrix of 3 rows"):
        chain([[["1", "2"]], [["3"]]], "a", 2, 3)
    with pytest.raises(BadAnswer, match="at most 80 weights, got 100; a smaller net will do"):
        chain([[["1"]]] * 100, "a", 1, 1)
