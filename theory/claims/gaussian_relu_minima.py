"""k ReLU students that learn k orthonormal teachers: spurious minima from k = 6 on, certified in balls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from itertools import permutations
from math import factorial

import numpy as np

from theory.arithmetic import flint, precision
from theory.calculus.ball_inertia import ball_signs
from theory.calculus.exact_linalg import ball_matrix
from theory.calculus.krawczyk import krawczyk
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.gaussian_relu_limit import LIMIT
from theory.claims.gaussian_routes import ENTRIES, Size, meet, printed, reduced_curvature, reduced_loss, reduced_slopes
from theory.critical.gaussian_relu import (
    SymmetricPoint,
    certified_point,
    isotypic_blocks,
    orthonormal_teachers,
    symmetric_point,
)

# -- values ----------------------------------------------------------------------------------------------------------

# Loss and least eigenvalue of the Hessian at the symmetric critical point with the entries of ENTRIES.
TABLE = {
    5: ("0.0269704695256001", "-0.0077015191"),
    6: ("0.0250805810024630", "0.0047003547"),
    7: ("0.0232027149135661", "0.0140590132"),
    8: ("0.0215080371715214", "0.0213465892"),
    9: ("0.0200141758085110", "0.0271820870"),
    10: ("0.0187021945856070", "0.0319640276"),
}
# Another strict minimum of this form for six students, W_ii = a < 0 < b = W_ij: see OTHERS.
ANOTHER = ("-0.663397", "0.330710", "0.330710", "0.330710", "-0.663397")


@lru_cache(maxsize=64)
def _is_symmetric_point(k: int, entries: tuple[str, ...]) -> bool:
    """Whether one critical point only rounds to these entries, and it is ``symmetric_point(k)``.

    Krawczyk's test on the whole box of numbers that round to them, with the slopes of counted pairs.
    """
    with precision(128):
        box, point = [printed(x) for x in entries], symmetric_point(k)
        if not all(b.contains(x) for b, x in zip(box, point.entries, strict=True)):
            return False
        centre, radii = [b.mid() for b in box], [b.rad() for b in box]
        return krawczyk(partial(reduced_slopes, k), partial(reduced_curvature, k), centre, radii).proved


def _rounds(bounds: tuple[float, float], digits: str) -> bool:
    """Whether all numbers between the bounds round to these digits."""
    return all(printed(digits).contains(flint().arb(x)) for x in bounds)


def _check_values(case: Size, law: Callable[[int], tuple[tuple[str, ...], str, str]]) -> Verdict:
    """Digits of the law against the certified point; loss and slopes there once more from counted pairs."""
    lib, point = flint(), symmetric_point(case.k)
    entries, loss, least = law(case.k)
    with precision(128):
        counted = reduced_loss(case.k, point.entries)
        critical = all(meet(s, lib.arb(0)) for s in reduced_slopes(case.k, point.entries))
        digits = printed(loss).contains(point.loss) and _rounds(point.least, least)
        same = critical and meet(counted, point.loss) and digits and _is_symmetric_point(case.k, entries)
    return verdict(
        same, "certified", f"loss {point.loss.str(15, radius=False)}, least eigenvalue {point.least[0]:.10f}"
    )


def _row(k: int, loss: str = "", least: str = "") -> tuple[tuple[str, ...], str, str]:
    return ENTRIES[k], loss or TABLE[k][0], least or TABLE[k][1]


VALUES = Claim(
    id="gaussian_relu.symmetric_values",
    title="Loss and least eigenvalue at the symmetric critical points",
    statement=r"Let $F(W) = \frac12 E(\sum_{i \le k} \mathrm{relu}(w_i \cdot x) - \sum_{j \le k} \mathrm{relu}(e_j "
    r"\cdot x))^2$, $x \sim N(0, I_k)$. For $k = 5, \dots, 10$ exactly one critical point of the form $W_{ii} = a$, "
    r"$W_{ij} = b$, $W_{ik} = c$, $W_{ki} = d$, $W_{kk} = e$ ($i \ne j$ below $k$) rounds to the tabulated entries, at "
    r"$k = 6$ $(0.986704, -0.050413, 0.308011, 0.224516, -0.601512)$; there the loss and the least eigenvalue of the "
    r"Hessian round to the tabulated digits, at $k = 6$ $0.0250805810024630$ and $0.0047003547$.",
    source="safran2018, section 4 and tables of the supplement, in the form of; own derivation",
    case_type=Size,
    cases=tuple(map(Size, TABLE)),
    exhaustive=True,
    law=_row,
    check=_check_values,
    uses=("gaussian_relu.derivatives",),
    false_laws={
        "the loss without the factor 1/2": lambda k: _row(k, str(2 * Decimal(TABLE[k][0]))),
        "zero loss: every critical point is global": lambda k: _row(k, "0.0000000000000000"),
        "positive curvature for every k": lambda k: _row(k, least=TABLE[k][1].lstrip("-")),
        "another last digit of the loss": lambda k: _row(k, str(Decimal(TABLE[k][0]) + Decimal("1e-16"))),
        "another last digit of the eigenvalue": lambda k: _row(k, least=str(Decimal(TABLE[k][1]) - Decimal("1e-10"))),
        "another last digit of an entry": lambda k: (("0.986703", *ENTRIES[6][1:]), *TABLE[6]) if k == 6 else _row(k),
        "another minimum of six": lambda k: (ANOTHER, OTHERS[6,][0], OTHERS[6,][2]) if k == 6 else _row(k),
    },
)

# -- kinds -----------------------------------------------------------------------------------------------------------


def _check_kind(case: Size, law: Callable[[int], tuple[tuple[str, ...], int]]) -> Verdict:
    """The point from its entries; signs of the Hessian block by block and of the whole Hessian, and of the loss."""
    k, point = case.k, symmetric_point(case.k)
    entries, expected = law(k)
    if not _is_symmetric_point(k, entries):
        return verdict(False, "certified", "another point")
    negative, _, positive = point.inertia
    if negative + positive < k * k or not point.loss > 0:
        return verdict(None, "certified", str(point.inertia))
    with precision(128):
        whole = ball_signs(ball_matrix(orthonormal_teachers(k).hessian(point.theta))) == (negative, positive)
    detail = f"inertia {tuple(point.inertia)}, least eigenvalue {point.least[0]:.6f}"
    return verdict(whole and negative == expected, "certified", detail)


KINDS = Claim(
    id="gaussian_relu.spurious_minima",
    title="Six students have a spurious minimum where five have a saddle",
    statement=r"In the setting of $k$ students and $k$ orthonormal teachers the symmetric critical point with the "
    r"tabulated entries (for $k = 6$ $a = 0.986704$, $e = -0.601512$) is for $k = 3, 4, 5$ a strict saddle with "
    r"$k - 2$ negative eigenvalues of the Hessian, and for $k = 6, \dots, 10$ a strict local minimum: the Hessian is "
    r"positive definite, and the loss is above the global minimum 0.",
    source="safran2018, theorem 1, in the form of; own derivation",
    case_type=Size,
    cases=tuple(map(Size, range(3, 11))),
    exhaustive=True,
    law=lambda k: (ENTRIES[k], k - 2 if k < 6 else 0),
    check=_check_kind,
    deviations="The source has $6 \\le k \\le 20$; the tests of the book run to 20, the claim to 10.",
    uses=("gaussian_relu.symmetric_values", "gaussian_relu.isotypic_blocks"),
    false_laws={
        "minima from k = 5 on": lambda k: (ENTRIES[k], k - 2 if k < 5 else 0),
        "saddles for every k: no spurious minima": lambda k: (ENTRIES[k], k - 2),
        "one descent direction below six": lambda k: (ENTRIES[k], 1 if k < 6 else 0),
        "another minimum of six": lambda k: (ANOTHER if k == 6 else ENTRIES[k], k - 2 if k < 6 else 0),
    },
)

# -- other minima ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Isotropy(Case):
    """Parts of the students and coordinates that are permuted together, and where to look for the entries."""

    parts: tuple
    guess: tuple


OTHERS: dict[tuple[int, ...], tuple[str, int, str]] = {
    (5,): ("0.0477083778795563", 6, "-0.0058315063"),
    (6,): ("0.0556685813222834", 0, "0.0015036524"),
    (9,): ("0.0724833073033660", 0, "0.0145316969"),
    (2, 7): ("0.0374889627996283", 0, "0.0101656222"),
}
# W_ij and W_ii; for two parts W_ij, W_ii within the first, W_ij from it to the second and back, W_ij, W_ii within that.
OTHER_ENTRIES = {
    (5,): ("0.396729", "-0.594076"),
    (6,): ("0.330710", "-0.663397"),
    (9,): ("0.220516", "-0.777707"),
    (2, 7): ("0.170219", "-0.714836", "0.153887", "0.213732", "-0.048436", "0.990868"),
}


@lru_cache
def _point(case: Isotropy) -> SymmetricPoint:
    return certified_point(case.parts, case.guess)


def _check_other(case: Isotropy, law: Callable[[tuple], tuple[str, int, str]]) -> Verdict:
    """Krawczyk's test in the entries, with the tabulated digits; the whole Hessian in balls, the digits of the law."""
    point = _point(case)
    loss, negative, least = law(case.parts)
    n, _, p = point.inertia
    if n + p < point.k**2:
        return verdict(None, "certified", str(point.inertia))
    with precision(128):
        here = all(printed(d).contains(x) for d, x in zip(OTHER_ENTRIES[case.parts], point.entries, strict=True))
        same = here and n == negative and _rounds(point.least, least) and printed(loss).contains(point.loss)
    return verdict(same, "certified", f"loss {point.loss.str(15, radius=False)}, inertia {tuple(point.inertia)}")


OTHER = Claim(
    id="gaussian_relu.other_minima",
    title="Spurious minima of different heights",
    statement=r"In the setting of $k$ students and $k$ orthonormal teachers there are critical points with other "
    r"symmetries: $W_{ii} = a < 0$ and $W_{ij} = b > 0$ for $i \ne j$, a saddle for $k = 5$ (loss 0.0477), a "
    r"strict local minimum for $k = 6$ (loss 0.0557) and $k = 9$ (loss 0.0725); and for $k = 9$ a strict local "
    r"minimum invariant under the permutations of 2 and of 7 students with their coordinates (loss 0.0375).",
    source="arjevani2019, on the isotropy of minima, in the form of; safran2018, tables; own derivation",
    case_type=Isotropy,
    cases=(
        Isotropy((5,), (Fraction(2, 5), Fraction(-3, 5))),
        Isotropy((6,), (Fraction(1, 3), Fraction(-2, 3))),
        Isotropy((9,), (Fraction(2, 9), Fraction(-7, 9))),
        Isotropy((2, 7), tuple(Fraction(x, 100) for x in (17, -71, 15, 21, -5, 99))),
    ),
    law=OTHERS.__getitem__,
    check=_check_other,
    uses=("gaussian_relu.derivatives",),
    false_laws={
        "one height for nine students": lambda parts: OTHERS[parts] if sum(parts) < 9 else OTHERS[9,],
        "minima from k = 5 on": lambda parts: (OTHERS[parts][0], 0, OTHERS[parts][2]),
        "the symmetric minimum for six students": lambda parts: (
            OTHERS[parts] if parts != (6,) else (TABLE[6][0], 0, TABLE[6][1])
        ),
        "another last digit": lambda parts: (str(Decimal(OTHERS[parts][0]) + Decimal("1e-16")), *OTHERS[parts][1:]),
    },
)

# -- how many --------------------------------------------------------------------------------------------------------


def _stabiliser(labels: np.ndarray) -> int:
    """How many pairs of a row and a column permutation leave a matrix with different columns as it is."""
    columns = [tuple(c) for c in labels.T]
    assert len(set(columns)) == len(columns)
    return sum(sorted(map(tuple, labels[list(rows)].T)) == sorted(columns) for rows in permutations(range(len(labels))))


def _check_orbit(case: Size, law: Callable[[int], tuple[tuple[str, ...], int, int]]) -> Verdict:
    """(k!)^2 over the stabiliser, of the certified point and of the teachers, by running through the permutations."""
    k, point = case.k, symmetric_point(case.k)
    entries, *expected = law(k)
    if not _is_symmetric_point(k, entries):
        return verdict(False, "certified", "another point")
    if any(x.overlaps(y) for i, x in enumerate(point.entries) for y in point.entries[:i]):
        return verdict(None, "certified", "entries that may be equal")
    labels = isotypic_blocks(k)[0].basis.T @ np.arange(1, 6)
    pairs = factorial(k) ** 2
    found = [pairs // _stabiliser(m) for m in (labels.reshape(k, k), np.eye(k, dtype=int))]
    return verdict(
        found == expected, "certified", f"{found[0]} symmetric points, {found[1]} global minima of this kind"
    )


ORBIT = Claim(
    id="gaussian_relu.symmetric_orbit",
    title="k times as many symmetric spurious minima as global ones",
    statement=r"In the setting of $k$ students and $k$ orthonormal teachers, permutations of students and of "
    r"coordinates carry the symmetric critical point with the tabulated entries for $k = 4, \dots, 7$ to $k \cdot k!$ "
    r"different ones, and the teachers to the $k!$ global minima that are permutations of them.",
    source="own derivation",
    case_type=Size,
    cases=tuple(map(Size, range(4, 8))),
    exhaustive=True,
    law=lambda k: (ENTRIES[k], k * factorial(k), factorial(k)),
    check=_check_orbit,
    uses=("gaussian_relu.symmetric_values",),
    false_laws={
        "as many as global ones": lambda k: (ENTRIES[k], factorial(k), factorial(k)),
        "all pairs of permutations": lambda k: (ENTRIES[k], factorial(k) ** 2, factorial(k) ** 2),
        "k^2 times as many": lambda k: (ENTRIES[k], k * k * factorial(k), factorial(k)),
        "four times as many for every k": lambda k: (ENTRIES[k], 4 * factorial(k), factorial(k)),
        "another minimum of six": lambda k: (ANOTHER if k == 6 else ENTRIES[k], k * factorial(k), factorial(k)),
    },
)

CLAIMS = (VALUES, KINDS, OTHER, LIMIT, ORBIT)
