"""k ReLU students that learn k orthonormal teachers: spurious minima from k = 6 on, certified in balls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import permutations
from math import factorial
from typing import Any

import numpy as np

from theory.arithmetic import flint, precision
from theory.calculus.ball_inertia import ball_signs
from theory.calculus.exact_linalg import ball_matrix
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.gaussian_routes import meet, reduced_loss, reduced_point, reduced_slopes
from theory.critical.gaussian_relu import (
    SymmetricPoint,
    certified_point,
    isotypic_blocks,
    orthonormal_teachers,
    symmetric_point,
)


@dataclass(frozen=True)
class Size(Case):
    """The number k of students and teachers."""

    k: int


# -- values ----------------------------------------------------------------------------------------------------------

TABLE = {
    5: ("0.0269704695256001", "-0.0077015191"),
    6: ("0.0250805810024630", "0.0047003547"),
    7: ("0.0232027149135661", "0.0140590132"),
    8: ("0.0215080371715214", "0.0213465892"),
    9: ("0.0200141758085110", "0.0271820870"),
    10: ("0.0187021945856070", "0.0319640276"),
}


def _check_values(case: Size, law: Callable[[int], tuple[str, str]]) -> Verdict:
    """Digits of the law against the certified point; loss and slopes there once more from counted pairs."""
    lib, point = flint(), symmetric_point(case.k)
    loss, least = law(case.k)
    with precision(128):
        counted = reduced_loss(case.k, point.entries)
        critical = all(meet(s, lib.arb(0)) for s in reduced_slopes(case.k, point.entries))
        digits = lib.arb(loss, 1e-15).contains(point.loss) and all(abs(x - float(least)) < 1e-10 for x in point.least)
        placed = point.entries[0] > 9 * lib.arb(1) / 10 and point.entries[4] < -lib.arb(1) / 2
        same = placed and critical and meet(counted, point.loss) and bool(digits)
    return verdict(
        same, "certified", f"loss {point.loss.str(15, radius=False)}, least eigenvalue {point.least[0]:.10f}"
    )


VALUES = Claim(
    id="gaussian_relu.symmetric_values",
    title="Loss and least eigenvalue at the symmetric critical points",
    statement=r"Let $F(W) = \frac12 E(\sum_{i \le k} \mathrm{relu}(w_i \cdot x) - \sum_{j \le k} \mathrm{relu}(e_j "
    r"\cdot x))^2$, $x \sim N(0, I_k)$. For $k = 5, \dots, 10$ there is a critical point of the form $W_{ii} = a$, "
    r"$W_{ij} = b$, $W_{ik} = c$, $W_{ki} = d$, $W_{kk} = e$ ($i \ne j$ below $k$) with $a > 9/10$ and "
    r"$e < -1/2$, at which the loss and the least eigenvalue of the Hessian have the tabulated digits; "
    r"at $k = 6$ they are $0.0250805810024630$ and $0.0047003547$.",
    source="safran2018, section 4 and tables of the supplement, in the form of; own derivation",
    case_type=Size,
    cases=tuple(map(Size, TABLE)),
    exhaustive=True,
    law=TABLE.__getitem__,
    check=_check_values,
    uses=("gaussian_relu.derivatives",),
    false_laws={
        "the loss without the factor 1/2": lambda k: (str(2 * float(TABLE[k][0])), TABLE[k][1]),
        "zero loss: every critical point is global": lambda k: ("0", TABLE[k][1]),
        "positive curvature for every k": lambda k: (TABLE[k][0], TABLE[k][1].lstrip("-")),
        "the twelfth digit of the loss differs": lambda k: (str(float(TABLE[k][0]) + 1e-13), TABLE[k][1]),
    },
)

# -- kinds -----------------------------------------------------------------------------------------------------------


def _check_kind(case: Size, law: Callable[[int], int]) -> Verdict:
    """Signs of the Hessian block by block and of the whole Hessian, and of the loss."""
    k, point = case.k, symmetric_point(case.k)
    negative, _, positive = point.inertia
    if negative + positive < k * k or not point.loss > 0:
        return verdict(None, "certified", str(point.inertia))
    with precision(128):
        whole = ball_signs(ball_matrix(orthonormal_teachers(k).hessian(point.theta))) == (negative, positive)
    detail = f"inertia {tuple(point.inertia)}, least eigenvalue {point.least[0]:.6f}"
    return verdict(whole and negative == law(k), "certified", detail)


KINDS = Claim(
    id="gaussian_relu.spurious_minima",
    title="Six students have a spurious minimum where five have a saddle",
    statement=r"In the setting of $k$ students and $k$ orthonormal teachers the symmetric critical point is for "
    r"$k = 3, 4, 5$ a strict saddle with $k - 2$ negative eigenvalues of the Hessian, and for $k = 6, \dots, 10$ a "
    r"strict local minimum: the Hessian is positive definite, and the loss is above the global minimum 0.",
    source="safran2018, theorem 1, in the form of; own derivation",
    case_type=Size,
    cases=tuple(map(Size, range(3, 11))),
    exhaustive=True,
    law=lambda k: k - 2 if k < 6 else 0,
    check=_check_kind,
    deviations="The source has $6 \\le k \\le 20$; the tests of the book run to 20, the claim to 10.",
    uses=("gaussian_relu.symmetric_values", "gaussian_relu.isotypic_blocks"),
    false_laws={
        "minima from k = 5 on": lambda k: k - 2 if k < 5 else 0,
        "saddles for every k: no spurious minima": lambda k: k - 2,
        "one descent direction below six": lambda k: 1 if k < 6 else 0,
    },
)

# -- other minima ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Isotropy(Case):
    """Parts of the students and coordinates that are permuted together, and where to look for the entries."""

    parts: tuple
    guess: tuple


OTHERS = {
    (5,): ("0.0477083778795563", 6, "-0.0058315063"),
    (6,): ("0.0556685813222834", 0, "0.0015036524"),
    (9,): ("0.0724833073033660", 0, "0.0145316969"),
    (2, 7): ("0.0374889627996284", 0, "0.0101656222"),
}


@lru_cache
def _point(case: Isotropy) -> SymmetricPoint:
    return certified_point(case.parts, case.guess)


def _check_other(case: Isotropy, law: Callable[[tuple], tuple[str, int, str]]) -> Verdict:
    """Krawczyk's test in the entries, the whole Hessian in balls, and the digits of the law."""
    point, lib = _point(case), flint()
    loss, negative, least = law(case.parts)
    n, _, p = point.inertia
    if n + p < point.k**2:
        return verdict(None, "certified", str(point.inertia))
    close = all(abs(x - float(least)) < 1e-10 for x in point.least)
    with precision(128):
        same = n == negative and close and bool(lib.arb(loss, 1e-15).contains(point.loss))
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
    },
)

# -- many students ---------------------------------------------------------------------------------------------------


def _check_limit(case: Size, law: Callable[[], Any]) -> Verdict:
    """The critical point from counted pairs, by Krawczyk's test in five numbers, whatever k."""
    with precision(192):
        value = case.k * reduced_loss(case.k, reduced_point(case.k))
        gap = flint().arb(case.k).sqrt() * (law() - value)
        between = flint().arb(1) / 10 < gap < flint().arb(9) / 25
        outside = gap < flint().arb(1) / 10 or gap > flint().arb(9) / 25
    found = True if between else False if outside else None
    return verdict(found, "certified", f"k F = {value.str(12, radius=False)}, gap {gap.str(6, radius=False)} / sqrt(k)")


LIMIT = Claim(
    id="gaussian_relu.symmetric_loss_limit",
    title="Many students: the loss at the symmetric point falls like 1/k",
    statement=r"In the setting of $k$ students and $k$ orthonormal teachers the loss at the symmetric critical point "
    r"obeys $\frac{1}{10} < \sqrt{k}(\frac12 - \frac{2}{\pi^2} - kF) < \frac{9}{25}$ for "
    r"$k = 10, 10^2, \dots, 10^8$, which suggests $kF \to \frac12 - \frac{2}{\pi^2}$.",
    source="own derivation",
    case_type=Size,
    cases=tuple(Size(10**j) for j in range(1, 9)),
    exhaustive=True,
    law=lambda: flint().arb(1) / 2 - 2 / flint().arb.pi() ** 2,
    check=_check_limit,
    uses=("gaussian_relu.symmetric_values",),
    false_laws={
        "the limit 1/2 - 1/pi": lambda: flint().arb(1) / 2 - 1 / flint().arb.pi(),
        "the limit 3/10": lambda: flint().arb(3) / 10,
        "no limit: k F grows without bound": lambda: flint().arb("inf"),
    },
)

# -- how many --------------------------------------------------------------------------------------------------------


def _stabiliser(labels: np.ndarray) -> int:
    """How many pairs of a row and a column permutation leave a matrix with different columns as it is."""
    columns = [tuple(c) for c in labels.T]
    assert len(set(columns)) == len(columns)
    return sum(sorted(map(tuple, labels[list(rows)].T)) == sorted(columns) for rows in permutations(range(len(labels))))


def _check_orbit(case: Size, law: Callable[[int], tuple[int, int]]) -> Verdict:
    """(k!)^2 over the stabiliser, of the certified point and of the teachers, by running through the permutations."""
    k, point = case.k, symmetric_point(case.k)
    if any(x.overlaps(y) for i, x in enumerate(point.entries) for y in point.entries[:i]):
        return verdict(None, "certified", "entries that may be equal")
    labels = isotypic_blocks(k)[0].basis.T @ np.arange(1, 6)
    pairs = factorial(k) ** 2
    found = tuple(pairs // _stabiliser(m) for m in (labels.reshape(k, k), np.eye(k, dtype=int)))
    return verdict(found == law(k), "certified", f"{found[0]} symmetric points, {found[1]} global minima of this kind")


ORBIT = Claim(
    id="gaussian_relu.symmetric_orbit",
    title="k times as many symmetric spurious minima as global ones",
    statement=r"In the setting of $k$ students and $k$ orthonormal teachers, permutations of students and of "
    r"coordinates carry the symmetric critical point for $k = 4, \dots, 7$ to $k \cdot k!$ different ones, and the "
    r"teachers to the $k!$ global minima that are permutations of them.",
    source="own derivation",
    case_type=Size,
    cases=tuple(map(Size, range(4, 8))),
    exhaustive=True,
    law=lambda k: (k * factorial(k), factorial(k)),
    check=_check_orbit,
    uses=("gaussian_relu.symmetric_values",),
    false_laws={
        "as many as global ones": lambda k: (factorial(k), factorial(k)),
        "all pairs of permutations": lambda k: (factorial(k) ** 2, factorial(k) ** 2),
    },
)

CLAIMS = (VALUES, KINDS, OTHER, LIMIT, ORBIT)
