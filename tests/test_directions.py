"""Frames and directions: exact coordinates, given points, block norms and what they are invariant under, axes."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from theory.arithmetic import RATIONAL, arithmetic_of, ball, rational, to_float
from theory.calculus.tolerance import eigenvalue_error, rounding
from theory.errors import Degenerate, NotExact
from theory.models import DeepLinearNet, DeepNet, Quadratic, ReluNeuron, ShallowNet, SphericalSpinGlass
from theory.slices.directions import (
    blocks,
    coordinate_frame,
    eigen_frame,
    normalised,
    principal_frame,
    random_frame,
    through,
)
from theory.slices.frame import Frame

EPS = np.finfo(float).eps
integers = st.integers(-4, 4)


def a_net(widths=(2, 3, 2, 1), activation="relu", seed=0):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((widths[0], 6)), rng.standard_normal((widths[-1], 6))
    net = DeepNet(widths, X, Y, activation)
    return net, rng.standard_normal(net.dim)


# --- frames ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(integers, min_size=4, max_size=4), min_size=4, max_size=4), st.lists(integers, min_size=2))
def test_coordinates_are_exact_for_rationals_and_as_good_as_the_condition_for_floats(rows, c):
    center, d1, d2, off = rational(rows)
    try:
        frame = Frame(center, np.stack([d1, d2]), "given")
    except ValueError:
        assume(False)
    c = rational(c[:2]) * rational(["1/3"])
    p = frame.points(c)
    assert (p == center + c[0] * d1 + c[1] * d2).all() and (frame.coordinates(p) == c).all() and frame.distance(p) == 0
    nearest = frame.points(frame.coordinates(off))
    rest = off - nearest
    assert rest @ d1 == 0 and rest @ d2 == 0
    floats = Frame(*(to_float(a) for a in (center, frame.directions)))
    unit = to_float(frame.directions) / np.linalg.norm(to_float(frame.directions), axis=1, keepdims=True)
    error = rounding(float, 16, np.linalg.cond(unit) ** 2 * np.linalg.norm(to_float(off - center)))
    assert np.abs(floats.coordinates(to_float(off)) - to_float(frame.coordinates(off))).max() <= error
    assert abs(floats.distance(to_float(off)) - frame.distance(off)) <= error


def test_a_frame_unpacks_to_center_and_directions():
    center, d1, d2 = Frame([0, 1, 2], [[1, 0, 0], ["1/2", 1, 0]])
    assert center.tolist() == [0, 1, 2] and d1.tolist() == [1, 0, 0] and (2 * d2).tolist() == [1, 2, 0]


def test_mixed_entries_meet_in_one_arithmetic():
    frame = Frame([0, 1], [[1.5, 0.25]])
    assert frame.center.dtype == frame.directions.dtype == float
    assert Frame(np.zeros(2, np.float32), [[1, 0]]).directions.dtype == np.float32
    exact = Frame([0, 1], [[1, 2]])
    assert exact.points([0.5]).dtype == float and exact.coordinates([1.0, 3.0]).tolist() == [1.0]
    assert arithmetic_of(exact.points([["1/2"], [1]])).name == RATIONAL


def test_frames_are_read_only_also_after_pickling():
    frame = pickle.loads(pickle.dumps(random_frame(*a_net(), seed=5)))
    assert frame.kind == "random" and frame.about == {"seed": 5}
    for a in frame:
        assert not a.flags.writeable


def test_orthonormalised_spans_the_same_space_and_keeps_the_first_direction():
    rng = np.random.default_rng(1)
    frame = Frame(rng.standard_normal(7), rng.standard_normal((3, 7)) * [[1e-200], [1], [1e200]])
    D = frame.orthonormalised().directions
    assert np.abs(D @ D.T - np.eye(3)).max() <= rounding(float, 7, 3)
    d1 = frame.directions[0] / np.abs(frame.directions[0]).max()
    assert np.abs(D[0] - d1 / np.linalg.norm(d1)).max() <= rounding(float, 7)
    unit = frame.directions / np.abs(frame.directions).max(1, keepdims=True)
    assert np.abs(unit - unit @ D.T @ D).max() <= rounding(float, 14, np.linalg.norm(unit))
    assert np.abs(np.tril(D @ unit.T, -1)).max() <= rounding(float, 14, np.linalg.norm(unit))
    assert (np.diag(D @ unit.T) > 0).all()


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Frame([1, 2], [[0, 0]]), ValueError, "needs directions other than zero, got direction 1 zero"),
        (lambda: Frame([1.0, 2], [[1, np.nan]]), ValueError, "directions: entries must be finite, got NaN"),
        (lambda: Frame([1, 2], [[1, 2, 3]]), ValueError, r"directions need shape \(k, 2\)"),
        (lambda: Frame([1, 2], [1, 2]), ValueError, r"directions need shape \(k, 2\)"),
        (lambda: Frame([[1, 2]], [[1, 2]]), ValueError, r"center needs shape \(n,\), got \(1, 2\)"),
        (lambda: Frame([1, 2, 3], [[1, 2, 3], [2, 4, 6]]), Degenerate, "got 2 that span 1 dimensions"),
        (
            lambda: Frame([1.0, 2, 3], [[0.1, 0.2, 0.3], [0.3, 0.6, 0.9]]),
            Degenerate,
            "span 1 dimensions up to rounding",
        ),
        (lambda: Frame([1, 2], [[1, 0], [0, 1], [1, 1]]), Degenerate, r"got 3 in R\^2; give at most 2"),
        (lambda: Frame(ball([1]), ball([[1]])), NotExact, "needs floats or rationals, got ball"),
        (lambda: Frame([1j], [[1.0]]), TypeError, "needs real entries"),
        (lambda: Frame([1], [[1]], about={"x": np.ones(2)}), TypeError, "about must be what JSON can hold"),
        (lambda: Frame([1], [[1]], about={"x": np.nan}), ValueError, "about must be what JSON can hold"),
        (lambda: Frame([1], [[1]], about={"a": 1, 3: 4}), TypeError, "about must be named values"),
        (lambda: Frame([1], [[1]], about=[1, 2]), TypeError, "about must be named values"),
        (lambda: Frame([1], [[1]], 3), TypeError, "kind must be text, got int"),
        (lambda: Frame([1, 2], [[1, 2]]).points([1, 2]), ValueError, "needs 1 coordinates along the last axis"),
        (lambda: Frame([1, 2], [[1, 2]]).distance([1, 2, 3]), ValueError, "points needs 2 parameters"),
    ],
)
def test_bad_frames_are_refused_in_one_line(make, error, text):
    with pytest.raises(error, match=text) as caught:
        make()
    assert isinstance(caught.value, ValueError | TypeError) and "\n" not in str(caught.value)


# --- through given points --------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.fractions(-3, 3, max_denominator=7), min_size=3, max_size=3), min_size=3, max_size=3))
def test_the_plane_through_three_points_has_them_at_the_corners(rows):
    P = rational(rows)
    try:
        frame = through(*P)
    except Degenerate:
        u, v = P[1] - P[0], P[2] - P[0]
        assert all(u[i] * v[j] == u[j] * v[i] for i, j in itertools.combinations(range(3), 2))
        return
    except ValueError:
        assert (P[0] == P[1]).all() or (P[0] == P[2]).all()
        return
    assert frame.kind == "through points" and (frame.points([[0, 0], [1, 0], [0, 1]]) == P).all()


def test_floats_round_twice_and_no_more():
    rng = np.random.default_rng(2)
    for scale in (1e-12, 1, 1e12):
        P = rng.standard_normal((3, 500)) * [[1], [scale], [1 / scale]]
        got = through(*P).points([[0, 0], [1, 0], [0, 1]])
        bound = EPS / 2 * (np.abs(P - P[0]) + 2 * np.abs(P))
        assert (got[0] == P[0]).all() and (np.abs(got - P) <= bound).all() and (got != P).any()


def test_collinear_floats_are_collinear_up_to_their_own_rounding():
    p, q = np.array([0.1, 0.7, 1e6]), np.array([0.3, 0.1, 1e6 + 1])
    with pytest.raises(Degenerate, match="distinct and not on one line"):
        through(p, q, p + (q - p) / 3)
    through(p, q, p + (q - p) / 3 + [0, 1e-6, 0])
    with pytest.raises(ValueError, match="direction 1 zero; the points must be distinct"):
        through([1, 2], [1, 2], [3, 4])
    with pytest.raises(ValueError, match="needs two points for a line"):
        through([1, 2])
    assert (2 * through([1, 2], [3, 5]).points([["1/2"]])).tolist() == [[4, 7]]


# --- normalisation ---------------------------------------------------------------------------------------------------


def literal_filters(net):
    """For each weight array of the layout, the positions of the weights into each unit, one by one."""
    filters, biases, start = {}, {}, 0
    for name, shape in net.layout:
        size = int(np.prod(shape))
        positions = list(range(start, start + size))
        if name[0] in "bc":
            biases[name] = positions
        elif len(shape) == 2:
            filters[name] = [positions[i * shape[1] : (i + 1) * shape[1]] for i in range(shape[0])]
        else:
            filters[name] = [positions]
        start += size
    return filters, biases


X6 = np.random.default_rng(9).standard_normal((2, 6))
OWNERS = {"b": "W", "c": "a", "b1": "W1", "b2": "W2", "b3": "W3"}
NETS = (
    a_net()[0],
    ShallowNet(3, X6, np.ones(6), "relu"),
    DeepLinearNet((2, 3, 2), X6, np.ones((2, 6))),
    ReluNeuron(X6, np.ones(6), bias=True, output_weight=True, output_bias=True),
    SphericalSpinGlass(3, 2, np.ones(6)),
)


def joined(lists):
    return list(itertools.chain.from_iterable(lists))


def literal_blocks(net, by, biases):
    filters, b = literal_filters(net)
    if by == "model":
        return [[i for f in filters.values() for row in f for i in row] + joined(b.values()) * (biases != "zero")]
    if by == "layer":
        filters = {name: [joined(rows)] for name, rows in filters.items()}
    if biases == "own":
        return [row for rows in filters.values() for row in rows] + list(b.values())
    if biases == "filter":
        for name, positions in b.items():
            owner = filters[OWNERS[name] if OWNERS[name] in filters else "w"]
            for j, position in enumerate(positions):
                owner[j if len(owner) > 1 else 0].append(position)
    return [row for rows in filters.values() for row in rows]


def has_the_norms(d, vector, theta, groups):
    """Each group of d is a positive multiple of the vector's, with the norm of theta's; everything else is zero."""
    rest = np.setdiff1d(np.arange(len(theta)), joined(groups))
    good = not d[rest].any()
    for g in groups:
        norm = np.linalg.norm(theta[g])
        good &= abs(np.linalg.norm(d[g]) - norm) <= rounding(float, len(g) + 4, norm)
        good &= d[g] @ vector[g] >= norm * np.linalg.norm(vector[g]) * (1 - rounding(float, len(g) + 4))
    return good


@pytest.mark.parametrize("net", NETS, ids=lambda net: type(net).__name__)
@pytest.mark.parametrize("biases", ["own", "filter", "zero"])
@pytest.mark.parametrize("by", ["model", "layer", "filter"])
def test_every_block_has_the_norm_of_its_weights(net, by, biases):
    rng = np.random.default_rng(3)
    vector, theta = rng.standard_normal((2, net.dim))
    groups = literal_blocks(net, by, biases)
    got = normalised(vector, theta, net.layout, by, biases)
    assert has_the_norms(got, vector, theta, groups)
    labels = blocks(net.layout, by, biases)
    assert {tuple(np.flatnonzero(labels == k)) for k in range(labels.max() + 1)} == {tuple(sorted(g)) for g in groups}


def test_wrong_normalisations_are_told_apart():
    net, theta = a_net((3, 4, 2))
    vector = np.random.default_rng(4).standard_normal(net.dim)
    groups = literal_blocks(net, "filter", "own")
    by_columns = [c for rows in literal_filters(net)[0].values() for c in np.transpose(rows).tolist()]
    columns = np.zeros(net.dim)
    for g in by_columns + list(literal_filters(net)[1].values()):
        columns[g] = vector[g] * np.linalg.norm(theta[g]) / np.linalg.norm(vector[g])
    wrong = {
        "not scaled": vector,
        "columns, weights out of a unit": columns,
        "whole layers": normalised(vector, theta, net.layout, "layer"),
        "the whole model": normalised(vector, theta, net.layout, "model"),
        "biases in the filters": normalised(vector, theta, net.layout, "filter", "filter"),
        "biases at rest": normalised(vector, theta, net.layout, "filter", "zero"),
        "multiplied by the norm, not divided by that of the vector": vector * np.linalg.norm(theta),
        "entry by entry": np.sign(vector) * np.abs(theta),
        "of the other sign": -normalised(vector, theta, net.layout, "filter"),
    }
    assert has_the_norms(normalised(vector, theta, net.layout, "filter"), vector, theta, groups)
    assert [name for name, d in wrong.items() if has_the_norms(d, vector, theta, groups)] == []


def test_normalisation_is_batched_and_safe_at_the_ends_of_the_range():
    net, theta = a_net()
    vectors = np.random.default_rng(5).standard_normal((2, 3, net.dim))
    thetas = np.stack([theta, -2 * theta, theta**2])
    got = normalised(vectors, thetas, net.layout, "filter")
    for i, j in np.ndindex(2, 3):
        assert (got[i, j] == normalised(vectors[i, j], thetas[j], net.layout, "filter")).all()
    for power in (-1000.0, 900.0):  # powers of two scale without rounding
        big = normalised(vectors * 2.0**power, theta * 2.0**power, net.layout, "filter")
        assert (big == normalised(vectors, theta, net.layout, "filter") * 2.0**power).all()


def test_zero_blocks_stay_and_lost_blocks_are_refused():
    layout = (("W", (2, 2)), ("b", (2,)))
    theta = np.array([0.0, 0, 3, 4, 0, 0])
    assert normalised(np.ones(6), theta, layout, "filter")[:2].tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"not zero on a whole block, got zero around W\[1,0\]; draw anew"):
        normalised([1, 1, 0, 0, 1, 1], theta, layout, "filter")
    with pytest.raises(ValueError, match="by must be one of model, layer, filter, got 'unit'"):
        normalised(np.ones(6), theta, layout, "unit")
    with pytest.raises(ValueError, match="biases must be one of own, filter, zero, got 'ignore'"):
        normalised(np.ones(6), theta, layout, "filter", "ignore")
    with pytest.raises(TypeError, match="vector must be real"):
        normalised(np.ones(6) * 1j, theta, layout, "filter")
    assert not normalised(np.ones(2), np.ones(2), (("b", (2,)),), "filter", "zero").any()


def rescaled(net, theta, scales):
    """W_l -> s_l W_l, b_l -> s_1 ... s_l b_l: the same function of a ReLU net for scales with product 1."""
    layers, product = [], 1.0
    for W, b, s in zip(*(iter(net.unpack(theta)),) * 2, scales, strict=True):
        product *= s
        layers += [s * W, product * b]
    return net.pack(*layers)


@pytest.mark.parametrize(
    ("normalise", "biases", "same"),
    [
        ("filter", "own", True),
        ("filter", "zero", True),
        ("layer", "own", True),
        ("layer", "zero", True),
        ("filter", "filter", False),
        ("layer", "filter", False),
        ("model", "own", False),
        (None, "own", False),
    ],
)
def test_slices_do_not_see_a_rescaling_of_the_layers(normalise, biases, same):
    """Powers of two round nothing, so that the slices of the two nets are equal bit by bit, or not the same at all."""
    net, theta = a_net()
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 5)] * 2), -1)
    values = []
    for t in (theta, rescaled(net, theta, (4, 0.125, 2))):
        frame = random_frame(net, t, normalise=normalise, biases=biases, seed=6)
        values.append(net.loss(frame.points(grid)))
    assert values[0][2, 2] == values[1][2, 2]
    assert (values[0] == values[1]).all() == same
    assert same or np.abs(values[0] / values[1] - 1).max() > 1 / 8


def test_slices_see_a_rescaling_of_one_neuron():
    net, theta = a_net()
    W1, b1, W2, *rest = (a.copy() for a in net.unpack(theta))
    W1[0], b1[0], W2[:, 0] = 8 * W1[0], 8 * b1[0], W2[:, 0] / 8
    moved = net.pack(W1, b1, W2, *rest)
    assert net.loss(moved) == net.loss(theta)
    a, b = (net.loss(random_frame(net, t, normalise="filter", seed=6).points([[1, 0]])) for t in (theta, moved))
    assert abs(a / b - 1) > 1 / 8


# --- the constructors ------------------------------------------------------------------------------------------------


def test_random_frames_are_seeded_and_grow():
    net, theta = a_net()
    two, three = (random_frame(net, theta, k, seed=7) for k in (2, 3))
    assert (three.directions[:2] == two.directions).all()
    assert (random_frame(net, theta, seed=8).directions != two.directions).all()
    for by in ("model", "layer", "filter"):
        frame = random_frame(net, theta, normalise=by, seed=7)
        assert frame.kind == by and frame.about == {"seed": 7, "biases": "own"}
        assert (frame.directions == normalised(two.directions, theta, net.layout, by)).all()
    free = random_frame(lambda t: (t * t).sum(-1), theta, normalise="model", seed=7)
    assert np.abs(np.linalg.norm(free.directions, axis=1) / np.linalg.norm(theta) - 1).max() <= rounding(float, 40)
    assert random_frame(DeepLinearNet((1, 1, 1), [[1]], [[2]]), [1, "1/2"], seed=0).center.tolist() == [1, 0.5]


def test_coordinate_frames_name_what_moves():
    net, theta = a_net()
    frame = coordinate_frame(net, theta, "W2[1, 0]", 0)
    W1, _, W2, *_ = net.unpack(frame.points([10, 20]) - theta)
    assert abs(W2[1, 0] - 10) <= rounding(float, 1, 10) and abs(W1[0, 0] - 20) <= rounding(float, 1, 20)
    assert frame.about == {"names": ["W2[1,0]", "W1[0,0]"], "positions": [12, 0]}
    exact = coordinate_frame(ShallowNet(1, [[1]], [2], "relu"), ["1/3", 0, 1, 2], "c")
    assert exact.points(["1/7"]).tolist() == rational(["1/3", 0, 1, "15/7"]).tolist()
    assert coordinate_frame(lambda t: t, [1.0, 2], "theta[1]").directions.tolist() == [[0, 1]]


def test_eigenvectors_are_those_of_the_hessian():
    net, theta = a_net(activation="tanh")
    frame, H = eigen_frame(net, theta), net.hessian(theta)
    values, error = np.array(frame.about["eigenvalues"]), frame.about["error"]
    assert error == eigenvalue_error((H + H.T) / 2)
    residual = np.linalg.norm(H @ frame.directions.T - frame.directions.T * values, axis=0)
    assert (residual <= error).all()
    slopes = np.linalg.eigvalsh(H)
    assert np.abs(values - slopes[[0, -1]]).max() <= 2 * error
    assert frame.about["negative"] == (slopes < 0).sum() and sum(frame.about[k] for k in ("negative", "zero")) < net.dim
    saddle = eigen_frame(Quadratic([[1, 0, 0], [0, -2, 0], [0, 0, 0]]), [0, 0, 0], (0, 1, -1))
    assert saddle.about["eigenvalues"] == [-2, 0, 1] and saddle.directions.tolist() == np.eye(3)[[1, 2, 0]].tolist()
    assert [saddle.about[k] for k in ("negative", "zero", "positive")] == [1, 1, 1]


def test_on_a_sphere_the_eigenvectors_are_tangent():
    """H = s_1^2 + 2 s_2^2 + 4 s_3^2 on |s|^2 = 3 at the pole of s_1: Riemannian eigenvalues 2 (2 - 1) and 2 (4 - 1)."""
    glass = SphericalSpinGlass(3, 2, [1, 0, 0, 2, 0, 4])
    frame = eigen_frame(glass, [3**0.5, 0, 0])
    assert np.abs(np.array(frame.about["eigenvalues"]) - [2, 6]).max() <= 4 * frame.about["error"] + rounding(
        float, 9, 8
    )
    assert np.abs(np.abs(frame.directions) - np.eye(3)[1:]).max() <= rounding(float, 9)
    with pytest.raises(ValueError, match="theta must lie on the sphere"):
        eigen_frame(glass, [1.0, 0, 0])


@pytest.mark.parametrize(("T", "n"), [(6, 40), (40, 6), (7, 7)])
@pytest.mark.parametrize("center", ["mean", "last"])
def test_principal_axes_are_eigenvectors_of_the_covariance(T, n, center):
    rng = np.random.default_rng(10)
    path = rng.standard_normal((T, n)) * 2.0 ** -np.arange(n) + 5
    frame = principal_frame(path, 3, center=center)
    middle = path.sum(0) / T if center == "mean" else path[-1]
    C = (path - middle).T @ (path - middle)
    values = np.linalg.eigvalsh(C)[::-1]
    ratios = np.array(frame.about["explained variance ratio"])
    assert np.abs(ratios - values[:3] / np.trace(C)).max() <= rounding(float, T + 2 * n, 2)
    D = frame.directions
    assert np.abs(D @ D.T - np.eye(3)).max() <= rounding(float, T + n, values[0] / values[2])
    assert np.linalg.norm(C @ D.T - D.T * values[:3]) <= rounding(float, 2 * (T + n), 3 * values[0])
    assert all(d[np.flatnonzero(np.abs(d) > 3 / 4 * np.abs(d).max())[0]] > 0 for d in D)
    assert np.abs(frame.center - middle).max() <= rounding(float, T, np.abs(path).max())


@pytest.mark.parametrize("small", [0.5, 1e-6, 1e-12])
def test_principal_axes_are_orthonormal_for_small_singular_values_and_few_points(small):
    rng = np.random.default_rng(12)
    left, right = (np.linalg.qr(rng.standard_normal((k, 2)))[0] for k in (10, 40))
    path = left * [1, small] @ right.T
    D = principal_frame(path, 2, center=np.zeros(40)).directions
    assert np.abs(D @ D.T - np.eye(2)).max() <= rounding(float, 50)
    assert np.abs(D @ right - np.eye(2) * np.sign(D @ right)).max() <= rounding(float, 50, 1 / small)


def test_signs_do_not_hang_on_ties():
    path = np.array([[0.0, 0], [1, -1], [2, -2], [3, -3.5]])
    axis = principal_frame(path, 1).directions[0]
    assert axis[0] > 0 and (principal_frame(path[:, ::-1], 1).directions[0][0] > 0)


def test_a_centre_of_ones_own_and_trajectories_without_enough_dimensions():
    path = np.random.default_rng(11).standard_normal((5, 3))
    assert principal_frame(path, center=[0, 0, 0]).about["center"] == "point"
    line = np.outer(np.arange(6) / 7, [1, 2, 3]) + 1000.1
    assert principal_frame(line, 1).about["explained variance ratio"][0] > 1 - rounding(float, 9)
    for make, text in (
        (lambda: principal_frame(line), "needs 2 axes, got points that span 1 around the mean point"),
        (lambda: principal_frame(np.ones((4, 3)), center="last"), "span 0 around the last point"),
        (lambda: principal_frame(path, center="first"), r"center must be 'mean', 'last' or a point \(3,\)"),
        (lambda: principal_frame(path[0]), "of at least two points"),
        (lambda: principal_frame(path[None]), "take one start"),
    ):
        with pytest.raises(ValueError, match=text):
            make()


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda n, t: random_frame(n, 0 * t, normalise="filter", seed=0), ValueError, "zero if that is zero"),
        (lambda n, t: random_frame(n, t, 0, seed=0), ValueError, "count must be an integer of at least 1, got 0"),
        (lambda n, t: random_frame(n, t, 99, seed=0), Degenerate, "got 99 in R"),
        (lambda n, t: random_frame(n, t, seed=-1), ValueError, "seed must be an integer of at least 0, got -1"),
        (lambda n, t: random_frame(n, t[:3], seed=0), ValueError, "theta needs the 20 parameters of the model, got 3"),
        (lambda n, t: random_frame(n, t, normalise="unit", seed=0), ValueError, "normalise must be None, model, layer"),
        (lambda n, t: random_frame(sum, t, normalise="filter", seed=0), TypeError, "needs a model with a layout"),
        (
            lambda n, t: random_frame(n, t, biases="bogus", seed=0),
            ValueError,
            "biases must be one of own, filter, zero",
        ),
        (lambda n, t: coordinate_frame(n, t), ValueError, "needs at least one parameter, got none"),
        (lambda n, t: coordinate_frame(n, t, "W9[0]"), ValueError, "got 'W9\\[0\\]'; its names are W1\\[0,0\\]"),
        (lambda n, t: coordinate_frame(n, t, 20), ValueError, "needs a position from 0 to 19, got 20"),
        (lambda n, t: coordinate_frame(n, t, 0, "W1[0,0]"), ValueError, "needs different parameters, got W1"),
        (lambda n, t: eigen_frame(n, t, "middle"), ValueError, "which needs 'smallest', 'largest' or positions"),
        (
            lambda n, t: eigen_frame(n, t, (0, -20)),
            ValueError,
            r"needs different eigenvectors, .* got positions \[0, 0\]",
        ),
        (lambda n, t: eigen_frame(sum, t), TypeError, "needs a model with a hessian"),
    ],
)
def test_bad_directions_are_refused_in_one_line(make, error, text):
    with pytest.raises(error, match=text) as caught:
        make(*a_net())
    assert "\n" not in str(caught.value)
