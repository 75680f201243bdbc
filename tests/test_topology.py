"""Merge trees on grids against gudhi, scipy and literal searches; certified bounds against exact barriers."""

from itertools import groupby

import gudhi
import numpy as np
import pytest
from scipy import ndimage

from paper_figures.rendering import load
from theory import ball, precision, rational, symbols
from theory.arithmetic import flint, to_float
from theory.calculus.tolerance import rounding
from theory.claims.neuron_cells import cell_bounds, node_losses
from theory.critical.relu_neuron import line_landscape
from theory.errors import NotExact
from theory.models import DeepLinearNet, ReluNeuron
from theory.plots.merge_tree import branches, draw_merge_tree, leaf_order
from theory.topology.certified import (
    ball_enclosure,
    interval_enclosure,
    lipschitz_enclosure,
    variation_enclosure,
)
from theory.topology.elder import elder_rule, tree_of_barriers
from theory.topology.merge_tree import merge_tree

CONNECTIVITIES = [(1, 2), (2, 4), (2, 8), (3, 6), (3, 26)]
SIDES = {1: 30, 2: 9, 3: 5}


def random_field(rng, ndim, ties):
    """Sides of 1 and more; few values where ties are wanted."""
    shape = tuple(rng.integers(1, SIDES[ndim] + 1, size=ndim))
    return rng.integers(0, rng.integers(2, 8), size=shape).astype(float) if ties else rng.normal(size=shape)


def gudhi_diagram(values, connectivity):
    """Vertices carry the values for neighbours along the axes, top cells for all neighbours."""
    name = "vertices" if connectivity == 2 * values.ndim else "top_dimensional_cells"
    cells = gudhi.CubicalComplex(**{name: values})
    cells.compute_persistence()
    return sorted(map(tuple, cells.persistence_intervals_in_dimension(0)))


def structure(ndim, connectivity):
    return ndimage.generate_binary_structure(ndim, 1 if connectivity == 2 * ndim else ndim)


def literal_barrier(values, connectivity, p, q):
    """The least value c with p and q in one component of {f <= c}, labelled by scipy at every value."""
    for c in np.unique(values):
        labels, _ = ndimage.label(values <= c, structure(values.ndim, connectivity))
        if labels[p] and labels[p] == labels[q]:
            return c
    raise AssertionError("a grid is connected")


@pytest.mark.parametrize(("ndim", "connectivity"), CONNECTIVITIES)
@pytest.mark.parametrize("ties", [False, True])
def test_diagrams_are_those_of_gudhi(ndim, connectivity, ties):
    rng = np.random.default_rng([ndim, connectivity, ties])
    for _ in range(200):
        values = random_field(rng, ndim, ties)
        tree = merge_tree(values, connectivity)
        assert sorted(map(tuple, tree.diagram)) == gudhi_diagram(values, connectivity)


@pytest.mark.parametrize("shape", [(300, 400), (1, 5000), (5000, 1), (40, 50, 60), (100000,)])
def test_larger_fields_equal_gudhi_also_across_chunks(shape, monkeypatch):
    monkeypatch.setattr("theory.topology.row_basins.CHUNK", 1000)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=shape)
    for values in (noise, ndimage.gaussian_filter(noise, 2), np.round(ndimage.gaussian_filter(noise, 2), 1)):
        assert sorted(map(tuple, merge_tree(values).diagram)) == gudhi_diagram(values, 2 * len(shape))


@pytest.mark.parametrize(("ndim", "connectivity"), CONNECTIVITIES)
def test_labels_counts_and_barriers_are_the_literal_ones(ndim, connectivity):
    rng = np.random.default_rng([7, ndim, connectivity])
    for k in range(30):
        values = random_field(rng, ndim, ties=k % 2)
        tree = merge_tree(values, connectivity)
        counts = tree.component_counts()
        for c in np.unique(values):
            theirs, n = ndimage.label(values <= c, structure(ndim, connectivity))
            ours = tree.labels(c)
            assert tree.count(c) == n == next(count for level, count in counts[::-1] if level <= c)
            assert np.array_equal(ours >= 0, theirs > 0)
            pairs = set(zip(ours.flat, theirs.flat, strict=True))
            assert len(pairs) == len(set(ours.flat)) == len(set(theirs.flat))
            for name in set(ours.flat) - {-1}:  # a component is named by its lowest node, ties by index
                own = np.flatnonzero(ours.reshape(-1) == name)
                lowest = own[np.argmin(values.reshape(-1)[own])]
                assert np.ravel_multi_index(tree.minima[name], tree.shape) == lowest
        for _ in range(5):
            p, q = (tuple(int(rng.integers(n)) for n in values.shape) for _ in "pq")
            height = tree.barrier(p, q)
            assert height == tree.barrier(q, p) == literal_barrier(values, connectivity, p, q)
            assert tree.component_of(p, height) == tree.component_of(q, height) == tree.labels(height)[q]


@pytest.mark.parametrize(("ndim", "connectivity"), CONNECTIVITIES)
def test_the_tree_is_that_of_adding_node_after_node(ndim, connectivity):
    """Births, saddles and parents literally: nodes in the order of (value, index), joined to the neighbours present."""
    rng = np.random.default_rng([11, ndim, connectivity])
    for k in range(60):
        values = random_field(rng, ndim, ties=k % 2)
        tree = merge_tree(values, connectivity)
        steps = np.argwhere(structure(ndim, connectivity)) - 1
        component, ended = {}, {}
        for node in sorted(np.ndindex(values.shape), key=lambda v: (values[v], v)):
            near = {component[n] for s in steps if (n := tuple(int(i) for i in np.add(node, s))) in component}
            elder = min(near, key=lambda v: (values[v], v), default=node)
            for other in near - {elder}:
                ended[other] = (node, elder)
                component |= {n: elder for n, c in component.items() if c == other}
            component[node] = elder
        ended = {i: end for i, end in ended.items() if values[end[0]] > values[i]}
        root = min(np.ndindex(values.shape), key=lambda v: (values[v], v))
        minima = [tuple(map(int, m)) for m in tree.minima]
        assert minima == sorted([root, *ended], key=lambda v: (values[v], v))
        assert tree.parents[0] == -1 and (tree.saddles[0] == -1).all() and tree.deaths[0] == np.inf
        for i, m in enumerate(minima[1:], 1):
            assert (tuple(map(int, tree.saddles[i])), minima[tree.parents[i]]) == ended[m]
            assert (tree.births[i], tree.deaths[i]) == (values[m], values[ended[m][0]])


def test_integers_and_rationals_are_exact():
    """Values that floats cannot tell apart."""
    big = 2**60
    tree = merge_tree(np.array([[big + 1, big + 3, big], [big + 9, big + 4, big + 5]]))
    assert tree.births.tolist() == [big, big + 1] and tree.deaths[1] == big + 3
    assert merge_tree(np.array([3, 1, 2], np.uint8)).births.tolist() == [1]
    third = flint().fmpq(1, 3)
    tree = merge_tree([["1/3", 1, "1/3"], [2, "333333333333333333333/1000000000000000000000", 2]], 8)
    assert tree.births.tolist() == [flint().fmpq(333333333333333333333, 10**21)] and tree.count(third) == 1
    assert tree.labels("1/3").tolist() == [[0, -1, 0], [-1, 0, -1]]


def test_a_rational_level_is_compared_exactly_with_floats():
    values = np.array([0.1, 9.0, 0.2])
    assert merge_tree(values).count("1/10") == 0  # the float 0.1 is above 1/10
    assert merge_tree(values).count("1/5") == 1  # and 0.2 above 1/5
    assert merge_tree(values).count(flint().fmpq(1, 5) + flint().fmpq(1, 10**15)) == 2
    assert merge_tree(values).count(0.1) == 1
    assert merge_tree(values.astype(np.float32)).count(0.1) == 0  # nor is the float32 below the float 0.1


def test_a_field_is_copied():
    values = np.array([[0.0, 2.0, 1.0]])
    tree = merge_tree(values)
    values[:] = 5
    assert tree.labels(1).tolist() == [[0, -1, 1]]


def test_persistent_branches_are_a_tree():
    rng = np.random.default_rng(3)
    tree = merge_tree(rng.normal(size=(30, 30)))
    names, births, deaths, parents = tree.branches(1)
    assert np.array_equal(names, np.flatnonzero(tree.persistence > 1)) and 1 < len(names) < len(tree)
    assert np.array_equal(names[parents[1:]], tree.parents[names[1:]])
    assert np.array_equal(deaths - births, tree.persistence[names])
    assert len(tree.branches()[0]) == len(tree)


def test_the_order_in_memory_does_not_matter():
    values = np.random.default_rng(1).normal(size=(7, 8))
    expected = merge_tree(values)
    for same in (np.asfortranarray(values), np.repeat(values, 2, axis=1)[:, ::2], values[::-1][::-1]):
        tree = merge_tree(same)
        assert np.array_equal(tree.minima, expected.minima) and np.array_equal(tree.saddles, expected.saddles)
        assert np.array_equal(tree.labels(0.5), expected.labels(0.5))


@pytest.mark.parametrize("shape", [(40,), (11, 12), (5, 6, 7)])
def test_losses_of_a_model_on_a_grid(shape):
    net = DeepLinearNet((1, 1, 1), [[1]], [[1]])
    axes = np.meshgrid(*(np.linspace(-2, 2, n) for n in shape), indexing="ij")
    theta = np.stack([axes[0], axes[-1]], axis=-1)
    tree = merge_tree(net.loss(theta))
    assert tree.shape == shape and tree.births[0] == net.loss(theta).min()


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ([[0.0, np.nan]], ValueError, "finite"),
        ([[0.0, np.inf]], ValueError, "finite"),
        ([], ValueError, "at least one|with nodes"),
        (np.zeros((0, 3)), ValueError, "with nodes"),
        (np.zeros((2, 2, 2, 2)), ValueError, "dimension 1, 2 or 3"),
        (1.5, ValueError, "dimension 1, 2 or 3"),
        ([[1], [1, 2]], ValueError, "rectangular"),
        (np.zeros((2, 2), complex), TypeError, "real"),
        (np.zeros((2, 2), bool), TypeError, "numbers"),
        (ball([1, 2]), NotExact, "without an order"),
        (symbols(x=2), NotExact, "without an order"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), TypeError, "mask"),
    ],
)
def test_bad_fields_are_refused(values, error, says):
    with pytest.raises(error, match=says) as caught:
        merge_tree(values)
    assert str(caught.value).startswith("merge_tree") and "\n" not in str(caught.value)


def test_bad_connectivities_nodes_and_levels_are_refused():
    with pytest.raises(ValueError, match="4 or 8 neighbours, got 6"):
        merge_tree(np.zeros((2, 2)), 6)
    tree, exact = merge_tree(np.ones((2, 3))), merge_tree([[1, 2]])
    for node in ((2, 0), (0, -1), (0,), (0, 0, 0)):
        with pytest.raises(ValueError, match=r"node of the grid of shape \(2, 3\)"):
            tree.barrier(node, (0, 0))
    for node in ((0.0, 1), 3, "ab"):
        with pytest.raises(TypeError, match="tuple of 2 integers"):
            tree.component_of(node, 1)
    with pytest.raises(ValueError, match="from the least value"):
        tree.labels(0.5)
    with pytest.raises(ValueError, match="at least the value at the node"):
        tree.component_of((0, 0), 0.5)
    for level in (np.nan, np.inf):
        with pytest.raises(ValueError, match="finite"):
            tree.count(level)
    for level in ([1.0], 1j, None):
        with pytest.raises(TypeError):
            tree.count(level)
    with pytest.raises(NotExact, match='write "1/10"'):
        exact.count(0.1)


# -- the elder rule ----------------------------------------------------------------------------------------------------


def test_the_exact_valleys_of_a_neuron_as_a_tree():
    neuron = line_landscape([-1, 0, 1], [0, 3, 1])
    deaths, parents = tree_of_barriers([f.value for f in neuron.floors], neuron.barrier)
    assert deaths == [None, flint().fmpq(14, 9), flint().fmpq(14, 9)] and parents == [-1, 0, 0]


def test_trees_of_barriers_are_those_of_the_grid():
    rng = np.random.default_rng(5)
    for k in range(50):
        tree = merge_tree(random_field(rng, 2, ties=k % 2))
        minima = list(map(tuple, tree.minima))
        deaths, parents = tree_of_barriers(tree.births, lambda i, j, t=tree, m=minima: t.barrier(m[i], m[j]))
        assert deaths[1:] == tree.deaths[1:].tolist()
        for i, parent in enumerate(parents[1:], 1):  # at ties all end at once here, and one by one on the grid
            joined = tree.parents[i]
            while tree.deaths[joined] == tree.deaths[i]:
                joined = tree.parents[joined]
            assert parent == joined
    with pytest.raises(ValueError, match="lowest first"):
        tree_of_barriers([2, 1], lambda i, j: 3)


def test_vertices_that_nothing_joins_never_end():
    assert elder_rule(4, [(3, 1)]) == ([-1, -1, -1, 1], [-1, -1, -1, 0])
    assert elder_rule(1, []) == ([-1], [-1])


# -- certified ---------------------------------------------------------------------------------------------------------


def test_lipschitz_bounds_enclose_the_barrier_of_a_double_well():
    """f = (x^2 - 1)^2 + y^2 on [-3/2, 3/2] x [-1, 1]: wells at (-1, 0), (1, 0), barrier 1."""
    x, y = rational([f"{i}/64" for i in range(-96, 97)]), rational([f"{i}/16" for i in range(-16, 17)])
    f = (x * x - 1) * (x * x - 1) + (y * y)[:, None]
    cells = lipschitz_enclosure(f, ["1/16", "1/64"], [2, "15/2"])  # |f_y| <= 2, |f_x| = |4 x (x^2 - 1)| <= 15/2
    left, right = (16, 32), (16, 160)
    low, high = cells.barrier(left, right)
    assert low <= 1 <= high and high - low <= 2 * (2 * rational(["1/32"])[0] + rational(["15/256"])[0])
    assert cells.separated(left, right, "4/5") is True and cells.separated(left, right, "6/5") is False
    assert cells.separated(left, right, 1) is None
    assert cells.least_count("4/5") == 2 and cells.least_count(2) == 1 and cells.least_count(-1) == 0
    wider = lipschitz_enclosure(to_float(f), [1 / 16, 1 / 64], [2, 7.5]).barrier(left, right)
    assert wider[0] < to_float(rational([low]))[0] and to_float(rational([high]))[0] < wider[1]


def test_the_variation_may_differ_from_cell_to_cell_and_floats_are_rounded_outwards():
    values, widths = np.random.default_rng(2).normal(size=(2, 10, 20))
    widths = abs(widths)
    cells = variation_enclosure(values, widths)
    for numbers in zip(values.flat, cells.lower.flat, cells.upper.flat, widths.flat, strict=True):
        v, lo, up, width = (flint().fmpq(*float(number).as_integer_ratio()) for number in numbers)
        assert lo <= v - width and v + width <= up
    assert (abs(cells.lower - (values - widths)) <= rounding(float, 2, abs(values) + widths)).all()
    assert variation_enclosure(values, "1/10").lower.dtype == float
    assert (lipschitz_enclosure(values, [1, 0.5], [0, "1/10"]).upper > values + 0.025).all()


def test_the_exact_neuron_between_its_bounds():
    """Every cell of a grid: the losses at its corners lie between the bounds, and random points inside too."""
    x, y = rational([-1, 0, 1]), rational([0, 3, 1])
    slopes, kinks = rational([-2, -1, 0, "1/2", 3]), rational([-2, "-1/2", "1/3", 2])
    cells = cell_bounds(x, y, slopes, kinks)
    fine = [a[:-1, None] + (a[1:] - a[:-1])[:, None] * rational(["0", "1/3", "9/10", "1"]) for a in (slopes, kinks)]
    inside = node_losses(x, y, fine[0].reshape(-1), fine[1].reshape(-1)).reshape(4, 4, 3, 4)
    assert (cells.lower[:, None, :, None] <= inside).all() and (inside <= cells.upper[:, None, :, None]).all()
    assert (cells.known == np.minimum.reduce(inside[:, [0, 0, 3, 3], :, [0, 3, 0, 3]])).all()
    model = ReluNeuron([[-1, 0, 1]], [0, 3, 1], output_weight=True, bias=True, output_bias=True)
    assert (node_losses(x, y, slopes, kinks)[2] == model.loss([1, 0, 0, "4/3"])).all()


def test_balls_over_cells_enclose_a_barrier():
    """(w_2 w_1 - 1)^2 between its two branches: the barrier is 1, at the origin."""
    net, n = DeepLinearNet((1, 1, 1), [[1]], [[1]]), 41
    with precision(128):
        arb = flint().arb
        centres = [2 * (2 * i - n + 1) / n for i in range(n)]
        grid = np.array([[[arb(a, 2 / n + 1e-9), arb(b, 2 / n + 1e-9)] for b in centres] for a in centres], object)
        cells = ball_enclosure(net.loss(grid))
    low, high = cells.barrier((30, 30), (10, 10))
    assert 0.5 < low <= 1 <= high < 1.5
    assert cells.separated((30, 30), (10, 10), 0.5) is True and cells.separated((30, 30), (10, 10), 1.5) is False


def test_bad_enclosures_are_refused():
    with pytest.raises(ValueError, match="non-negative"):
        variation_enclosure([1, 2], -1)
    with pytest.raises(ValueError, match="non-negative"):
        variation_enclosure([1, 2], [1, 2, 3])
    with pytest.raises(TypeError, match="rational variation"):
        variation_enclosure([1, 2], 0.5)
    with pytest.raises(ValueError, match="2 non-negative numbers"):
        lipschitz_enclosure([[1, 2]], [1], [1, 1])
    with pytest.raises(ValueError, match="lower <= known <= upper"):
        interval_enclosure([1, 2], [0, 3])
    with pytest.raises(ValueError, match="lower <= known <= upper"):
        interval_enclosure([1.0, 2.0], [2, 3])
    with pytest.raises(TypeError, match="needs balls"):
        ball_enclosure([1, 2])
    with pytest.raises(ValueError, match="finite"):
        variation_enclosure([np.nan], 1)


# -- drawings ----------------------------------------------------------------------------------------------------------


def test_lines_of_a_disconnectivity_graph_do_not_cross():
    """Every component is an interval of the minima from left to right, at every level."""
    rng = np.random.default_rng(9)
    for k in range(40):
        tree = merge_tree(random_field(rng, 2, ties=k % 2))
        order = leaf_order(tree.deaths, tree.parents)
        assert sorted(order) == list(range(len(tree)))
        for c in np.unique(tree.deaths[1:]):
            names = [tree.component_of(tree.minima[i], c) for i in order if tree.births[i] <= c]
            assert len([name for name, _ in groupby(names)]) == len(set(names))
        lines = branches(tree.births, tree.deaths, tree.parents)
        ends = sorted(heights[0] for xs, heights in lines if xs[0] == xs[1])
        assert set(tree.births) <= set(ends)


def test_the_figure_shows_the_valleys_of_the_exercise():
    figure = load("merge_tree_neuron")
    data = figure.data()
    assert [str(f.value) for f in data.landscape.floors] == ["2/3", "25/18", "3/2"]
    assert list(map(str, data.deaths[1:])) == ["14/9", "14/9"] and data.parents == [-1, 0, 0]
    right, left = data.grids  # w > 0, w < 0
    assert (right.count(figure.LEVEL), left.count(figure.LEVEL)) == (2, 1)
    _, births, deaths, _ = right.branches(0.05)
    tolerance = rounding(float, 100, 2.0)
    assert abs(births[0] - 25 / 18) <= tolerance and abs(births[1] - 1.5) <= tolerance
    assert abs(deaths[1] - 14 / 9) <= tolerance
    assert left.births[0] >= 2 / 3 - tolerance


def test_a_merge_tree_is_drawn():
    from matplotlib.figure import Figure

    tree = merge_tree([0.0, 3.0, 1.0, 2.0, 1.5])
    ax = Figure().add_subplot()
    order = draw_merge_tree(ax, tree.births, tree.deaths, tree.parents)
    assert len(ax.lines) == len(branches(tree.births, tree.deaths, tree.parents)) + len(order) == 4 + 2 + 1 + 3
