"""Laws of random slices: known values, limits, symmetries, a second route by counting, and bad input."""

from fractions import Fraction
from itertools import pairwise, permutations, product

import numpy as np
import pytest

from theory.arithmetic import flint, rational, to_float
from theory.calculus.exact_linalg import pinv
from theory.claims import random_slices
from theory.claims.claim import Outcome
from theory.claims.slice_honesty import HALF, HiddenSaddle
from theory.claims.slice_visibility import bowl_bound, one_direction
from theory.errors import Undecided
from theory.exercises import ex_slice_probability as exercise
from theory.slices.directions import random_frame
from theory.slices.random_curvature import (
    bowl_probability,
    direction_curvature,
    negative_curvature_probability,
    no_bowl_beside_one,
    principal_curvature_means,
    sampled_bowl_probability,
    two_level_bowl,
)
from theory.slices.random_directions import BetaLaw, captured_fraction, cosine_mean


def digits(x, text):
    """Whether a narrow ball and the decimals of a number agree to the last of them."""
    places = len(text.split("e")[0].split(".")[1]) - int(text.split("e")[1] if "e" in text else 0)
    return abs(float(x.rad())) < 10.0**-places and x.overlaps(flint().arb(text, 10.0**-places))


# -- directions --------------------------------------------------------------------------------------------------------

COSINES = {2: ".636619772367581", 10: ".258689939247779", 100: ".0799881734348841", 1000: ".0252376338389997"}


@pytest.mark.parametrize("n", COSINES)
def test_mean_modulus_of_the_cosine(n):
    assert digits(cosine_mean(n), f"0{COSINES[n]}")
    assert cosine_mean(1).contains(1) and cosine_mean(3).contains(flint().fmpq(1, 2))


def test_the_mean_modulus_falls_like_the_asymptote():
    pi = flint().arb.pi()
    ratios = [cosine_mean(n) / (2 / (pi * n)).sqrt() for n in (1, 10, 10**3, 10**6)]
    assert all(a > b > 1 for a, b in pairwise(ratios))


def test_the_claim_on_the_asymptote_is_about_this_formula(monkeypatch):
    for wrong in (lambda n: 2 * cosine_mean(n), lambda n: cosine_mean(n + 5)):
        monkeypatch.setattr(random_slices, "cosine_mean", wrong)
        claim = random_slices.ASYMPTOTE
        assert claim.check(claim.cases[0], claim.law).outcome is Outcome.FAILS


def test_captured_fraction():
    law = captured_fraction(12, 3)
    assert law == BetaLaw(Fraction(3, 2), Fraction(9, 2)) and law.mean == Fraction(1, 4)
    assert law.variance == Fraction(3 * 9, 2 * 2) / (Fraction(12, 2) ** 2 * Fraction(12 + 2, 2))
    assert captured_fraction(5, 5).moment(4) == 1 and captured_fraction(5, 5).cdf("1/2") == 0
    assert captured_fraction(4, 2).cdf("1/4").contains(flint().fmpq(1, 4)), "two of four: uniform"


def test_the_mean_fraction_is_k_over_n_over_all_signed_permutations():
    """They act irreducibly, so that two fixed directions among them capture 2/4 of any vector on average, exactly."""
    D, v = rational([[1, 2, 0, -1], [3, 1, 1, 0]]), rational([5, -1, 2, 7])
    P = pinv(D) @ D
    images = [
        rational(signs) * v[list(order)] for order in permutations(range(4)) for signs in product((1, -1), repeat=4)
    ]
    captured = sum(w @ P @ w for w in images)
    assert captured == rational([captured_fraction(4, 2).mean])[0] * len(images) * (v @ v)


# -- curvature ---------------------------------------------------------------------------------------------------------


def test_curvature_of_one_direction_keeps_the_arithmetic():
    mean, variance = direction_curvature([3, 1, "-1/2", -1])
    assert (mean, variance) == (flint().fmpq(5, 8), flint().fmpq(155, 192))
    assert direction_curvature(np.array([1.0, 1.0, 1.0])) == (1.0, 0.0)
    assert direction_curvature([1, -1])[1] == flint().fmpq(1, 2), "cos 2t"


def test_principal_curvatures():
    low, high = principal_curvature_means([1] * 10)
    assert digits(low, "6.13436841452818") and (low + high).contains(20)
    low, high = principal_curvature_means([3, 1, "-1/2", -1])
    assert digits((high - low) / 2, "3.69378669374760") and (low + high).contains(5)
    low, high = principal_curvature_means([-3, -1, "1/2", 1])
    assert digits((high - low) / 2, "3.69378669374760") and (low + high).contains(-5)
    assert all(x == 0 for x in principal_curvature_means([0, 0]))


def test_negative_curvature():
    assert digits(negative_curvature_probability([3, 1, "-1/2", -1]), "0.289338697518931")
    assert negative_curvature_probability([1, 0, 2]) == 0 and negative_curvature_probability([-1]) == 1
    assert negative_curvature_probability([1, 2, -1, -2]).contains(flint().fmpq(1, 2))
    assert negative_curvature_probability([1.5, 0.0, -1.5]).contains(flint().fmpq(1, 2))
    scaled = negative_curvature_probability([3000, 1000, -500, -1000])
    assert scaled.overlaps(negative_curvature_probability([3, 1, "-1/2", -1]))


# -- bowls -------------------------------------------------------------------------------------------------------------


def test_bowls_of_two_levels():
    pi = flint().arb.pi()
    assert two_level_bowl(2, 2).overlaps((1 - pi / 4) / 2)
    for n in (3, 10, 50, 100):
        assert two_level_bowl(n - 1, 1).overlaps(1 - flint().arb(2) ** (-flint().arb(n - 2) / 2))
    assert two_level_bowl(1, 7) == 0 and two_level_bowl(0, 7) == 0 and two_level_bowl(4, 0) == 1
    assert two_level_bowl(3, 2, 2, 5).overlaps(two_level_bowl(3, 2, 4, 10)), "only the quotient matters"
    assert two_level_bowl(400, 300).rad() < 2.0**-60


def test_more_positive_and_fewer_negative_eigenvalues_make_more_bowls():
    table = [[two_level_bowl(p, q) for q in range(1, 8)] for p in range(2, 9)]
    assert all(a > b for row in table for a, b in pairwise(row))
    assert all(a < b for column in zip(*table, strict=True) for a, b in pairwise(column))


def test_equal_levels_are_one_level():
    assert no_bowl_beside_one(2, 3, 4, 3, 2).overlaps(1 - two_level_bowl(6, 1, 3, 2))
    assert bowl_probability([3, 0, 3, 3, -2, 0, -2]).overlaps(two_level_bowl(3, 2, 3, 2))
    assert bowl_probability([0.5, 0.5, 2.0, -1.0]).overlaps(1 - no_bowl_beside_one(2, "1/2", 1, 2, 1))


@pytest.mark.parametrize(("spectrum", "answer"), [([1, -1], 0), ([0, 0], 0), ([1, 0, 0], 0), ([1, 2, 0], 1)])
def test_without_chance(spectrum, answer):
    assert bowl_probability(spectrum) == answer


@pytest.mark.parametrize("seed", range(6))
def test_the_enclosure_meets_what_is_counted(seed):
    rng = np.random.default_rng(seed)
    spectrum = rng.standard_normal(6) + rng.uniform(0, 1)
    low, high = sampled_bowl_probability(spectrum, 20_000, seed=seed)
    assert 0 <= low < high <= 1
    assert bowl_probability(spectrum).overlaps(flint().arb(low).union(flint().arb(high)))


def test_counts_are_reproducible():
    one, again, other = (sampled_bowl_probability([2, 1, -1, -1, 1], 5000, seed=seed) for seed in (3, 3, 4))
    assert one == again != other
    assert sampled_bowl_probability([1, 2, 3], 100)[1] == 1.0 and sampled_bowl_probability([1, -2, -3], 100)[0] == 0.0


@pytest.mark.parametrize("scale", [1e-200, 1e-90, 1.0, 1e160, 1e200])
def test_counts_do_not_depend_on_the_scale(scale):
    spectrum = np.array([2.0, 1.0, -1.0, -1.0, 1.0])
    assert sampled_bowl_probability(scale * spectrum, 5000) == sampled_bowl_probability(spectrum, 5000)
    assert sampled_bowl_probability([scale] * 3, 100)[1] == 1.0
    assert sampled_bowl_probability([0.0, 0.0], 100)[0] == 0.0


def test_the_exercise_knows_the_closed_forms():
    for p, a, b in exercise.LEVELS:
        assert two_level_bowl(p, 1, a, b).overlaps(flint().arb(rational([exercise.bowl(p, a, b)])[0]))
    for p, q in exercise.SIGNATURES:
        seen = 1 - two_level_bowl(p, q) - two_level_bowl(q, p)
        assert seen.overlaps(flint().arb(rational([exercise.indefinite(p, q)])[0]))


# -- the hidden saddle -------------------------------------------------------------------------------------------------


def test_filter_normalised_frames_of_the_book_do_not_see_the_saddle():
    """The same convention: zero filters get no direction; with a turned output they do, and some slices see it."""
    signs = {}
    for t in (0, HALF):
        case = HiddenSaddle(3, 3, t)
        theta, H = to_float(case.theta), to_float(case.hessian)
        frames = [random_frame(case.net, theta, 2, normalise="filter", seed=seed).directions for seed in range(200)]
        signs[t] = [np.linalg.eigvalsh(D @ H @ D.T)[0] > 0 for D in map(np.asarray, frames)]
    assert all(signs[0]) and 0 < sum(signs[HALF]) < 200


def test_the_bound_of_the_statement():
    assert bowl_bound(1000, 2, HALF) < flint().arb(2.5e-8) < bowl_bound(990, 2, HALF)
    assert one_direction(1000, rational([3])[0]).rad() < 2.0**-60


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: cosine_mean(0), ValueError, "cosine_mean: n must be an integer of at least 1"),
        (lambda: cosine_mean(2.0), ValueError, "cosine_mean: n must be"),
        (lambda: captured_fraction(3, 4), ValueError, "needs k <= n"),
        (lambda: captured_fraction(3, 1).cdf(1), ValueError, "needs 0 <= x < 1"),
        (lambda: captured_fraction(3, 1).cdf(float("nan")), ValueError, "finite"),
        (lambda: direction_curvature([]), ValueError, "at least one entry"),
        (lambda: direction_curvature([[1, 2]]), ValueError, "list of real numbers"),
        (lambda: principal_curvature_means([1.0, float("nan")]), ValueError, "finite"),
        (lambda: negative_curvature_probability([1j]), ValueError, "real numbers"),
        (lambda: negative_curvature_probability("1"), ValueError, "list of real numbers"),
        (lambda: two_level_bowl(-1, 2), ValueError, "p must be an integer of at least 0"),
        (lambda: two_level_bowl(2, True), ValueError, "q must be an integer"),
        (lambda: two_level_bowl(2, 2, 0, 1), ValueError, "positive moduli"),
        (lambda: two_level_bowl(2, 2, 1, -1), ValueError, "positive moduli"),
        (lambda: no_bowl_beside_one(1, 1, 0, 1, 1), ValueError, "p2 must be"),
        (lambda: no_bowl_beside_one(1, 1, 1, -1, 1), ValueError, "positive moduli"),
        (lambda: bowl_probability([]), ValueError, "at least one entry"),
        (lambda: bowl_probability([1, None]), TypeError, "eigenvalues"),
        (lambda: bowl_probability([flint().arb(0, 1), flint().arb(1)]), Undecided, "needs a sign"),
        (lambda: sampled_bowl_probability([1, 2], 0), ValueError, "samples must be"),
        (lambda: sampled_bowl_probability([1, 2], alarm=0), ValueError, "alarm must lie"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, error, says):
    with pytest.raises(error, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)
