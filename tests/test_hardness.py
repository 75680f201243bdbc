"""The reductions of training and of local minimality: other oracles, both directions, and what is refused."""

from fractions import Fraction
from itertools import combinations, permutations, product

import numpy as np
import pytest

from theory.arithmetic import rational
from theory.errors import NotExact, TooLarge
from theory.hardness import blum_rivest, murty_kabadi
from theory.hardness.blum_rivest import GADGET, and_net, is_separable, splits, splitting, three_node_net, training_set

FANO = [(0, 1, 2), (0, 3, 4), (0, 5, 6), (1, 3, 5), (1, 4, 6), (2, 3, 6), (2, 4, 5)]
PETERSEN = (
    [(i, (i + 1) % 5) for i in range(5)] + [(i, i + 5) for i in range(5)] + [(i + 5, (i + 2) % 5 + 5) for i in range(5)]
)


def dichotomies(X):
    """All subsets of the columns that some half-space cuts out, as 0-1 rows: by linear programs on every subset."""
    N = X.shape[1]
    rows = np.array(list(product((False, True), repeat=N)))
    return rows[[is_separable(X[:, r], X[:, ~r]) for r in rows]]


def test_the_threshold_functions_of_small_cubes_are_counted():
    """2, 4, 14, 104 threshold functions of 0 to 3 variables, and the gates of two bits are all but two."""
    for n, count in ((1, 4), (2, 14), (3, 104)):
        assert len(dichotomies(rational(np.array(list(product((0, 1), repeat=n))).T))) == count


def test_trainability_against_all_pairs_of_half_spaces_and_all_gates():
    """Every labelling of the square, and of the gadget with one element: all hidden pairs, all 14 gates."""
    gates = [g for g in product((False, True), repeat=4) if g not in ((0, 1, 1, 0), (1, 0, 0, 1))]
    cube = rational(np.array(list(product((0, 1), repeat=2))).T)
    points = [cube, training_set(1, [(0,)])[0][:, [0, 1, 3, 4, 5, 6, 7, 8]]]
    for X in points:
        H = dichotomies(X)
        index = 2 * H[:, None].astype(int) + H[None]
        fitted = {tuple(row) for g in gates for row in np.array(g)[index].reshape(-1, X.shape[1])}
        for labels in product((False, True), repeat=X.shape[1]):
            net = three_node_net(X, np.array(labels))
            assert (net is not None) == (labels in fitted)
            assert net is None or tuple(net.outputs(X)) == labels


def test_the_gadget_excludes_or_and_allows_and():
    X = rational(np.array([(0, 0, 0), *(p for p, _ in GADGET)]).T)
    labels = np.array([True, *(label for _, label in GADGET)])
    assert and_net(X, labels) is not None and and_net(X, ~labels) is None


def relabelled(family):
    """The first of all relabellings of the family."""
    return min(tuple(sorted(tuple(sorted(p[i] for i in c)) for c in family)) for p in permutations(range(4)))


def test_all_families_of_sets_over_four_elements_up_to_relabelling():
    subsets = [c for size in (2, 3, 4) for c in combinations(range(4), size)]
    families = {relabelled(family) for k in range(len(subsets) + 1) for family in combinations(subsets, k)}
    answers = [0, 0]
    for family in families:
        X, labels = training_set(4, family)
        net, part = three_node_net(X, labels), splitting(4, family)
        assert (net is None) == (part is None)
        answers[net is None] += 1
        if net is not None:
            assert (net.outputs(X) == labels).all() and splits(blum_rivest.splitting_of_net(4, net), family)
    assert sum(answers) == 180 and min(answers) > 10


@pytest.mark.parametrize(("n", "sets", "answer"), [(7, FANO, False), (7, FANO[1:], True), (10, PETERSEN, False)])
def test_larger_families(n, sets, answer):
    X, labels = training_set(n, sets)
    net, part = three_node_net(X, labels), splitting(n, sets)
    assert (net is not None) == answer == (part is not None)
    if answer:
        built = blum_rivest.net_of_splitting(n, part)
        assert (built.outputs(X) == labels).all() and (net.outputs(X) == labels).all()
        assert splits(blum_rivest.splitting_of_net(n, net), sets)


def test_repeated_points_with_both_labels_cannot_be_trained():
    assert three_node_net([[0, 0]], [True, False]) is None
    assert three_node_net([[0, 0]], [True, True]) is not None
    xor = rational([[0, 1, 0, 1], [0, 0, 1, 1]])
    assert three_node_net(xor, [False, True, True, False]).gate in ("and", "or")


# -- subset sums -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "s", "value"),
    [((2, 3), 5, "0"), ((2, 3), 4, "7/32"), ((3, 5, 7), 11, "23/192"), ((2, 4, 6, 9), 14, "31/320"), ((1, 1), 3, "1")],
)
def test_box_minima(d, s, value):
    least, x = murty_kabadi.box_minimum(d, s)
    assert str(least) == value and murty_kabadi.box_loss(d, s, x) == least
    assert murty_kabadi.origin_is_local_minimum(d, s) == (murty_kabadi.subset_sum(d, s) is None)
    rng = np.random.default_rng(1)
    grid = rational(rng.integers(0, 13, (200, len(d)))) * rational(["1/12"])[0]
    assert all(v >= least for v in murty_kabadi.box_loss(d, s, grid))


@pytest.mark.parametrize("D", range(2, 40))
def test_the_least_positive_minimum_on_an_edge(D):
    """(4 D - 5) / (4 (D^2 - 1)), at s = 1 and D - 1: all targets of one number, and it falls in D; literally in x."""
    values = {s: murty_kabadi.box_minimum([D], s)[0] for s in range(1, D)}
    least = min(values.values())
    assert str(least) == str(Fraction(4 * D - 5, 4 * (D * D - 1))) and least < 1
    assert {s for s, v in values.items() if v == least} == {1, D - 1}
    assert least <= murty_kabadi.box_minimum([D - 1], 1 if D > 2 else 2)[0]
    c, x = -1, Fraction(2 * D - 1, 2 * (D * D - 1))
    assert 0 < x < 1 and (c + D * x) ** 2 + x * (1 - x) == Fraction(str(least))


def test_random_instances_without_a_solution_are_above_the_least_gap():
    rng, seen = np.random.default_rng(4), 0
    for _ in range(200):
        d = [int(v) for v in rng.integers(2, 30, int(rng.integers(1, 6)))]
        s, D = int(rng.integers(-2, sum(d) + 3)), max(d)
        if murty_kabadi.subset_sum(d, s) is None:
            seen += 1
            assert Fraction(str(murty_kabadi.box_minimum(d, s)[0])) >= Fraction(4 * D - 5, 4 * (D * D - 1))
    assert seen > 50


def test_a_solution_descends_from_the_origin():
    Q = murty_kabadi.local_minimality_program([3, 5, 7], 12)
    z = rational([0, 1, 1, 1])
    assert [(t * z) @ Q @ (t * z) for t in rational(["1/2", 1])] == [rational(["-1/4"])[0], -1]


def test_large_integers_do_not_wrap():
    big = 2**40
    assert murty_kabadi.box_minimum([big, big + 1], 2 * big + 1)[0] == 0
    assert murty_kabadi.box_minimum([big, big], 1)[0] < 1
    assert murty_kabadi.origin_is_local_minimum([big, big], big + 1)


# -- copositivity ----------------------------------------------------------------------------------------------------


def test_simplex_minima_are_lower_bounds_that_are_attained():
    rng = np.random.default_rng(2)
    for _ in range(60):
        n = int(rng.integers(1, 5))
        M = rng.integers(-3, 4, (n, n))
        M = rational(M + M.T)
        value, x = murty_kabadi.simplex_minimum(M)
        assert x @ M @ x == value and x.sum() == 1 and all(v >= 0 for v in x)
        points = rational(rng.integers(0, 9, (300, n)) + np.eye(n, dtype=int)[rng.integers(0, n, 300)])
        assert all(p @ M @ p >= value * p.sum() * p.sum() for p in points)
        assert murty_kabadi.is_copositive(M) == bool(value >= 0)


def test_the_horn_matrix_and_its_neighbours():
    A = [[int((i - j) % 5 in (1, 4)) for j in range(5)] for i in range(5)]
    least = [murty_kabadi.simplex_minimum(murty_kabadi.stability_matrix(A, g))[0] for g in ("3/2", 2, "7/3")]
    assert [str(v) for v in least] == ["-1/4", "0", "1/6"]
    horn = murty_kabadi.stability_matrix(A, 2)
    assert murty_kabadi.quartic(horn, [[1, 0, 1, 0, 0], [0, 0, 0, 0, 0]]).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: splitting(0, []), ValueError, "at least 1"),
        (lambda: splitting(2, [(0, 2)]), ValueError, "from 0 to 1"),
        (lambda: splitting(2, [(0, 0.5)]), ValueError, "integers"),
        (lambda: splitting(2, [1]), TypeError, "collections of integers"),
        (lambda: splitting(40, [(0, 1)]), TooLarge, "2\\^n parts"),
        (lambda: three_node_net(np.eye(2), [True, False]), NotExact, "X must be rational"),
        (lambda: three_node_net([[0, 1]], [1, 0]), ValueError, "booleans"),
        (lambda: three_node_net([[0, 1]], [True]), ValueError, r"shape \(2,\)"),
        (lambda: three_node_net([list(range(30))], [i < 1 for i in range(30)]), TooLarge, "at most 20"),
        (lambda: blum_rivest.half_space(rational([[0, 2]]), rational([[1]])), ValueError, "convex hulls meet"),
        (lambda: murty_kabadi.subset_sum([], 1), ValueError, "at least one item"),
        (lambda: murty_kabadi.subset_sum([0, 1], 1), ValueError, "at least 1"),
        (lambda: murty_kabadi.subset_sum(3, 1), TypeError, "list of positive integers"),
        (lambda: murty_kabadi.subset_sum([1], 0.5), ValueError, "s must be an integer"),
        (lambda: murty_kabadi.box_minimum([1] * 20, 3), TooLarge, "fewer items"),
        (lambda: murty_kabadi.simplex_minimum([[0, 1], [2, 0]]), ValueError, "symmetric"),
        (lambda: murty_kabadi.simplex_minimum(np.eye(2)), NotExact, "M must be rational"),
        (lambda: murty_kabadi.simplex_minimum(np.eye(13, dtype=int)), TooLarge, "smaller matrix"),
        (lambda: murty_kabadi.stability_matrix([[1, 0], [0, 0]], 2), ValueError, "adjacency"),
    ],
)
def test_refusals(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_an_or_net_gives_no_part():
    net = three_node_net(*training_set(3, [(0, 1), (0, 2), (1, 2)], gadget=False))
    assert net.gate == "or"
    with pytest.raises(ValueError, match="AND net"):
        blum_rivest.splitting_of_net(3, net)
