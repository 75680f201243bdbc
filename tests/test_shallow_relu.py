"""Small ReLU nets: all differentiable local minima, against the line landscape, literal criteria and known tables."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from theory.arithmetic import ball, is_zero, rational
from theory.calculus.inertia import inertia
from theory.calculus.unit_interval import interpolated, is_nonincreasing, is_nonnegative, is_positive
from theory.claims.shallow_relu_minima import proved_minima
from theory.critical.relu_neuron import line_landscape
from theory.critical.shallow_relu import differentiable_kind, differentiable_minima
from theory.errors import NotExact, TooLarge
from theory.landscape import Kind
from theory.models.deep_linear import DeepLinearNet
from theory.models.shallow_net import ShallowNet

CORNERS, LABELS = [[0, 0, 1, 1], [0, 1, 0, 1]], [0, 1, 1, 0]


def net(k, X=CORNERS, y=LABELS, **options):
    return ShallowNet(k, X, y, "relu", **options)


NETS = {
    "XOR 2-1-1": net(1),
    "XOR 2-2-1": net(2),
    "XOR 2-2-1, no output bias": net(2, output_bias=False),
    "one sample": net(1, [[3]], [1]),
    "one sample, no output bias": net(2, [[3]], [1], output_bias=False),
    "contradictory duplicates": net(2, [[1, 1, 2]], [0, 1, 3]),
    "four samples on a line": net(2, [[0, 1, 2, 3]], [0, 3, 1, 1]),
    "zero targets": net(1, [[0, 1]], [0, 0], output_bias=False),
}


@pytest.mark.parametrize("name", NETS)
def test_every_point_found_is_a_local_minimum_of_its_pattern_and_signs(name):
    model = NETS[name]
    for found in differentiable_minima(model):
        assert len(found.thetas) == len(found.signs) > 0
        for theta, signs in zip(found.thetas, found.signs, strict=True):
            assert model.loss(theta) == found.value and model.smooth_at(theta)
            active = model.activation_pattern(theta)
            assert tuple(tuple(np.flatnonzero(row)) for row in active) == found.pattern
            a = model.unpack(theta)[2]
            assert all((s == (x > 0) - (x < 0)) for s, x, A in zip(signs, a, found.pattern, strict=True) if A)
            kind = differentiable_kind(model, theta)
            assert kind is (Kind.GLOBAL_MINIMUM if found.value == 0 else Kind.LOCAL_MINIMUM)
            assert inertia(model.hessian(theta)).negative == 0 and is_zero(model.gradient(theta)).all()


def counts(model):
    return Counter(str(found.value) for found in differentiable_minima(model))


def test_xor():
    assert counts(NETS["XOR 2-1-1"]) == {"1/6": 4, "1/4": 2}
    assert counts(NETS["XOR 2-2-1"]) == {"0": 46, "1/8": 16, "1/6": 8, "1/4": 3}
    single = differentiable_minima(NETS["XOR 2-1-1"])[:4]
    assert [found.pattern for found in single] == [((i,),) for i in range(4)]
    assert [found.signs for found in single] == [((-1,),), ((1,),), ((1,),), ((-1,),)]


def test_values_are_sorted_and_the_dead_net_is_always_there():
    for model in NETS.values():
        found = differentiable_minima(model)
        assert [f.value for f in found] == sorted(f.value for f in found)
        assert sum(f.pattern == ((),) * model.width for f in found) == 1


def test_a_neuron_on_the_line_has_the_floors_of_its_landscape():
    """Floors that some kink off the data attains; what is found besides are plateaus: no, one or all samples active."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        m = int(rng.integers(2, 6))
        x, y = rng.permutation(7)[:m].tolist(), rng.integers(-3, 4, m).tolist()
        landscape, found = line_landscape(x, y), differentiable_minima(net(1, [x], y))
        values = {str(f.value) for f in found}
        floors = {str(f.value) for f in landscape.floors if f.kink not in rational(x)}
        assert floors <= values | {str(f.value) for f in landscape.floors if f.kink in rational(x)}
        for f in found:
            active = len(f.pattern[0])
            assert str(f.value) in {str(g.value) for g in landscape.floors} or active in (0, 1, m)


def test_a_pattern_on_the_line_has_minima_iff_its_two_pieces_meet_between_the_samples():
    """Literally: regression line on the active samples, mean on the others; the kink is where they meet."""
    rng, seen = np.random.default_rng(3), Counter()
    for _ in range(30):
        m = int(rng.integers(4, 7))
        x, y = sorted(rng.permutation(9)[:m].tolist()), rng.integers(-3, 4, m).tolist()
        found = {f.pattern[0] for f in differentiable_minima(net(1, [x], y))}
        for size in range(2, m):
            for A in (tuple(range(size)), tuple(range(m - size, m))):
                X, Y = rational(x)[list(A)], rational(y)[list(A)]
                slope = ((X - X.sum() / size) * Y).sum() / ((X - X.sum() / size) * X).sum()
                rest = [i for i in range(m) if i not in A]
                height = rational(y)[rest].sum() / len(rest) - Y.sum() / size
                left, right = sorted((x[A[-1] if A[0] == 0 else A[0]], x[rest[0] if A[0] == 0 else rest[-1]]))
                meets = slope != 0 and left < height / slope + X.sum() / size < right
                flat = slope == 0 and height == 0
                assert (A in found) == (meets or flat)
                seen[meets] += 1
    assert min(seen.values()) >= 10


def test_kinds_off_and_at_critical_points():
    """One unused neuron with the feature (0, 1, 3, 5)/2: y is orthogonal to it and to 1, but not to its active x."""
    at = rational([1, "-1/2", 0, 0])
    saddle = net(1, [[0, 1, 2, 3]], [2, -3, 1, 0])
    assert is_zero(saddle.gradient(at)).all() and inertia(saddle.hessian(at)).negative == 1
    assert differentiable_kind(saddle, at) is Kind.STRICT_SADDLE
    assert differentiable_kind(saddle, rational([1, "-1/2", 1, 0])) is Kind.NOT_CRITICAL
    assert differentiable_kind(net(1, [[0, 1, 2, 3]], [0, 1, -1, 0]), at) is Kind.NOT_CRITICAL
    assert differentiable_kind(net(1, [[0, 1, 2, 3]], [0, 1, -2, 1]), at) is Kind.LOCAL_MINIMUM


REFUSED = {
    "another model": (lambda: differentiable_minima(DeepLinearNet((1, 1), [[1]], [[1]])), TypeError, "needs a Shallow"),
    "another activation": (lambda: differentiable_minima(ShallowNet(1, [[1]], [1])), ValueError, "needs ReLU"),
    "another loss": (lambda: differentiable_minima(net(1, loss="absolute")), ValueError, "squared loss"),
    "floats": (lambda: differentiable_minima(net(1, [[0.5]], [1.0])), NotExact, "must be rational"),
    "too many patterns": (lambda: differentiable_minima(net(5)), TooLarge, "at most 50000 systems, got"),
    "a bad bound": (lambda: differentiable_minima(net(1), max_systems=0), ValueError, "positive integer"),
    "a batch": (lambda: differentiable_kind(net(1), [[1, 0, 1, 1, 0]] * 2), ValueError, "needs shape"),
    "a float point": (lambda: differentiable_kind(net(1), [0.5, 0.5, 1.0, 1.0, 0.0]), NotExact, "must be rational"),
    "a ball": (lambda: differentiable_kind(net(1), ball(["1/2"] * 5)), NotExact, "must be rational"),
    "NaN": (lambda: differentiable_kind(net(1), [float("nan")] * 5), ValueError, "finite"),
    "a kink": (lambda: differentiable_kind(net(1), [1, 1, 0, 1, 0]), ValueError, "got a kink"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused_in_one_line(name):
    call, error, says = REFUSED[name]
    with pytest.raises(error, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)


# -- the proof for XOR -------------------------------------------------------------------------------------------------


def test_minima_counted_under_another_pattern_or_sign_are_no_proof():
    """Planted in the list: another pattern, other signs, one minimum listed twice, one left out, another value."""
    model = NETS["XOR 2-1-1"]
    found = differentiable_minima(model)
    assert proved_minima(model, found) == (True, {"1/6": 4, "1/4": 2})
    first, second, *rest = found
    planted = (
        (replace(first, pattern=second.pattern), replace(second, pattern=first.pattern), *rest),
        (replace(first, signs=((-first.signs[0][0],),)), second, *rest),
        (first, first, second, *rest),
        (second, *rest),
        (replace(first, value=0 * first.value), second, *rest),
    )
    assert not any(proved_minima(model, minima)[0] for minima in planted)


# -- signs of polynomials on [0, 1] ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coefficients", "nonnegative", "positive"),
    [
        ([0, 1, -1], True, False),  # t (1 - t)
        ([1, -4, 4], True, False),  # (2t - 1)^2
        ([1, -3, 2], False, False),  # (1 - t)(1 - 2t)
        ([0], True, False),
        ([1, -1, 1], True, True),
        ([-1], False, False),
        ([0, -1, 1], False, False),
        (["1/9", "-2/3", 1], True, False),  # (t - 1/3)^2
    ],
)
def test_signs_on_the_unit_interval(coefficients, nonnegative, positive):
    assert is_nonnegative(coefficients) is nonnegative and is_positive(coefficients) is positive


def test_signs_agree_with_values_on_a_grid():
    rng = np.random.default_rng(2)
    t = rational(np.arange(41)) / 40
    decided = Counter()
    for _ in range(60):
        c = rational(rng.integers(-4, 5, 4))
        values = ((c[3] * t + c[2]) * t + c[1]) * t + c[0]
        if (values < 0).any():
            assert not is_nonnegative(c)
        if (values <= 0).any():
            assert not is_positive(c)
        slopes = values[1:] - values[:-1]
        if (slopes > 0).any():
            assert not is_nonincreasing(c)
        decided[is_nonnegative(c), is_positive(c), is_nonincreasing(c)] += 1
    assert len(decided) >= 4


def test_interpolation_is_exact():
    t = rational(["0", "1/3", "2/3", "1"])
    assert (interpolated(1 - 2 * t + t * t * t) == rational([1, -2, 0, 1])).all()
