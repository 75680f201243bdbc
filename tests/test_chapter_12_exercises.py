"""Exercises 12.4, 12.6 and 12.7: other right answers than the references, and near misses."""

from itertools import pairwise

import numpy as np
import pytest

from theory.arithmetic import rational
from theory.exercises import ex_12_4, ex_12_6, ex_12_7
from theory.exercises.exercise import BadAnswer
from theory.exercises.grader import grade
from theory.exercises.parameter_paths import points, polynomials
from theory.exercises.polynomials import polynomial
from theory.models.shallow_net import ShallowNet

EXERCISES = {module.EXERCISE.id: module.EXERCISE for module in (ex_12_4, ex_12_6, ex_12_7)}


def submit(id, source, folder):
    path = folder / "answer.py"
    path.write_text(source, encoding="utf-8")
    return grade(EXERCISES[id], path)


# -- 12.4 -------------------------------------------------------------------------------------------------------------

FINER = """

coarse = path


def path(k, x, y, theta):
    corners = [p if hasattr(p, "dtype") else rational(p) for p in coarse(k, x, y, theta)]
    halves = [(p + q) / 2 for p, q in zip(corners, corners[1:])]
    return [corners[0], *(p for pair in zip(halves, corners[1:]) for p in pair)]
"""


def test_a_finer_path_passes(tmp_path):
    result = submit("12.4", ex_12_4.REFERENCE + FINER, tmp_path)
    assert result.passed and "right: 2 legs" in result.messages[0], result.messages


def test_a_lower_end_that_is_no_minimum_fails(tmp_path):
    half = ex_12_4.REFERENCE.replace(
        "best = out + pinv(V.T) @ (y - V.T @ out)", "best = out + pinv(V.T) @ (y - V.T @ out) / 2"
    )
    result = submit("12.4", half, tmp_path)
    assert "ends at a loss of 1;" in result.messages[0]


# -- 12.6 ------------------------------------------------------------------------------------------------------------

OTHERS = {
    "the mirror image": (
        "[[2, 2, 1], [0, 4, 2], [1, 2, 4]]",
        "[1, 0]",
        "[[[[2, 0, 1], [0, 2, 2], [1, 0, 4]], [[0, 1, 1]]]]",
        "[[1, 0], [-2, 0], [-2, -1]]",
        "[[[[0, 0, 1]], [[1, 1, 1], [0, 1, 2]]], [[[0, 0, 2]], [[0, 2, 1], [0, 0, -1]]]]",
    ),
    "the coordinates exchanged": (
        "[[2, 2, 1], [4, 0, 2], [2, 1, -4]]",
        "[0, '-1/2']",
        "[[[[0, 2, 1], [2, 0, 2], [0, 1, -4]], [[1, 0, 1]]]]",
        "[[0, '-1/2'], [0, 1], [0, 2], ['1/2', 2], [1, 2]]",
        "[[[[0, 0, 1]], [[1, 1, 1], [1, 0, -2]]], [[[0, 0, 2]], [[2, 0, 1], [0, 0, -1]]]]",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_counterexamples_pass(name, tmp_path):
    result = submit("12.6", ex_12_6.answer(*OTHERS[name]), tmp_path)
    assert result.passed, result.messages


def test_a_strict_minimum_cannot_be_submitted(tmp_path):
    """No path leads down from it: of x^4/4 - 5 x^3/3 + 3 x^2 + y^2 at (3, 0)."""
    f = "[[4, 0, '1/4'], [3, 0, '-5/3'], [2, 0, 3], [0, 2, 1]]"
    g = "[[[[2, 0, '1/4'], [1, 0, '-1/6'], [0, 0, '-1/4']], [[1, 0, 1], [0, 0, -3]]], [[[0, 0, 1]], [[0, 1, 1]]]]"
    why = (
        "[[[[0, 0, '1/4']], [[2, 0, 1], [1, 0, '-10/3']]], [[[0, 0, '2/9']], [[1, 0, 1]]], [[[0, 0, 1]], [[0, 1, 1]]]]"
    )
    result = submit("12.6", ex_12_6.answer(f, "[3, 0]", g, "[[3, 0], [0, 0]]", why), tmp_path)
    assert result.messages[0].startswith("path(): f rises above")


@pytest.mark.parametrize("value", [[["1", "0"]], [["1/2", "0", "1"]], [["-1", "0", "1"]], [["99", "0", "1"]], 3, [3]])
def test_polynomials_of_a_wrong_form_are_refused(value):
    with pytest.raises(BadAnswer, match=r"^f"):
        polynomial(value, "f")


# -- 12.7 ------------------------------------------------------------------------------------------------------------


def test_a_path_need_not_fall_monotonically(tmp_path):
    """Down, up again to less than the start, and down to the minimum."""
    start, end = "[1, 1, 0, -1, 0, 0, F(1, 3)]", "[1, 1, 0, -1, 1, -2, 0]"
    middle = "[1, 1, 0, -1, F(1, 2), -1, F(1, 6)]"
    source = ex_12_7.answer(ex_12_7.FIRST, f"[{start}, {middle}, {start}, {middle}, {end}]", ex_12_7.THIRD, "None")
    assert submit("12.7", source, tmp_path).passed


def test_curved_legs_are_judged_between_their_ends():
    """Both ends at the level of the start, and a hill between them."""
    net = ShallowNet(1, ((1,),), (0,), "relu")
    hill = [rational([1, 0, 0, 0]), rational([0, 1, 0, 0])]
    assert ex_12_7.rising_leg(net, hill) is None
    hill = [rational([1, 0, 1, -1]), rational([-1, 0, -3, 0])]
    assert net.loss(hill[0]) == 0 == net.loss(hill[1]) and ex_12_7.rising_leg(net, hill) == 1


# -- paths -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["relu", "square"])
def test_the_polynomials_are_the_loss_along_the_leg(activation):
    rng, pieces = np.random.default_rng(4), 0
    for _ in range(10):
        net = ShallowNet(2, [[-1, 0, 1, 2]], rng.integers(-2, 3, 4).tolist(), activation)
        p, q = rational(rng.integers(-3, 4, (2, net.dim)))
        u, v = net.preactivations(p).ravel(), net.preactivations(q).ravel()
        cuts = sorted({a / (a - b) for a, b in zip(u, v, strict=True) if a * b < 0} | {*rational([0, 1])})
        found = list(polynomials(net, p, q))
        pieces += len(found)
        for c, (a, b) in zip(found, pairwise(cuts), strict=True):
            for t in rational([0, "2/7", "1/2", "9/10", 1]):
                assert sum(x * t**k for k, x in enumerate(c)) == net.loss(p + (a + (b - a) * t) * (q - p))
    assert pieces > 20


def test_points_of_a_wrong_form_are_refused():
    for value in (None, [], [1], [["1"] * 3], [["1"] * 4] * 61, [[{"float": "1.0"}] * 4]):
        with pytest.raises(BadAnswer, match=r"^path"):
            points(value, "path()", 4)
    assert len(points([["1", "1/2", "0", "-3"]], "path()", 4)) == 1
