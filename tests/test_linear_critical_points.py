"""Critical points of deep linear nets: ranks against exact inertia, normal forms, curves, values, what is refused."""

from collections import Counter
from dataclasses import replace
from itertools import combinations_with_replacement
from itertools import product as cartesian

import numpy as np
import pytest

from theory import Kind, ball, classify, inertia, nearest, precision, rational
from theory.arithmetic import arithmetic_of, flint, is_zero, to_float
from theory.calculus.negative_direction import _by_elimination, negative_direction
from theory.claims.deep_linear_pivots import strict_by, two_blocks
from theory.claims.linear_data import SpectralData
from theory.critical.deep_linear import (
    ascent_curve,
    critical_values,
    descent_curve,
    fibre_certificate,
    fibre_component,
    fibre_components,
    normal_form,
    orbit_dimension,
    random_critical_point,
    rank_of_product_map,
    ranks_at,
)
from theory.critical.deep_linear.normal_form import bases
from theory.critical.deep_linear.spectrum import largest_rank, spectrum_of
from theory.critical.deep_linear.strings import Ends, free_blocks, layers_of, most_pairs
from theory.errors import Degenerate, NotCritical, NotExact, TooLarge
from theory.models import DeepLinearNet, LinearResNet

I2 = [[1, 0], [0, 1]]
DIAGONAL = [[2, 0], [0, 1]]


def tuple_of(rng, values, size):
    return tuple(rng.choice(values, size).tolist())


def random_data(rng, depths=(2, 3, 4, 5)):
    """Ties, zero singular values and rank-deficient X are frequent."""
    d = tuple_of(rng, (1, 2, 2, 3, 3, 4), int(rng.choice(depths)) + 1)
    n = min(d[0], d[-1])
    return SpectralData(
        d,
        tuple_of(rng, (1, 2, 1, 0), d[0]),
        tuple_of(rng, (3, 2, 1, 1, 0), n),
        int(rng.integers(2)),
        tuple_of(rng, (0, 1, -1), 16),
        (),
        (0, 0),
    )


# --- two routes to every kind -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_ranks_agree_with_the_exact_inertia_at_thousands_of_critical_points():
    """No mismatch, nothing undecided, and every kind of point was among them."""
    rng, seen, depths = np.random.default_rng(20), Counter(), Counter()
    while seen.total() < 2400:
        data = random_data(rng)
        for row in critical_values(data.net):
            theta = random_critical_point(data.net, row.S, rng)
            ranks, signs = ranks_at(data.net, theta), inertia(data.net.hessian(theta))
            assert is_zero(data.net.gradient(theta)).all() and data.net.loss(theta) == row.value
            assert tuple(ranks.inertia) == tuple(signs), (data, theta)
            assert (ranks.kind == Kind.STRICT_SADDLE) == (signs.negative > 0)
            assert ranks.kind in row.kinds and row.index[0] <= signs.negative <= row.index[1]
            assert (ranks.kind == Kind.GLOBAL_MINIMUM) == (row.value == data.net.minimum_value())
            seen[ranks.kind, ranks.tightened] += 1
            depths[data.net.depth] += 1
    assert min(seen.values()) >= 50 and set(depths) == {2, 3, 4, 5}, (seen, depths)
    assert set(seen) == {
        (Kind.GLOBAL_MINIMUM, True),
        (Kind.NON_STRICT_SADDLE, True),
        (Kind.STRICT_SADDLE, True),
        (Kind.STRICT_SADDLE, False),
    }


def critical_grid(net, entries=(-1, 0, 1)):
    """All weight vectors with these entries at which the gradient vanishes; small integers are exact in floats."""
    n = net.dim
    grid = np.array(list(cartesian(entries, repeat=n)), float)
    return [rational(theta.astype(int)) for theta in grid if not net.gradient(theta).any()]


@pytest.mark.parametrize(
    ("widths", "Y"),
    [
        ((2, 1, 1, 2), DIAGONAL),
        ((2, 1, 1, 2), I2),
        ((1, 2, 2, 1), [[1]]),
        ((2, 2, 2), DIAGONAL),
        ((2, 1, 1, 1, 2), DIAGONAL),
        ((1, 1, 2, 1, 1), [[1]]),
        ((2, 1, 2, 1), [[1, 0]]),
        ((2, 2, 1), [[0, 0]]),
    ],
    ids=str,
)
def test_all_small_integer_critical_points(widths, Y):
    """Found without the normal form: their values are listed, and ranks give kind and inertia."""
    X = np.eye(widths[0], dtype=int)
    net = DeepLinearNet(widths, X, Y)
    values = {row.value for row in critical_values(net)}
    points = critical_grid(net)
    assert len(points) > 10
    for theta in points:
        ranks = ranks_at(net, theta)
        assert net.loss(theta) in values
        assert tuple(ranks.inertia) == tuple(inertia(net.hessian(theta)))
        assert (ranks.kind == Kind.GLOBAL_MINIMUM) == (net.loss(theta) == min(values))


def test_classify_attaches_certificates_that_others_can_check():
    net = DeepLinearNet((2, 2, 2, 2), I2, DIAGONAL)
    bad = classify(net, normal_form(net, (0,)))
    assert bad.kind == Kind.NON_STRICT_SADDLE and "tightened" in bad.rule
    coefficients, change = bad.certificate["descent_curve"], bad.certificate["descent"]
    s = rational(["1/4"])[0]
    there = sum(c * s**p for p, c in enumerate(coefficients))
    assert net.loss(there) - net.loss(coefficients[0]) == sum(c * s**p for p, c in enumerate(change)) < 0
    strict = classify(net, normal_form(net, (1,)))
    v = strict.certificate["direction"]
    assert v @ net.hessian(normal_form(net, (1,))) @ v == strict.certificate["curvature"] < 0


def test_a_resnet_gets_the_curve_in_its_own_coordinates():
    resnet = LinearResNet(3, I2, DIAGONAL)
    theta = normal_form(resnet.net, (0,)) - np.tile(rational(I2).ravel(), 3)
    answer = classify(resnet, theta)
    rows = answer.certificate["descent_curve"]
    s = rational(["1/4"])[0]
    assert answer.kind == Kind.NON_STRICT_SADDLE and (rows[0] == theta).all()
    assert resnet.loss(sum(c * s**p for p, c in enumerate(rows))) < resnet.loss(theta)


def test_the_claims_pivots_are_those_of_the_theory():
    """The literal pivots of the claim and the ranks of the theory, on one drawn net each."""
    from theory.claims.linear_data import CriticalPoint, vars_of

    rng, law = np.random.default_rng(1), strict_by(two_blocks)
    for seed in range(40):
        case = CriticalPoint(**{**vars_of(random_data(rng, (2, 3, 4))), "kept": ()}, seed=seed)
        assert law(case) == (ranks_at(case.net, case.theta).inertia.negative > 0)


# --- curves and fibres ------------------------------------------------------------------------------------------------


def test_curves_are_exact_at_random_critical_points():
    rng, orders = np.random.default_rng(3), Counter()
    for _ in range(60):
        net = random_data(rng).net
        row = critical_values(net)[-1]
        theta = random_critical_point(net, row.S, rng)
        kind, curves = ranks_at(net, theta).kind, []
        if kind != Kind.GLOBAL_MINIMUM:
            down = descent_curve(net, theta)
            assert down.leading < 0
            orders[down.order] += 1
            curves.append(down)
        if any(x != 0 for x in spectrum_of(net).S.flat):
            curves.append(ascent_curve(net, theta))
            assert curves[-1].leading > 0
        for c in curves:
            s = rational(["-2/3"])[0]
            assert net.loss(c(s)) - net.loss(theta) == sum(a * s**p for p, a in enumerate(c.change))
            assert (c(0) == theta).all()
    assert orders[2] and orders[5]


def test_the_fibre_has_the_gradient_that_is_stated():
    """grad(theta + t v) / t^order tends to the stated vector: the difference vanishes with t."""
    rng = np.random.default_rng(4)
    found = 0
    for _ in range(40):
        net = random_data(rng, (3, 4)).net
        theta = random_critical_point(net, (), rng)
        if not len(spectrum_of(net).squares):
            continue
        line, found = fibre_certificate(net, theta), found + 1
        t = rational(["1/1048576"])[0]
        g = net.gradient(theta + line.direction * t)
        assert net.loss(theta + line.direction * t) == net.loss(theta)
        error = to_float(g / t**line.order - line.gradient)
        assert np.abs(error).max() < np.abs(to_float(line.gradient)).max() / 2
    assert found > 20


def test_negative_directions_are_found_where_floats_fail():
    """One tiny negative eigenvalue beside a huge one: elimination decides; semidefinite matrices have none."""
    rng = np.random.default_rng(5)
    for n in (2, 3, 5):
        A = rational(rng.integers(-3, 4, (n, n)))
        signs = rational([10**40, *[1] * (n - 2), -1])
        H = A @ (signs[:, None] * A.T)
        v, curvature = negative_direction(H)
        assert v @ H @ v == curvature < 0
        assert negative_direction(A @ A.T) is None
    for H in ([[0, 1], [1, 0]], [[0, -1], [-1, 0]], [[1, 2], [2, 1]], [[0, 0], [0, -1]]):
        v, curvature = _by_elimination(rational(H))
        assert v @ rational(H) @ v == curvature < 0
    assert _by_elimination(rational([[0, 0], [0, 0]])) is None


@pytest.mark.parametrize("function", [descent_curve, ascent_curve, fibre_certificate])
def test_curves_refuse_in_words(function):
    net = DeepLinearNet((1, 1, 1), [[1]], [[2]])
    with pytest.raises(NotCritical, match="needs a critical point"):
        function(net, [1, 1])
    with pytest.raises(NotExact, match="rational theta"):
        function(net, [0.0, 0.0])
    with pytest.raises(ValueError, match="one point"):
        function(net, [[0, 0]])
    with pytest.raises(TypeError, match="squared loss"):
        function(DeepLinearNet((1, 1, 1), [[1]], [[2]], "absolute"), [0, 0])
    with pytest.raises(TypeError, match="take its"):
        function(LinearResNet(2, [[1]], [[2]]), [0, 0])


def test_curves_know_where_there_is_none():
    net = DeepLinearNet((1, 1, 1), [[1]], [[2]])
    for function in (descent_curve, fibre_certificate):
        with pytest.raises(Degenerate, match="minimum"):
            function(net, [1, 2])
    with pytest.raises(Degenerate, match="X = 0"):
        ascent_curve(DeepLinearNet((1, 1, 1), [[0]], [[2]]), [0, 0])
    bottleneck = DeepLinearNet((2, 1, 2), I2, DIAGONAL)
    with pytest.raises(Degenerate, match="rank"):
        fibre_certificate(bottleneck, normal_form(bottleneck, (1,)))


# --- values and indices -----------------------------------------------------------------------------------------------


def test_values_by_the_singular_value_decomposition():
    rng = np.random.default_rng(6)
    for widths in ((4, 3, 4), (3, 2, 2, 5), (4, 4)):
        X, Y = rng.integers(-3, 4, (widths[0], 7)), rng.integers(-3, 4, (widths[-1], 7))
        rows = critical_values(DeepLinearNet(widths, X, Y))
        fit = Y @ np.linalg.pinv(X) @ X
        s2 = np.linalg.svd(fit, compute_uv=False) ** 2
        floor = ((Y - fit) ** 2).sum()
        for row in rows:
            expected = floor + sum(x for q, x in enumerate(s2[: min(widths[0], widths[-1])]) if q not in row.S)
            value = float(to_float(ball([row.value]))[0])
            assert abs(value - expected) <= 1e3 * np.finfo(float).eps * (Y**2).sum()
        assert len(rows) == (
            1
            if len(widths) == 2
            else sum(1 for S in cartesian((0, 1), repeat=min(widths[0], widths[-1])) if sum(S) <= min(widths))
        )


def test_exact_values_where_the_sum_is_rational():
    """sigma^2 = 2 +- sqrt 3 are irrational; keeping both or none has a rational value."""
    net = DeepLinearNet((2, 2, 2), I2, [[1, 1], [1, "0"]])
    values = {row.S: row.value for row in critical_values(net)}
    assert values[()] == 3 and values[(0, 1)] == 0
    assert isinstance(values[(0,)], flint().arb) and values[(0,)].rad() < 2.0**-100
    with precision(128):
        assert ((2 * values[(0,)] - 3) ** 2 - 5).contains(0)


def test_float_data_are_the_rationals_they_are():
    exact = critical_values(DeepLinearNet((2, 2, 2), I2, [["1/2", 0], [0, "1/4"]]))
    floats = critical_values(DeepLinearNet((2, 2, 2), np.eye(2), np.diag([0.5, 0.25])))
    assert [row.value for row in exact] == [row.value for row in floats]


def strings_that_fit(widths, r, ends):
    """All multisets of strings of this many, by brute force."""
    H, rho = len(widths) - 1, len(ends.correlated)
    wrapping = [(a, b) for a in range(2, H + 1) for b in range(a - 1)]
    plain = [(a, b) for a in range(1, H) for b in range(a, H)]
    for through in combinations_with_replacement(wrapping, rho):
        room = {layer: widths[layer] - r for layer in range(1, H)}
        for string in through:
            for layer in layers_of(string, H):
                if 0 < layer < H:
                    room[layer] -= 1
        if min(room.values(), default=0) < 0:
            continue
        for count in range(sum(room.values()) + 1):
            for others in combinations_with_replacement(plain, count):
                used = Counter(layer for string in others for layer in layers_of(string, H))
                if all(used[layer] <= room[layer] for layer in room):
                    yield [*through, *others]


@pytest.mark.parametrize("widths", [(2, 1, 1, 2), (2, 2, 1, 2), (2, 2, 2, 2), (2, 1, 2, 1, 2), (1, 2, 1, 2, 1)])
def test_the_range_of_the_index_is_attained(widths):
    """The exact inertia over all sums of strings has the extremes that the atlas states."""
    X, Y = np.eye(widths[0], dtype=int), np.eye(widths[-1], widths[0], dtype=int) * [2, 1][: widths[0]]
    net = DeepLinearNet(widths, X, Y)
    f = spectrum_of(net)
    for row in critical_values(net):
        ends = Ends.of(f, bases(f, row.S)[1], row.rank)
        indices = set()
        for strings in strings_that_fit(widths, row.rank, ends):
            Z = free_blocks(widths, row.rank, ends, strings)
            indices.add(inertia(net.hessian(normal_form(net, row.S, Z))).negative)
        assert (min(indices), max(indices)) == row.index, row


def test_most_pairs_against_all_choices():
    for room in ((1,), (2,), (1, 1), (2, 1), (2, 3), (1, 2, 1), (2, 1, 2), (3, 1, 2)):
        gaps = [(j, i) for j in range(len(room)) for i in range(j + 1, len(room) + 1)]
        for rho in range(4):
            best = 0
            for chosen in combinations_with_replacement(gaps, rho):
                u = [w - sum(not j <= layer < i for j, i in chosen) for layer, w in enumerate(room)]
                if min(u) >= 0:
                    covered = sum(min(u[j:i]) for j, i in chosen)
                    both = sum(a[1] <= b[0] for a in chosen for b in chosen)
                    best = max(best, covered + both)
            assert most_pairs(room, rho) == best


def test_the_atlas_of_a_large_net_is_quick():
    import time

    rng = np.random.default_rng(7)
    net = DeepLinearNet((6,) * 6, rng.integers(-9, 10, (6, 150)), rng.integers(-9, 10, (6, 150)))
    start = time.perf_counter()
    rows = critical_values(net)
    points = [normal_form(net, S, gauge=rng) for S in ((), tuple(range(6)))]
    assert net.dim == 180 and len(rows) == 64 and time.perf_counter() - start < 60
    assert net.loss(points[1]) == rows[0].value == net.minimum_value() and net.loss(points[0]) == rows[-1].value
    assert ranks_at(net, points[1]).kind == Kind.GLOBAL_MINIMUM


def test_too_many_index_sets_are_refused():
    with pytest.raises(TooLarge, match="index sets"):
        critical_values(DeepLinearNet((18, 18, 18), np.eye(18, dtype=int), np.diag(np.arange(1, 19))))


# --- normal forms -----------------------------------------------------------------------------------------------------


def test_irrational_vectors_give_boxes_around_a_critical_point():
    rng = np.random.default_rng(8)
    net = DeepLinearNet((3, 2, 3, 2), rng.integers(-2, 3, (3, 6)), rng.integers(-2, 3, (2, 6)))
    for S in ((), (0,), (1,), (0, 1)):
        theta = normal_form(net, S, gauge=rng)
        exact = arithmetic_of(theta).name == "rational"
        assert exact == (len(S) != 1)
        with precision(128):
            assert all(x.contains(0) for x in net.gradient(ball(theta)))
            assert (net.loss(ball(theta)) - ball([spectrum_of(net).value_at(S)])[0]).contains(0)


def test_neighbouring_irrational_values_are_told_apart():
    """Two copies of one matrix, one entry moved by 2^-70, and three double irrational eigenvalues: boxes stay small."""
    near = np.kron(np.eye(2, dtype=int), [[1, 1], [1, 2]]).tolist()
    near[0][0] = f"{2**70 + 1}/{2**70}"
    B = rational([[-2, -2, -2], [-2, -2, 1], [-2, 1, -1]])
    Q = rational([[-13, -6, 18], [18, 3, 14], [-6, 22, 3]]) * rational(["1/23"])[0]
    double = rational(np.zeros((6, 6), int))
    double[:3, :3], double[3:, 3:] = B, Q @ B @ Q.T
    for Y in (rational(near), double):
        net = DeepLinearNet((len(Y),) * 3, np.eye(len(Y), dtype=int), Y)
        for q in range(len(Y)):
            theta = normal_form(net, (q,))
            assert all(x.is_finite() and x.rad() < 2.0**-40 for x in ball(theta))
            with precision(128):
                assert all(x.contains(0) for x in net.gradient(ball(theta)))


def test_random_points_reach_both_pieces_of_a_fibre():
    """Gauges of either sign, scalings of single units, and what X does not see."""
    net = DeepLinearNet((2, 2, 2), I2, DIAGONAL)
    points = [random_critical_point(net, (0, 1), np.random.default_rng(seed)) for seed in range(30)]
    assert {fibre_component(net, theta) for theta in points} == {(1,), (-1,)}
    scalar = DeepLinearNet((1, 1, 1), [[1]], [[2]])
    assert len({str(random_critical_point(scalar, (0,), np.random.default_rng(s))) for s in range(20)}) > 3
    blind = DeepLinearNet((2, 1, 1), [[1], [0]], [[1]])
    assert any(random_critical_point(blind, (0,), np.random.default_rng(s))[1] != 0 for s in range(20))


def test_ties_are_kept_in_any_direction():
    net = DeepLinearNet((2, 1, 2), I2, I2)
    maps = {str(net.product(random_critical_point(net, (0,), np.random.default_rng(seed)))) for seed in range(8)}
    assert len(maps) > 2


def test_one_layer_and_no_inputs():
    one = DeepLinearNet((2, 2), [[1, 2], [2, 4]], I2)
    theta = normal_form(one, range(len(spectrum_of(one).squares)), {1: [[2, -1], [4, -2]]})
    assert classify(one, theta).kind == Kind.GLOBAL_MINIMUM
    blind = DeepLinearNet((1, 2, 1), [[0]], [[1]])
    assert [row.kinds for row in critical_values(blind)] == [(Kind.GLOBAL_MINIMUM,)]
    assert largest_rank(blind) == 0 and len(normal_form(blind, ())) == 4


@pytest.mark.parametrize(
    ("S", "options", "error", "says"),
    [
        ((0, 1), {}, ValueError, "at most k = 1"),
        ((2,), {}, ValueError, "indices below 2"),
        ((0, 0), {}, ValueError, "different indices"),
        ((-1,), {}, ValueError, "indices below 2"),
        ((0.5,), {}, TypeError, "needs integers"),
        ("01", {}, TypeError, "needs integers"),
        ((True,), {}, TypeError, "needs integers"),
        (1, {}, TypeError, "needs integers"),
        ((), {"gauge": 5}, TypeError, "list of matrices"),
        ((), {"gauge": [[[1.0]], I2]}, NotExact, "rational"),
        ((), {"Z": {4: [[1]]}}, ValueError, "layers 1, ..., 3"),
        ((), {"Z": {2: [[1, 1]]}}, ValueError, "needs shape"),
        ((), {"Z": {2: [[1.5], [0.5]]}}, NotExact, "rational"),
        ((), {"Z": [[1]]}, TypeError, "dictionary"),
        ((), {"Z": {1: [[1, 0]], 2: [[1], [0]], 3: [[1, 0], [0, 0]]}}, NotCritical, "Z_H"),
        ((), {"gauge": [[[1]]]}, ValueError, "each of 2 hidden layers"),
        ((), {"gauge": [[[1, 0]], I2]}, ValueError, "needs shape"),
        ((), {"gauge": [[[0]], I2]}, Degenerate, "singular"),
    ],
    ids=str,
)
def test_wrong_input_is_refused_in_one_line(S, options, error, says):
    net = DeepLinearNet((2, 1, 2, 2), I2, DIAGONAL)
    with pytest.raises(error, match=says) as caught:
        normal_form(net, S, **options)
    assert "\n" not in str(caught.value)


def test_other_models_and_data_are_refused():
    with precision(128):
        box = ball([[1]]) + flint().arb(0, 2.0**-20)
        with pytest.raises(NotExact, match="balls"):
            critical_values(DeepLinearNet((1, 1, 1), box, [[1]]))
    with pytest.raises(TypeError, match="with the loss huber"):
        critical_values(DeepLinearNet((1, 1, 1), [[1]], [[1]], "huber"))
    with pytest.raises(ValueError, match="one layer"):
        normal_form(DeepLinearNet((1, 1), [[1]], [[1]]), ())
    net = DeepLinearNet((2, 1, 1, 2), I2, DIAGONAL)
    ends = Ends.of(spectrum_of(net), rational(I2), 0)
    for strings, says in (
        ([(0, 3)], "at most H = 3"),
        ([(3, 2)], "a >= b"),
        ([(3, 0)] * 3, "at most 2 strings"),
        ([(1, 1), (1, 2)], "no room"),
        ([(0, 1)], "no room"),
    ):
        with pytest.raises(ValueError, match=says):
            free_blocks(net.widths, 0, ends, strings)


# --- nearest ----------------------------------------------------------------------------------------------------------


def test_a_vector_of_gradient_descent_gets_its_saddle():
    """Small weights linger at the saddle that leaves out sigma_3: float data, wide layers, no isolated point."""
    X, Y = np.eye(3), np.array([[4.0, 0.5, 0.0], [0.25, 0.5, 0.0], [0.0, 0.0, 0.125]])
    net = DeepLinearNet((3, 4, 4, 3), X, Y)
    theta = 0.05 * np.random.default_rng(0).standard_normal(net.dim)
    reached = False
    for _ in range(4000):
        g = net.gradient(theta)
        if reached and np.abs(g).max() < 1e-3:
            break
        reached = reached or np.abs(g).max() > 1e-1
        theta = theta - 0.01 * g
    found = nearest(net, theta)
    assert found.kind == Kind.NON_STRICT_SADDLE and found.certificate["index_set"] == (0, 1)
    assert found.distance < 0.3 and found.classification.evidence == "certified"
    assert all(x.contains(0) for x in net.gradient(found.theta))
    assert found.classification.inertia.negative == 0


def test_a_trained_wide_net_gets_its_minimum():
    rng = np.random.default_rng(1)
    net = DeepLinearNet((3, 4, 2, 3), rng.standard_normal((3, 9)), rng.standard_normal((3, 9)))
    from scipy.optimize import minimize

    theta = minimize(net.loss, rng.standard_normal(net.dim), jac=net.gradient, options={"gtol": 1e-9}).x
    found = nearest(net, theta)
    assert found.kind == Kind.GLOBAL_MINIMUM and found.distance < 1e-6
    assert (found.classification.loss - ball([net.minimum_value()])[0]).contains(0) or found.distance < 1e-6


def test_every_kind_beside_a_disturbed_normal_form():
    """The certified point keeps the same S; beside non-strict saddles strict ones lie as near as one likes."""
    rng, kinds = np.random.default_rng(2), Counter()
    for _ in range(25):
        data = replace(random_data(rng, (2, 3)), rotations=(0,) * 16)
        net = data.net
        for row in critical_values(net):
            theta = normal_form(net, row.S, gauge=rng)
            disturbed = to_float(theta) + 1e-7 * rng.standard_normal(net.dim)
            found = nearest(net, disturbed)
            kinds[found.kind] += 1
            assert found.distance < 1e-4, (data, row)
            assert found.kind in row.kinds
            with precision(128):
                assert (ball([found.classification.loss])[0] - row.value).contains(0)
    assert set(kinds) == {Kind.GLOBAL_MINIMUM, Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE}


# --- the product map --------------------------------------------------------------------------------------------------


def test_the_product_map_and_its_fibres():
    net = DeepLinearNet((2, 2, 2), I2, DIAGONAL)
    identity = net.pack(I2, I2)
    assert rank_of_product_map(net, identity) == 4 and orbit_dimension(net, identity) == 4
    assert rank_of_product_map(net, rational([0] * 8)) == 0 and orbit_dimension(net, rational([0] * 8)) == 0
    assert fibre_components((2, 2, 2)) == 2 and fibre_components((2, 3, 2)) == 1 and fibre_components((1,) * 5) == 8
    mirror = net.pack([[-1, 0], [0, 1]], [[-1, 0], [0, 1]])
    assert fibre_component(net, identity) != fibre_component(net, mirror)
    with pytest.raises(Degenerate, match="rank k = 2"):
        fibre_component(net, rational([0] * 8))


def test_functions_of_the_product_refuse_other_models():
    for function in (rank_of_product_map, orbit_dimension, fibre_component):
        with pytest.raises(TypeError, match="take its"):
            function(LinearResNet(2, [[1]], [[4]]), [0, 0])
        with pytest.raises(NotExact, match="one rational point"):
            function(DeepLinearNet((1, 1, 1), [[1]], [[4]]), [0.0, 1.0])
    with pytest.raises(NotCritical):
        ranks_at(DeepLinearNet((1, 1, 1), [[1]], [[2]]), [1, 1])


def test_zero_modes_are_at_least_the_orbit():
    rng = np.random.default_rng(9)
    for _ in range(30):
        net = random_data(rng, (2, 3)).net
        theta = random_critical_point(net, (), rng)
        assert inertia(net.hessian(theta)).zero >= orbit_dimension(net, theta)


def test_widths_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="needs shape"):
        DeepLinearNet((2, 2, 3), I2, I2)
    with pytest.raises(ValueError, match="needs shape"):
        LinearResNet(2, I2, [[1, 2]])
