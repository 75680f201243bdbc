"""The single ReLU neuron on the line: the exact landscape against definitions that share no code with it."""

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import nnls

from theory.arithmetic import flint, rational, to_float
from theory.calculus.tolerance import rounding
from theory.critical.relu_neuron import QUADRANTS, line_landscape
from theory.critical.relu_profile import Interval, mean
from theory.errors import NotExact
from theory.models.relu_neuron import ReluNeuron

N01 = ([-1, 0, 1], [0, 3, 1])
N02 = ([-4, 1, 3], [1, 4, 0])
TWO_IN_ONE_QUADRANT = ([2, 4, 3, -3, -2], [1, -3, 1, 4, -2])
NINE_FLOORS = ([-4, 2, 0, -1, -3, 3, 4], [4, 3, 0, 4, -2, 4, -1])
MINIMUM_ON_KINK = ([3, -4, 2, -3, 4, -3], [2, 1, -4, 2, 4, -2])
REPEATED = ([0, 1, 1, 2], [0, 1, 3, 1])
MONOTONE = ([0, 1], [0, 1])
DATA = [N01, N02, TWO_IN_ONE_QUADRANT, NINE_FLOORS, MINIMUM_ON_KINK, REPEATED, MONOTONE]
FLAT = [([1], [2]), ([1, 1], [2, 3]), ([0, 1, 2], [5, 5, 5])]


def q(p, r=1):
    return flint().fmpq(p, r)


def random_data(seed):
    draw = random.Random(seed)
    m = draw.randint(2, 6)
    return [draw.randint(-4, 4) for _ in range(m)], [draw.randint(-4, 4) for _ in range(m)]


def exact_loss(x, y, theta):
    """The loss from its definition, in Fractions."""
    w, b, a, c = (Fraction(int(v.p), int(v.q)) for v in theta)
    return sum((a * max(w * u + b, 0) + c - v) ** 2 for u, v in zip(x, y, strict=True)) / Fraction(len(x))


def fraction(v):
    return Fraction(int(v.p), int(v.q))


def least_loss(x, y, sign_a, sign_w, t):
    """min over (s, c) with s sign_a >= 0 at a fixed kink, as a non-negative least-squares problem."""
    z = np.maximum(sign_w * (x - t), 0)
    columns = np.stack([sign_a * z, np.ones_like(z), -np.ones_like(z)], axis=1)
    return nnls(columns, y)[1] ** 2 / len(x)


def kinks_to_try(x, parts):
    """All multiples of 1/parts of the distance between neighbouring data points, and points beyond the data."""
    points = sorted(set(x))
    inside = [Fraction(i, parts) * (v - u) + u for u, v in pairwise(points) for i in range(parts)]
    return [Fraction(points[0] - 1), *inside, Fraction(points[-1]), Fraction(points[-1] + 1)]


@pytest.mark.parametrize("data", DATA + FLAT)
def test_profile_is_the_least_loss_with_this_kink(data):
    x, y = data
    landscape = line_landscape(x, y)
    size = sum(v * v for v in y)
    for t in kinks_to_try(x, 7):
        for sign_a, sign_w in QUADRANTS:
            expected = least_loss(np.array(x, float), np.array(y, float), sign_a, sign_w, float(t))
            found = float(fraction(landscape.profile(sign_a, sign_w)(t)))
            assert abs(found - expected) <= rounding(float, 100 * len(x), size)


def runs_below(values, level):
    """Number of maximal runs of grid points with a value of at most the level."""
    below = [False, *(v <= level for v in values)]
    return sum(after and not before for before, after in pairwise(below))


def count_on_grid(landscape, x, y, level, parts):
    """Components of {loss <= level} below Var(y), by a sweep over kinks with the float definition of h."""
    grid = [float(t) for t in kinks_to_try(x, parts)]
    x, y = np.array(x, float), np.array(y, float)
    return sum(runs_below([least_loss(x, y, *quadrant, t) for t in grid], level) for quadrant in QUADRANTS)


@pytest.mark.parametrize("data", DATA)
def test_component_counts_agree_with_a_sweep(data):
    landscape = line_landscape(*data)
    counts = landscape.component_counts()
    for (level, n), (above, _) in pairwise(counts):
        middle = float(fraction((level + above) / 2))
        assert count_on_grid(landscape, *data, middle, 120) == n == len(landscape.components((level + above) / 2))


@pytest.mark.parametrize("seed", range(30))
def test_components_of_random_data_agree_with_a_sweep(seed):
    x, y = random_data(seed)
    landscape = line_landscape(x, y)
    grid = kinks_to_try(x, 60)
    values = {quadrant: [landscape.profiles[quadrant](t) for t in grid] for quadrant in QUADRANTS}
    for level in sorted({v for h in values.values() for v in h})[:: 1 + 20 // len(x)]:
        if level < landscape.best_constant:
            # a grid sees no component that fits between two of its points: those have a floor that it missed
            low = [f for f in landscape.floors if f.value <= level]
            missed = [f for f in low if not any(t in f.kinks for t in rational(grid))]
            on_grid = sum(runs_below(h, level) for h in values.values())
            assert 0 <= len(landscape.components(level)) - on_grid <= len(missed)
        else:
            assert len(landscape.components(level)) == 1


def test_example_of_exercise_12_8():
    landscape = line_landscape(*N01)
    assert landscape.best_constant == q(14, 9)
    assert landscape.global_value == q(2, 3)
    assert [(f.quadrant, f.value, f.spurious) for f in landscape.floors] == [
        ((-1, -1), q(2, 3), False),
        ((1, 1), q(25, 18), True),
        ((-1, 1), q(3, 2), True),
    ]
    assert [str(f.kinks) for f in landscape.floors] == ["(-1, 0]", "(-oo, -1]", "[0, 1)"]
    assert landscape.component_counts() == ((q(2, 3), 1), (q(25, 18), 2), (q(3, 2), 3), (q(14, 9), 1))
    assert {landscape.barrier(i, j) for i in range(3) for j in range(i)} == {q(14, 9)}


def test_levels_are_half_open():
    landscape = line_landscape(*N01)
    below = q(1, 10**9)
    for level, n_below, n in [(q(2, 3), 0, 1), (q(25, 18), 1, 2), (q(3, 2), 2, 3), (q(14, 9), 3, 1)]:
        assert len(landscape.components(level - below)) == n_below
        assert len(landscape.components(level)) == n
    assert landscape.components(3) == ((0, 1, 2),)


def test_purest_example():
    landscape = line_landscape(*N02)
    assert [f.value for f in landscape.floors] == [q(3, 2), q(8, 3)]
    assert landscape.barrier(0, 1) == landscape.best_constant == q(26, 9)
    assert [landscape.is_spurious(c) for c in landscape.components("8/3")] == [False, True]


def test_two_global_minima_make_two_components_none_of_them_spurious():
    landscape = line_landscape(*MONOTONE)
    assert [(f.value, f.spurious) for f in landscape.floors] == [(0, False), (0, False)]
    assert landscape.components(0) == ((0,), (1,))
    assert not any(map(landscape.is_spurious, landscape.components("1/8")))


def test_two_valleys_of_one_quadrant_merge_below_the_constants():
    landscape = line_landscape(*TWO_IN_ONE_QUADRANT)
    i, j = next((i, j) for j, g in enumerate(landscape.floors) for i, f in enumerate(landscape.floors[:j])
                if f.quadrant == g.quadrant)
    height = landscape.barrier(i, j)
    between = [landscape.profiles[landscape.floors[i].quadrant](t) for t in kinks_to_try(TWO_IN_ONE_QUADRANT[0], 40)]
    assert max(landscape.floors[i].value, landscape.floors[j].value) < height < landscape.best_constant
    assert height in between  # it is a value of h, at a data point here
    assert not any({i, j} <= set(part) for part in landscape.components(height - q(1, 10**9)))
    assert any({i, j} <= set(part) for part in landscape.components(height))


@pytest.mark.parametrize("data", FLAT)
def test_without_a_better_network_the_constants_are_all_there_is(data):
    landscape = line_landscape(*data)
    assert landscape.floors == ()
    assert landscape.global_value == landscape.best_constant
    assert landscape.component_counts() == ((landscape.best_constant, 1),)
    assert landscape.components(landscape.best_constant) == ((),)
    assert landscape.components(landscape.best_constant - 1) == ()
    assert landscape.component_of([1, 2, 0, 3], 10**3) == ()


def leaves_downwards(x, y, theta, draw):
    """Whether one of many small exact perturbations of theta has a smaller loss."""
    here = exact_loss(x, y, theta)
    steps = (rational([Fraction(draw.randint(-9, 9), 10**6) for _ in range(4)]) for _ in range(200))
    return any(exact_loss(x, y, theta + step) < here for step in steps)


@pytest.mark.parametrize("data", DATA)
def test_floors_are_local_minima_with_the_stated_loss(data):
    landscape, draw = line_landscape(*data), random.Random(1)
    for scale in (1, Fraction(3, 7)):
        for i, floor in enumerate(landscape.floors):
            theta = floor.parameters(scale)
            assert exact_loss(*data, theta) == fraction(floor.value) == fraction(landscape.loss(theta))
            assert not leaves_downwards(*data, theta, draw)
            assert landscape.component_of(theta, floor.value) == (i,)


@pytest.mark.parametrize("data", DATA)
def test_floors_in_the_interior_of_a_plateau_are_critical_points_of_the_model(data):
    x, y = data
    model = ReluNeuron(rational([x]), rational(y), output_weight=True, bias=True, output_bias=True)
    for floor in line_landscape(x, y).floors:
        theta = floor.parameters()
        assert model.loss(theta) == floor.value
        assert floor.kink in rational(x) or all(g == 0 for g in model.gradient(theta))


def test_the_search_for_descent_finds_it_away_from_floors():
    """The same search must reject the optimum over (a, c) at a kink that is no local minimum of h."""
    x, y = TWO_IN_ONE_QUADRANT
    floor = line_landscape(x, y).floors[0]
    theta = floor.parameters() + rational([0, Fraction(1, 100), 0, 0])
    assert leaves_downwards(x, y, theta, random.Random(1))


@pytest.mark.parametrize("data", DATA)
def test_every_kink_of_a_floor_attains_it_and_the_ends_are_sharp(data):
    landscape, tiny = line_landscape(*data), q(1, 10**6)
    for floor in landscape.floors:
        h, kinks = landscape.profiles[floor.quadrant], floor.kinks
        assert floor.kink in kinks and h(floor.kink) == floor.value
        for end, closed, outwards in ((kinks.lo, kinks.closed[0], -tiny), (kinks.hi, kinks.closed[1], tiny)):
            if end is None:
                assert h(10**6 if outwards > 0 else -(10**6)) == floor.value
            else:
                assert (h(end) == floor.value) == closed == (end in kinks)
                assert h(end + outwards) > floor.value
                assert h(end - outwards) == floor.value or kinks.lo == kinks.hi


def test_minimum_on_a_kink():
    landscape = line_landscape(*MINIMUM_ON_KINK)
    assert any(f.kinks.lo == f.kinks.hi and f.kinks.lo in rational(MINIMUM_ON_KINK[0]) for f in landscape.floors)


def valleys(landscape, x_sign=1, y_sign=1, x_map=lambda t: t):
    """{(signs, ends of the kinks): value} of all floors, with the reflections and the map of x carried out."""
    found = {}
    for f in landscape.floors:
        ends = tuple(t if t is None else x_map(t) for t in (f.kinks.lo, f.kinks.hi)[::x_sign])
        found[y_sign * f.sign_a, x_sign * f.sign_w, ends] = f.value
    return found


@pytest.mark.parametrize("seed", range(20))
def test_reflections_and_affine_maps_of_the_data(seed):
    """x -> -x flips sign_w, y -> -y flips sign_a, affine maps move kinks and values, repetition does nothing."""
    x, y = random_data(seed)
    landscape = line_landscape(x, y)
    assert valleys(line_landscape([-u for u in x], y), x_sign=-1, x_map=lambda t: -t) == valleys(landscape)
    assert valleys(line_landscape(x, [-v for v in y]), y_sign=-1) == valleys(landscape)
    affine = line_landscape([3 * u + 1 for u in x] * 2, [2 * v - 5 for v in y] * 2)
    assert {key: value / 4 for key, value in valleys(affine, x_map=lambda t: (t - 1) / 3).items()} == valleys(landscape)


@pytest.mark.parametrize("data", DATA)
def test_monotone_between_breakpoints(data):
    landscape = line_landscape(*data)
    for h in landscape.profiles.values():
        for lo, hi in pairwise(h.breakpoints):
            values = [h(lo + (hi - lo) * q(i, 12)) for i in range(1, 12)]
            steps = {(b > a) - (b < a) for a, b in pairwise(values)}
            assert not {-1, 1} <= steps


def test_heights_between_arbitrary_points():
    landscape = line_landscape(*N01)
    constant, dead, low = [0, 1, 1, 0], [1, -9, 1, "4/3"], landscape.floors[0].parameters()
    assert landscape.height(constant, dead) == landscape.loss(constant) > landscape.best_constant
    assert landscape.height(dead, low) == landscape.best_constant
    assert landscape.height(low, low) == landscape.global_value
    assert landscape.component_of(dead, "14/9") == (0, 1, 2)
    with pytest.raises(ValueError, match="level of at least the loss"):
        landscape.component_of(constant, 1)


def test_a_path_through_the_constants_stays_at_the_barrier():
    """T3: (a, c) -> (0, ybar) on a segment never rises above Var(y), from every floor."""
    x, y = N01
    for floor in line_landscape(x, y).floors:
        theta, end = floor.parameters(), rational([floor.sign_w, 0, 0, "4/3"])
        losses = [exact_loss(x, y, theta + (end - theta) * rational([0, 0, q(i, 9), q(i, 9)])) for i in range(10)]
        assert max(losses) == Fraction(14, 9) == losses[-1]


def test_floats_and_wrong_shapes_are_refused():
    with pytest.raises(NotExact, match="must be rational"):
        line_landscape([0.5, 1.0], [1, 2])
    with pytest.raises(ValueError, match="y needs shape"):
        line_landscape([0, 1], [1])
    with pytest.raises(ValueError, match="shape \\(4,\\)"):
        line_landscape([0, 1], [0, 1]).loss([1, 2])
    with pytest.raises(ValueError, match="scale must be positive"):
        line_landscape([0, 1], [0, 1]).floors[0].parameters(0)


def test_values_are_rational():
    landscape = line_landscape(["1/3", "-2/7", 1], ["1/2", 0, "5/9"])
    assert {type(f.value) for f in landscape.floors} == {flint().fmpq}
    assert to_float(rational([landscape.best_constant]))[0] > 0


def test_means_and_midpoints_are_fractions_also_of_integers():
    """An integer divided by an integer would be a float."""
    for value in (mean(np.array([0, 1], object)), Interval(0, 1, (True, True)).inner):
        assert type(value) is flint().fmpq and value == q(1, 2)


# -- local minima that end no valley -----------------------------------------------------------------------------------

SHELF = ([-3, -2, -1, 0], [0, 0, 1, 2])


@pytest.mark.parametrize("data", [*DATA, SHELF, *(random_data(seed) for seed in range(100, 120))])
def test_plateaus_are_local_minima_from_whose_end_the_loss_falls(data):
    landscape, draw, tiny = line_landscape(*data), random.Random(4), q(1, 10**6)
    for f in landscape.plateaus:
        theta, h = f.parameters(), landscape.profiles[f.quadrant]
        assert exact_loss(*data, theta) == fraction(f.value) < fraction(landscape.best_constant)
        assert not leaves_downwards(*data, theta, draw)
        outside = [
            h(end + step) for end, step in ((f.kinks.lo, -tiny), (f.kinks.hi, tiny)) if end is not None
        ]
        assert min(outside) < f.value == h(f.kink)
        part = landscape.component_of(theta, f.value)
        assert part and min(landscape.floors[i].value for i in part) < f.value
        assert f.spurious == landscape.is_spurious(part)


def test_a_plateau_may_lie_in_a_spurious_valley_or_not():
    landscape = line_landscape(*SHELF)
    assert [(f.value, f.spurious) for f in landscape.floors] == [(0, False), (q(3, 40), True)]
    assert (q(3, 40), False) in [(f.value, f.spurious) for f in landscape.plateaus]
    found = [f.spurious for seed in range(60) for f in line_landscape(*random_data(seed)).plateaus]
    assert {True, False} == set(found)


def test_every_local_minimum_of_a_profile_is_a_floor_or_a_plateau():
    """Kinks at which h is at most its values on both sides, on a fine grid."""
    for seed in range(40):
        x, y = random_data(seed)
        landscape = line_landscape(x, y)
        for quadrant, h in landscape.profiles.items():
            grid = rational(kinks_to_try(x, 12))
            values = [h(t) for t in grid]
            own = [f for f in (*landscape.floors, *landscape.plateaus) if f.quadrant == quadrant]
            for i in range(1, len(grid) - 1):
                near = [h(grid[i] + s * q(1, 10**9)) for s in (1, -1)]
                if values[i] < landscape.best_constant and values[i] <= min(near):
                    assert any(grid[i] in f.kinks for f in own)


@pytest.mark.parametrize(("x", "y"), [([], []), ([[0, 1]], [0, 1])])
def test_no_data_and_batches_are_refused(x, y):
    with pytest.raises(ValueError, match="line_landscape: x"):
        line_landscape(x, y)


def test_nan_is_refused():
    with pytest.raises((ValueError, TypeError), match="line_landscape: x"):
        line_landscape([float("nan"), 1.0], [0, 1])
