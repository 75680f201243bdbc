"""relu(w.x) in R^d: faces, local minima and valleys, against routes that share no code with the enumeration."""

import json
import random
import time
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy import ndimage

from theory.arithmetic import flint, is_zero, rational, to_float
from theory.calculus.arrangement import arrangement, face_counts
from theory.calculus.cones import cells
from theory.calculus.tolerance import rounding
from theory.cli.main import run as main
from theory.critical.relu_faces import cone_landscape
from theory.critical.relu_least import is_below
from theory.critical.relu_neuron import line_landscape, local_minima
from theory.critical.relu_pieces import atlas
from theory.errors import NotExact, TooLarge
from theory.models import ReluNeuron, ShallowNet

SIX = ([[-2, 2, -2], [-2, 0, 1]], [1, 1, 3])
STRICT_KINK = ([[-2, 0, 1], [-1, 2, 2]], [-3, 2, 0])
DEGENERATE = [
    ([[0]], [1]),
    ([[0, 0], [0, 0]], [1, 2]),
    ([[1, -1, 2, 0], [0, 0, 0, 0]], [1, 2, 1, 5]),
    ([[1], [2], [3]], [1]),
    ([[1, 1, 1], [2, 2, 2]], [0, 1, 5]),
    ([[1, 2], [0, 1]], [0, 0]),
    ([[1, 2], [0, 1]], [-1, -1]),
]
INSTANCES = {name: net for name, net in ReluNeuron.instances() if name != "floats"}


def q(p, r=1):
    return flint().fmpq(p, r)


def random_data(seed, d=2, low=2, high=6):
    """Few small integers: zero, repeated, opposite and dependent samples are frequent."""
    draw = random.Random(seed)
    m, b = draw.randint(low, high), draw.choice((1, 2, 3, 5))
    X = [[draw.randint(-b, b) for _ in range(m)] for _ in range(d)]
    return X, [draw.randint(-b - 1, b + 2) for _ in range(m)]


# -- arrangements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "m"), [(1, 1), (1, 3), (2, 5), (3, 3), (3, 7), (4, 6), (5, 7)])
def test_general_position_has_the_most_faces(d, m):
    """Moment curve: any d of the normals are independent."""
    A = arrangement([[t**k for t in range(1, m + 1)] for k in range(d)])
    counts = np.bincount(A.dimensions, minlength=min(d, m) + 1)
    k = 1 if d == 1 else m
    assert tuple(counts) == face_counts(k, A.rank)
    assert sum((-1) ** j * int(n) for j, n in enumerate(counts)) == (-1) ** A.rank, "Euler's relation"


@pytest.mark.parametrize("seed", range(25))
def test_faces_are_all_sign_vectors(seed):
    """Each is realised by a sum of rays, random points find no other, and the cells are those of ``cones.cells``."""
    draw, d = np.random.default_rng(seed), 1 + seed % 4
    V = draw.integers(-2, 3, (d, draw.integers(1, 6)))
    A = arrangement(V)
    for signs in A.signs:
        below = is_below(A.ray_signs.astype(np.float32), signs[None].astype(np.float32))[:, 0]
        point = A.rays[below].sum(0) @ A.reduced if below.any() else 0 * V[0]
        assert [int(x > 0) - int(x < 0) for x in point] == signs.tolist()
    everything = {tuple(row) for row in A.signs}
    assert len(everything) == len(A.signs)
    points = draw.integers(-3, 4, (4000, d))
    assert {tuple(row) for row in np.sign(points @ V)} <= everything
    seen = V[:, V.any(0)]
    if seen.size:
        top = A.signs[A.of_dimension(A.rank)][:, V.any(0)] > 0
        assert {tuple(row) for row in top} == {tuple(row) for row in cells(rational(seen))}
        lifted = rational(V).T @ A.lift @ A.rays.T
        assert (np.sign(to_float(lifted).T) == A.ray_signs).all()


def test_facets_lie_between_their_cells():
    A = arrangement(np.random.default_rng(3).integers(-9, 10, (3, 6)))
    facets, top = A.signs[A.of_dimension(2)], A.signs[A.of_dimension(3)]
    assert len(A.sides) == len(facets)
    for facet, (a, b) in zip(facets, A.sides, strict=True):
        assert (top[a] + top[b] == 2 * facet).all() and a != b


def test_many_planes_need_more_than_one_word():
    A = arrangement([[1] * 60, list(range(60))])
    assert np.bincount(A.dimensions).tolist() == [1, 120, 120]


def test_too_many_faces_are_predicted():
    with pytest.raises(TooLarge, match=r"up to 65081 faces with 8120 rays and 8180 cells \(30 planes in dimension 4\)"):
        arrangement(np.random.default_rng(1).integers(-99, 100, (4, 30)))
    with pytest.raises(TooLarge, match="at most 12 faces"):
        arrangement([[1, 0, 1], [0, 1, 1]], max_faces=12)
    with pytest.raises(NotExact):
        arrangement([[0.5]])


# -- local minima ------------------------------------------------------------------------------------------------------


def literal_loss(X, y, w):
    """The loss at a rational w, in Fractions."""
    w = [Fraction(str(v)) for v in w]
    outputs = [max(sum(a * Fraction(b) for a, b in zip(w, x, strict=True)), 0) for x in zip(*X, strict=True)]
    return sum((f - Fraction(v)) ** 2 for f, v in zip(outputs, y, strict=True)) / Fraction(len(y))


@pytest.mark.parametrize("data", [SIX, STRICT_KINK, *DEGENERATE, *map(random_data, range(20))])
def test_minima_have_their_value_and_no_descent(data):
    X, y = data
    draw = random.Random(5)
    for f in local_minima(X, y):
        assert literal_loss(X, y, f.w) == Fraction(str(f.value))
        near = [rational([Fraction(draw.randint(-9, 9), 10**6) for _ in X]) for _ in range(60)]
        losses = [(step, literal_loss(X, y, np.array(f.w, object) + step)) for step in near]
        assert all(loss >= Fraction(str(f.value)) for _, loss in losses)
        if f.strict:
            assert all(loss > Fraction(str(f.value)) for step, loss in losses if step.any())
        assert f.dead == (literal_loss(X, y, f.w) == literal_loss(X, y, [0] * len(X)) and max(f.signs) <= 0)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("output_bias", [False, True])
def test_minima_are_the_minimisers_of_all_adjacent_cells(seed, output_bias):
    """A second criterion: the value at w is the least one on each closed cell that contains w."""
    landscape = cone_landscape(*random_data(seed, d=1 + seed % 3), output_bias=output_bias)
    A, (least, inside, _) = landscape.arrangement, landscape.values.least
    top = A.of_dimension(A.rank)
    adjacent = is_below(A.signs[inside].astype(np.float32), A.signs[top].astype(np.float32))
    lowest = [(least[top[row]] == least[face]).all() for row, face in zip(adjacent, inside, strict=True)]
    assert inside[lowest].tolist() == landscape._minimal_faces[0].tolist()


def test_known_landscapes():
    six = local_minima(*SIX)
    assert len(six) == face_counts(3, 2)[-1] and [f.strict for f in six].count(True) == 3
    kink = local_minima(*STRICT_KINK)[0]
    assert (kink.value, kink.signs, kink.strict, kink.dimension) == (q(87, 25), (0, 1, 1), True, 0)
    (everything,) = local_minima([[0, 0], [0, 0]], [1, 2])
    assert (everything.value, everything.dimension, everything.dead) == (q(5, 2), 2, True)
    (line,) = [f for f in local_minima([[1], [2], [3]], [1]) if not f.dead]
    assert (line.value, line.dimension, line.floor) == (0, 2, True)
    for target in (-1, 0):
        (half_line,) = local_minima([[1]], [target])
        assert (half_line.value, half_line.dead, half_line.dimension, half_line.faces) == (target**2, True, 1, 2)


@pytest.mark.parametrize("seed", range(30))
def test_linear_maps_repetition_and_units_change_nothing(seed):
    X, y = random_data(seed, d=2 + seed % 2)
    T = np.triu(np.ones((len(X), len(X)), int)) * (1 + seed % 3)
    before = cone_landscape(X, y)
    shape = [(f.value, f.dimension, f.strict, f.floor, f.spurious) for f in before.minima]
    for X2, y2 in ((T @ X, y), (np.hstack([X, X]), y * 2)):
        after = cone_landscape(X2, y2)
        assert [(f.value, f.dimension, f.strict, f.floor, f.spurious) for f in after.minima] == shape
        assert after.component_counts() == before.component_counts()
    scaled = cone_landscape(X, [3 * v for v in y]).minima
    assert [f.value for f in scaled] == [9 * f.value for f in before.minima]


# -- two independent routes --------------------------------------------------------------------------------------------


def flood_fill(X, y, level, directions, radii):
    """Components of {L <= level} on a polar grid, from the literal loss; the last direction is joined to the first."""
    X, y = np.array(X, float), np.array(y, float)
    angle = 2 * np.pi * (np.arange(directions) + 0.5) / directions
    u = np.stack([np.cos(angle), np.sin(angle)], axis=1) @ X
    loss = ((np.maximum(u[:, None, :] * radii[:, None], 0) - y) ** 2).mean(-1)
    below = loss <= level
    labels, n = ndimage.label(below)
    joined = below[0] & below[-1]
    pairs = {(a, b) for a, b in zip(labels[0][joined], labels[-1][joined], strict=True) if a != b}
    root = list(range(n + 1))
    for a, b in pairs:
        root = [root[a] if r == root[b] else r for r in root]
    return len(set(root[1:]))


def refined_count(X, y, level, expected):
    """The count on grids that are refined until it is the expected one, or the finest grid has another."""
    for k in (1, 2, 4, 8):
        count = flood_fill(X, y, level, 720 * k, np.geomspace(1 / 64, 64, 160 * k))
        if count == expected:
            break
    return count


@pytest.mark.slow
def test_flood_fill_finds_the_same_valleys_on_300_data_sets():
    """At a level between any two at which the number of components changes."""
    disagreements, levels = [], 0
    for seed in range(300):
        X, y = random_data(seed)
        counts = cone_landscape(X, y).component_counts()
        for (low, n), (high, _) in pairwise(counts):
            levels += 1
            if refined_count(X, y, float(to_float(rational([(low + high) / 2]))[0]), n) != n:
                disagreements.append((seed, n))
    assert not disagreements and levels > 150


FINEST = 2.0**-26


def descend(loss, w, draw, longest=1.0):
    """Random descent: the best of some random steps if it is lower, else shorter steps, down to the finest."""
    w, size = w.copy(), np.full(len(w), longest)
    while size.max() > FINEST:
        steps = draw.standard_normal((48, *w.shape)) * size[:, None]
        trial = loss(w + steps)
        best, lower = trial.argmin(0), trial.min(0) < loss(w)
        w[lower] += steps[best, np.arange(len(w))][lower]
        size = np.where(lower, np.minimum(2 * size, longest), size / 2)
    return w


@pytest.mark.slow
def test_random_descent_ends_at_enumerated_values_on_300_data_sets():
    """Never below the least one; after some rounds within its resolution of one; and strict minima keep their own."""
    draw = np.random.default_rng(1)
    disagreements = []
    for seed in range(300):
        X, y = random_data(1000 + seed, d=1 + seed % 2)
        A, b = np.array(X, float), np.array(y, float)
        minima = local_minima(X, y)
        values = to_float(np.array([f.value for f in minima], object))
        scale = 1 + np.square(b).mean()
        resolution = scale * np.sqrt(FINEST)

        def loss(w, A=A, b=b):
            return ((np.maximum(w @ A, 0) - b) ** 2).mean(-1)

        w = 3 * draw.standard_normal((12, len(X)))
        for _ in range(30):
            w = descend(loss, w, draw)
            if (far := np.abs(loss(w)[:, None] - values).min(1) > resolution).sum() == 0:
                break
        below = loss(w) < values.min() - rounding(float, 100 * len(y), scale)
        strict = [f for f in minima if f.strict]
        starts = np.array([to_float(np.array(f.w, object)) for f in strict]).reshape(-1, len(X))
        ends = loss(descend(loss, starts + FINEST, draw, longest=np.sqrt(FINEST))) if strict else 0
        own = to_float(np.array([f.value for f in strict], object)) if strict else 0
        if far.any() or below.any() or np.any(np.abs(ends - own) > resolution):
            disagreements.append(seed)
    assert not disagreements


@pytest.mark.parametrize("part", range(3))
def test_the_line_landscape_and_the_arrangement_agree_on_300_data_sets(part):
    """Profiles by prefix sums, against the arrangement of the (w, b) plane for y and -y: all minima and barriers."""
    for seed in range(100 * part, 100 * part + 100):
        draw = random.Random(seed)
        m, b = draw.randint(1, 7), draw.choice((1, 2, 4))
        x, y = [draw.randint(-b, b) for _ in range(m)], [draw.randint(-b - 2, b + 2) for _ in range(m)]
        line = line_landscape(x, y)
        found = atlas(ReluNeuron([x], y, output_weight=True, bias=True, output_bias=True))
        assert (found.constant, found.counts) == (line.best_constant, line.component_counts())
        assert found.global_value == line.global_value
        rows = [(f.value, f.floor, f.spurious) for f in found.minima]
        expected = [(f.value, True, f.spurious) for f in line.floors]
        expected += [(f.value, False, f.spurious) for f in line.plateaus]
        assert sorted(rows) == sorted(expected)
        barriers = [line.barrier(i, j) for i, j in combinations(range(len(line.floors)), 2)]
        assert sorted(b.height for b in found.barriers) == sorted(barriers)


def test_components_contain_their_minima():
    landscape = cone_landscape(*SIX)
    for level, n in landscape.component_counts():
        parts = landscape.components(level)
        assert len(parts) == n and sorted(i for part in parts for i in part) == [
            i for i, f in enumerate(landscape.minima) if f.value <= level
        ]
    heights = {landscape.barrier(i, j) for i, j in combinations(range(6), 2)}
    assert max(heights) <= landscape.value_at_zero
    assert landscape.height([0, 0], [0, 0]) == landscape.value_at_zero
    assert landscape.components(landscape.global_value - 1) == ()


@pytest.mark.parametrize(("d", "m"), [(2, 40), (3, 20), (4, 14)])
def test_reach(d, m):
    """Far below the minute that is allowed."""
    draw, started = np.random.default_rng(d), time.perf_counter()
    landscape = cone_landscape(draw.integers(-30, 31, (d, m)), draw.integers(-30, 31, m))
    assert landscape.minima and landscape.component_counts()
    assert time.perf_counter() - started < 60


# -- the atlas ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INSTANCES)
def test_the_atlas_of_every_set_of_parameters(name):
    """Values by the model; stationary points of it; no small step leads down; barriers lie above their ends."""
    net, draw = INSTANCES[name], random.Random(2)
    found = atlas(net)
    for f in found.minima:
        assert net.loss(f.theta) == f.value >= found.global_value
        assert net.clarke_stationary(f.theta)
        if net.smooth_at(f.theta):
            assert is_zero(net.gradient(f.theta)).all()
        steps = rational([[Fraction(draw.randint(-9, 9), 10**7) for _ in range(net.dim)] for _ in range(50)])
        assert all(loss >= f.value for loss in net.loss(f.theta + steps))
    for b in found.barriers:
        assert max(found.minima[b.i].value, found.minima[b.j].value) < b.height <= found.constant
    assert found.counts[-1][1] == 1


def problem(folder, net):
    data = {"X": [[str(v) for v in row] for row in net.X], "y": [str(v) for v in net.y]}
    flags = {"output_weight": net.output_weight, "bias": net.bias, "output_bias": net.output_bias}
    path = folder / "neuron.json"
    plain = {"schema": "exact-landscapes/problem/1", "model": "ReluNeuron", "architecture": flags, "data": data}
    path.write_text(json.dumps(plain))
    return str(path)


def test_the_command_prints_minima_valleys_and_barriers(tmp_path, capsys):
    path = problem(tmp_path, INSTANCES["Exercise 12.8"])
    assert main(["atlas", path]) == 0
    out = capsys.readouterr().out
    assert "1 from 2/3, 2 from 25/18, 3 from 3/2, 1 from 14/9" in out
    assert out.count("spurious valley") == 2 and out.count("14/9") >= 4
    assert main(["atlas", path, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["model"], found["constant"]) == ("exact-landscapes/atlas/1", "ReluNeuron", "14/9")
    assert [(f["value"], f["floor"], f["spurious"]) for f in found["minima"]] == [
        ("2/3", True, False), ("25/18", True, True), ("25/18", False, False), ("3/2", True, True),
    ]  # fmt: skip
    assert {b["height"] for b in found["barriers"]} == {"14/9"}
    assert main(["atlas", problem(tmp_path, INSTANCES["one sample"])]) == 0
    assert "dead" in capsys.readouterr().out


def test_the_figure_shows_enumerated_values_and_teachers_leave_no_spurious_valley():
    from paper_figures import fig_how_bad_minima as figure

    data = figure.data()
    for series, sets in ((data.line, figure.LINE_SETS), (data.plane, figure.PLANE_SETS)):
        for one in series:
            assert all(0 <= value < 1 for value in one.values)
            assert sum(value == 0 for value in one.values) > sets / 2  # where a network beats the constants
    assert [one.spurious > 0 for one in (*data.line, *data.plane)] == [True] * 5 + [False]


def test_refusals_in_words():
    with pytest.raises(TypeError, match="single ReLU neuron"):
        atlas(ShallowNet(2, [[1, 2]], [0, 1], "relu"))
    with pytest.raises(NotExact, match="must be rational"):
        atlas(ReluNeuron([[0.5]], [1.0]))
    with pytest.raises(NotExact, match="must be rational"):
        local_minima([[0.5, 1.0]], [0, 1])
    with pytest.raises(ValueError, match="samples as columns"):
        local_minima([1, 2], [0, 1])
    with pytest.raises(ValueError, match="y needs shape"):
        local_minima([[1, 2]], [0])
    with pytest.raises(ValueError, match="pass one point"):
        cone_landscape([[1, 2]], [0, 1]).loss([1, 2])
    with pytest.raises(TooLarge, match="use fewer samples"):
        local_minima(np.random.default_rng(1).integers(-99, 100, (6, 40)), np.arange(40))
