"""Inertia in every arithmetic against Sylvester's law by elimination in Fractions, and against planted near misses."""

import pickle
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory import ball, inertia, precision, rational, symbols
from theory.calculus import exact_inertia
from theory.calculus.ball_inertia import ball_signs, gershgorin_signs
from theory.calculus.exact_inertia import congruence_signs, descartes, rank_at_most
from theory.calculus.tolerance import eigenvalue_error
from theory.errors import NotExact


def by_elimination(matrix):
    """(n-, n0, n+) by symmetric elimination in Fractions; a zero diagonal is repaired by adding line j to line i."""
    H = [[Fraction(int(x)) if isinstance(x, int | np.integer) else Fraction(x) for x in row] for row in matrix]
    counts = [0, 0, 0]
    while H:
        n = len(H)
        pivot = next((i for i in range(n) if H[i][i]), None)
        if pivot is None:
            i, j = next(((i, j) for i in range(n) for j in range(i) if H[i][j]), (None, None))
            if i is None:
                counts[1] += n
                break
            H[i] = [a + b for a, b in zip(H[i], H[j], strict=True)]
            for row in H:
                row[i] += row[j]
            pivot = i
        d = H[pivot][pivot]
        counts[2 if d > 0 else 0] += 1
        rest = [k for k in range(n) if k != pivot]
        H = [[H[i][j] - H[i][pivot] * H[pivot][j] / d for j in rest] for i in rest]
    return tuple(counts)


small = st.integers(-4, 4)


@st.composite
def symmetric(draw, entries=small, sizes=(1, 7)):
    n = draw(st.integers(*sizes))
    H = np.zeros((n, n), object)
    for i in range(n):
        for j in range(i + 1):
            H[i, j] = H[j, i] = draw(entries)
    return H


@st.composite
def low_rank(draw):
    """B^T D B with tied and zero weights: singular, indefinite, with repeated eigenvalues."""
    n, r = draw(st.integers(2, 9)), draw(st.integers(0, 4))
    B = np.array(draw(st.lists(st.integers(-9, 9), min_size=r * n, max_size=r * n)), np.int64).reshape(r, n)
    D = np.array(draw(st.lists(st.sampled_from([-3, -1, 0, 1, 1]), min_size=r, max_size=r)), np.int64)
    return (B.T * D) @ B


def hessian_like(n, rng, rank=None):
    B = rng.integers(-40, 41, (rank or n, n))
    return (B.T * rng.choice([-3, -1, 1, 2], len(B))) @ B


big = st.integers(-(2**500), 2**500)
wide = st.builds(lambda m, e: m * 10**e, st.integers(-3, 3), st.integers(0, 40))
fractions = st.builds(Fraction, st.integers(-9, 9), st.integers(1, 12))


@pytest.mark.parametrize("matrices", [symmetric(), symmetric(big), symmetric(wide), symmetric(fractions), low_rank()])
def test_exact_inertia_equals_elimination(matrices):
    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(matrices)
    def check(H):
        answer = inertia(H.tolist())
        assert tuple(answer) == by_elimination(H.tolist())
        assert answer.undecided == 0 and answer.bound == 0

    check()


@pytest.mark.parametrize("n", [13, 48, 96])
@pytest.mark.parametrize("singular", [False, True])
def test_the_three_exact_methods_agree(n, singular):
    H = hessian_like(n, np.random.default_rng(n), rank=n // 3 if singular else n)
    N = flint.fmpz_mat(H.tolist())
    answer = inertia(H)
    assert answer.method.startswith("exact congruence"), "the fast path must carry matrices like these"
    assert tuple(answer) == tuple(inertia(N)) == descartes(N)
    with precision(128):
        negative, positive = ball_signs(flint.arb_mat(N))
    assert (negative, positive) == (answer.negative, answer.positive)


def test_every_kind_of_input_gives_the_same_answer():
    H = np.array([[2, -3, 0], [-3, 1, 5], [0, 5, -4]])
    arrays = [H, *(H.astype(dtype) for dtype in (np.int32, np.int8, float, np.float32))]
    exact = [H.tolist(), H.astype(str).tolist(), rational(H), ball(H), ball(rational(H) * flint.fmpq(1, 3))]
    matrices = [flint.fmpz_mat(H.tolist()), flint.fmpq_mat(flint.fmpz_mat(H.tolist())), flint.arb_mat(H.tolist())]
    for form in (*arrays, *exact, *matrices):
        assert tuple(inertia(form)) == by_elimination(H.tolist())


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("dtype", [int, float, object])
def test_numpys_matrices_are_arrays(dtype):
    assert tuple(inertia(np.matrix([[1, 2], [2, 1]], dtype=dtype))) == (1, 0, 1)


def test_lists_of_large_integers_are_decided_exactly():
    """As floats both diagonal entries would be 2^63, and one eigenvalue undecided."""
    for corner, signs in ((2**63 - 1, (1, 0, 1)), (2**63 + 1, (0, 0, 2))):
        assert tuple(inertia([[2**63, -(2**63)], [-(2**63), corner]])) == signs


@pytest.mark.parametrize(
    "H", [[[0]], [[-7]], [[0, 0], [0, 0]], [[0, 1], [1, 0]], [[5, 0], [0, 5]], np.zeros((20, 20), int).tolist()]
)
def test_corners(H):
    assert tuple(inertia(H)) == by_elimination(H)


def test_entries_at_the_edge_of_the_machine_words():
    for top in (2**15, 2**31 - 1, 2**31, 2**52, 2**53, 2**62, 2**63 - 1):
        for H in ([[top, top - 1], [top - 1, top - 2]], [[top, -top], [-top, top]], [[-top, 1], [1, 0]]):
            assert tuple(inertia(H)) == tuple(inertia(np.array(H))) == by_elimination(H)
    least = np.array([[-(2**63), 0], [0, 3]])
    assert tuple(inertia(least)) == (1, 0, 1)
    assert tuple(inertia(np.array([[2**64 - 1]], np.uint64))) == (0, 0, 1)


def test_a_tiny_negative_eigenvalue_that_floats_cannot_see():
    """[[k^2, k], [k, 1]] - diag(0, tiny) looks positive semi-definite; its determinant is -k^2 tiny."""
    k = 10**10
    H = rational([[k * k, k], [k, Fraction(10**30 - 1, 10**30)]])
    assert tuple(inertia(H)) == (1, 0, 1)
    assert inertia(np.array([[k * k, k], [k, 1]], float)).undecided == 1
    H[1, 1] = flint.fmpq(1)
    assert tuple(inertia(H)) == (0, 1, 1)


def test_balls_are_undecided_at_low_precision_and_decided_at_higher():
    third = Fraction(1, 3)
    H = [[third, third], [third, third - Fraction(1, 10**60)]]
    with precision(53):
        assert (inertia(ball(H)).positive, inertia(ball(H)).undecided) == (1, 1)
    with precision(300):
        assert tuple(inertia(ball(H))) == (1, 0, 1) and inertia(ball(H)).undecided == 0


def test_balls_never_claim_zero_unless_exact():
    singular = [[Fraction(1, 3), Fraction(1, 3)], [Fraction(1, 3), Fraction(1, 3)]]
    for bits in (53, 500):
        with precision(bits):
            answer = inertia(ball(singular))
            assert (answer.negative, answer.zero, answer.positive, answer.undecided) == (0, 0, 1, 1)
    assert tuple(inertia(ball([[1, 1], [1, 1]]))) == (0, 1, 1)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(symmetric(), st.integers(-30, 2))
def test_balls_count_only_what_holds_for_every_matrix_inside(H, exponent):
    """Counts of the ball matrix are lower bounds for the matrix itself and for those at the corners of the balls."""
    radius = Fraction(2) ** exponent
    boxes = np.array([[flint.arb(int(x), flint.arb((1, exponent))) for x in row] for row in H], object)
    answer = inertia(boxes)
    eye = np.eye(len(H), dtype=int)
    for corner in (H, H + radius * eye, H - radius * eye, H + radius, H - radius):
        negative, _, positive = by_elimination(corner.tolist())
        assert answer.negative <= negative and answer.positive <= positive
    assert answer.zero == 0 and answer.negative + answer.positive + answer.undecided == len(H)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(low_rank())
def test_rank_modulo_primes_is_exact(H):
    N = flint.fmpz_mat(H.tolist())
    assert [rank_at_most(N, r) for r in range(len(H) + 1)] == [N.rank() <= r for r in range(len(H) + 1)]


def test_one_prime_is_not_enough_for_a_rank():
    """Planted: diag(1, p) has rank 1 modulo the first prime used; its determinant needs a second one."""
    p = exact_inertia._primes(1)[0]
    N = flint.fmpz_mat([[1, 0], [0, p]])
    assert flint.nmod_mat(N, p).rank() == 1 and not rank_at_most(N, 1)
    assert tuple(inertia(N)) == (0, 0, 2)


def test_wide_spectra_in_balls_need_several_rounds():
    n, rng = 12, np.random.default_rng(1)
    L = np.tril(rng.integers(-3, 4, (n, n)), -1) + np.eye(n, dtype=int)
    D = [(-1) ** k * Fraction(10) ** (-6 * k) / 7 for k in range(n)]
    H = L.astype(object) @ np.diag(np.array(D, object)) @ L.T.astype(object)
    with precision(400):
        answer = inertia(ball(H.tolist()))
    assert tuple(answer) == (n // 2, 0, n // 2) == tuple(inertia(H.tolist()))


def test_floats_are_decided_outside_the_bound_only():
    H = np.diag([-1.0, 1.0, 2.0])
    bound = inertia(H).bound
    assert bound == eigenvalue_error(H) and tuple(inertia(H)) == (1, 0, 2)
    H[0, 0] = bound / 2
    assert inertia(H).undecided == 1 and inertia(H).zero == 0
    assert inertia(np.diag([-1.0, 1.0, 2.0]), error=1.5).undecided == 2
    assert inertia(np.zeros((3, 3))).undecided == 3
    assert inertia(H.astype(np.float32)).bound > bound


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(symmetric(st.integers(-(2**20), 2**20)))
def test_floats_agree_with_the_exact_inertia_of_the_same_matrix(H):
    exact, approximate = inertia(H.tolist()), inertia(H.astype(float))
    assert approximate.negative <= exact.negative and approximate.positive <= exact.positive
    assert approximate.zero == 0


def test_scales_beyond_the_range_of_squares():
    assert tuple(inertia(np.array([[0, 1e200], [1e200, 0]]))) == (1, 0, 1)
    assert tuple(inertia(np.array([[0, 1e-300], [1e-300, 0]]))) == (1, 0, 1)


@pytest.mark.parametrize(
    ("matrix", "error", "words"),
    [
        ([[1, 2, 3], [4, 5, 6]], ValueError, "square"),
        ([1, 2], ValueError, "square"),
        (np.zeros((0, 0)), ValueError, "at least one entry"),
        ([[1, 2], [3, 4]], ValueError, "symmetric"),
        ([[1.0, 2.0], [2.001, 4.0]], ValueError, "symmetric"),
        ([[1.0, float("nan")], [0.0, 1.0]], ValueError, "finite"),
        ([["1/2", "1"], ["1/3", "1"]], ValueError, "symmetric"),
        ([[2**100, 1], [0, 1]], ValueError, "symmetric"),
        ([[1, 2], [3]], ValueError, "rectangular"),
        (np.array([[True]]), TypeError, "numbers"),
        ([[True, 0], [0, 1]], TypeError, "numbers"),
        (np.ma.array([[1]], mask=[[True]]), TypeError, "masked"),
        (np.ma.array([[1.0]], mask=[[True]]), TypeError, "masked"),
        (np.array([[1.0, 1j], [-1j, 1.0]]), TypeError, "real"),
        (flint.nmod_mat(1, 1, [1], 7), TypeError, "nmod_mat"),
    ],
)
def test_bad_input_is_refused_in_words(matrix, error, words):
    with pytest.raises(error, match=words):
        inertia(matrix)


def test_bad_balls_symbols_and_errors_are_refused():
    with pytest.raises(ValueError, match="transpose"):
        inertia(ball([[1, 2], [3, 1]]))
    with pytest.raises(NotExact, match="symbols"):
        inertia(symbols(a=(2, 2)))
    with pytest.raises(ValueError, match="finite"):
        inertia(flint.arb_mat(1, 1, [flint.arb("nan")]))
    for error in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="error"):
            inertia(np.eye(2), error=error)
    with pytest.raises(ValueError, match="belongs to float"):
        inertia(np.eye(2, dtype=int), error=1.0)


def test_the_discs_reject_what_is_not_dominant():
    """Planted: [[1, 2], [2, 1]] has one negative eigenvalue although its diagonal is positive."""
    assert not gershgorin_signs(np.array([[1.0, 2.0], [2.0, 1.0]])).any()
    assert not gershgorin_signs(np.array([[1.0, 1.0], [1.0, 1.0]])).any(), "equality is not strict dominance"
    assert gershgorin_signs(np.array([[1e6, 1.0], [1.0, -1e-3]])).tolist() == [1, -1]
    assert gershgorin_signs(np.diag([3.0, -2.0]), radius=2.0).tolist() == [1, 0], "the diagonal -2 +- 2 may be zero"
    assert gershgorin_signs(np.diag([5.0, -5.0]), radius=2.0).tolist() == [1, -1]
    assert not gershgorin_signs(np.eye(2), radius=np.array([[0, 2], [2, 0]])).any(), "[[1, 2], [2, 1]] lies inside"


def test_wrong_eigenvectors_cost_the_proof_and_never_the_answer(monkeypatch):
    """The fast path proves nothing with garbage in place of eigenvectors, and the fallback is exact."""
    H = hessian_like(10, np.random.default_rng(3))
    truth = by_elimination(H.tolist())
    rng = np.random.default_rng(0)
    for Q in (rng.normal(size=(10, 10)), np.full((10, 10), np.nan), 1e9 * np.eye(10), np.ones((10, 10))):
        with monkeypatch.context() as patch:
            patch.setattr(exact_inertia.np.linalg, "eigh", lambda A, Q=Q: (np.ones(len(A)), Q))
            negative, positive = congruence_signs(H)
        assert negative <= truth[0] and positive <= truth[2] and negative + positive < 10
    monkeypatch.setattr(exact_inertia, "congruence_signs", lambda H: (0, 0))
    assert tuple(inertia(H)) == truth
    monkeypatch.setattr(exact_inertia, "ball_signs", lambda H: (0, 0))
    assert tuple(inertia(H)) == truth and "Descartes" in inertia(H).method


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(symmetric(st.integers(-(2**30), 2**30), (2, 12)))
def test_the_limbs_form_the_congruence_exactly(H):
    """The matrix that the discs see equals V^T H V in Python integers up to the one rounding allowed."""
    seen, vectors = [], []

    def spy(M, radius=0.0):
        seen.append(M)
        return gershgorin_signs(M, radius)

    A = H.astype(np.int64)
    assume(A.any())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_inertia, "gershgorin_signs", spy)
        patch.setattr(exact_inertia.np, "rint", lambda x: vectors.append(np.round(x)) or vectors[-1])
        congruence_signs(A)
    V = np.array([[int(x) for x in row] for row in vectors[0]], object).reshape(vectors[0].shape)
    M = V.T @ H @ V
    u = np.finfo(float).eps / 2
    for computed, exact in zip(seen[0].flat, M.flat, strict=True):
        assert abs(Fraction(computed) - exact) <= Fraction(u) * abs(exact), "one rounding, no more"


def test_the_answer_reads_and_travels():
    answer = inertia(np.diag([-1.0, 0.0, 2.0]))
    assert str(answer).startswith("1 negative, 0 zero, 1 positive, 1 undecided (float eigenvalues")
    assert pickle.loads(pickle.dumps(answer)) == answer
    with pytest.raises(AttributeError):
        answer.zero = 1
