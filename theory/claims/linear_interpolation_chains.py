"""Is the loss monotone on the straight segment from the start to the end of training? For chains of scalar weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.linear_interpolation import falls


@dataclass(frozen=True)
class Chain(Case):
    """Gradient flow on (w_1 ... w_D - y)^2 / 2 from (a, ..., a, b) to its end (A, ..., A, B), y = A^{D-1} B.

    The flow conserves a^2 - b^2. With |a| > |b| it moves on the branch A > 0 of A^2 - B^2 = a^2 - b^2, a > 0, on which
    the product grows with B, so that its only rest point has the product y. A + B = factor (a + b) and A - B =
    (a - b) / factor give the rational points of the branch.
    """

    depth: int
    a: Any
    b: Any
    factor: Any

    @property
    def end(self) -> tuple[Fraction, Fraction]:
        """(A, B)."""
        plus, minus = (
            Fraction(self.a + self.b) * Fraction(self.factor),
            Fraction(self.a - self.b) / Fraction(self.factor),
        )
        return (plus + minus) / 2, (plus - minus) / 2

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Start and end (D,)."""
        start, end = (rational([p] * (self.depth - 1) + [q]) for p, q in ((self.a, self.b), self.end))
        return start, end


def _loss_of_chain(y: Any) -> Callable[[np.ndarray], Any]:
    return lambda w: (prod(list(w)) - y) ** 2 / 2


def _drawn(choose: Choose, depths: tuple, positive: bool = False) -> Chain:
    """a > |b|; ends near and far, on both sides of the start."""
    a, shares = choose((1, 2, Fraction(1, 2), 3)), (Fraction(1, 2), Fraction(9, 10), Fraction(1, 5))
    share = choose(shares if positive else (*shares, 0, Fraction(-1, 2), Fraction(-9, 10), Fraction(-99, 100)))
    away = (2, 3, Fraction(11, 10)) if positive else (2, 3, 10, 50, Fraction(1, 2), Fraction(11, 10), 200)
    return Chain(choose(depths), a, a * share, choose(away))


def _check_chain(case: Chain, law: Callable[[Chain], bool]) -> Verdict:
    """The end lies on the curve of the start, and the loss is a polynomial of degree 2 D on the segment."""
    start, end = case.points()
    y = prod(list(end))
    conserved = (start**2 - start[-1] ** 2 == end**2 - end[-1] ** 2).all() and (end[:-1] > 0).all()
    monotone = falls(_loss_of_chain(y), start, end, 2 * case.depth)
    return verdict(bool(conserved) and monotone is law(case), detail="exactly")


def _slopes(case: Chain, one: Any = 1) -> list[Fraction]:
    """((D - 1)(A - a) b + (B - b) a) (B - b), and the same with A, B for a, b in the factors: signs of the slopes."""
    (A, B), a, b = case.end, Fraction(case.a), Fraction(case.b)
    return [((case.depth - one) * (A - a) * z + (B - b) * x) * (B - b) for x, z in ((a, b), (A, B))]


def _same_sign(case: Chain) -> bool:
    return case.b * case.end[1] >= 0


CROSSING = Chain(3, Fraction(1, 5), Fraction(-19, 100), 200)

CHAIN = Claim(
    id="interpolation.scalar_chain",
    title="For scalar chains the segment is monotone exactly where the product is at both of its ends",
    statement=r"Let gradient flow of $\frac12(w_1 \cdots w_D - y)^2$ go from $(a, \dots, a, b)$, $a > |b|$, to its "
    r"end $(A, \dots, A, B)$, where the loss vanishes. The loss does not increase on the segment between them if and "
    r"only if the product moves towards $y$ at both ends of it, or rests: $((D - 1)(A - a)b + (B - b)a)(B - b) \ge 0$ "
    r"and $((D - 1)(A - a)B + (B - b)A)(B - b) \ge 0$.",
    source="goodfellow2015, on the linear path, in the form of; losslandscape2019, second paragraph; own derivation",
    case_type=Chain,
    cases=lambda: chosen(lambda choose: _drawn(choose, (1, 2, 3, 3, 4))),
    law=lambda case: min(_slopes(case)) >= 0,
    check=_check_chain,
    proof=r"With $X$, $Z$ for the weights on the segment the product $p = X^{D-1}Z$ has the derivative $X^{D-2}q$, $X "
    r"> 0$, with $q = (D - 1)(A - a)Z + (B - b)X$ linear. Where $q$ has the sign of $B - b$ throughout, $p$ moves to "
    r"$y$ monotonically. Otherwise it has the other sign at an end: at the start the loss rises, at the end $p$ has "
    r"overshot.",
    false_laws={
        "always": lambda case: True,
        "where it falls at the start": lambda case: _slopes(case)[0] >= 0,
        "where the product keeps its sign": _same_sign,
        "up to depth two only": lambda case: case.depth <= 2,
        "with D for D - 1": lambda case: min(_slopes(case, one=0)) >= 0,
        "with D - 2 for D - 1": lambda case: min(_slopes(case, one=2)) >= 0,
        "with D - 0.9 for D - 1": lambda case: min(_slopes(case, one=Fraction(9, 10))) >= 0,
        "with D - 1.1 for D - 1": lambda case: min(_slopes(case, one=Fraction(11, 10))) >= 0,
        "where the product moves towards y at the end": lambda case: _slopes(case)[1] >= 0,
    },
    examples=(
        CROSSING,
        Chain(3, 1, Fraction(-1, 5), 2),
        Chain(3, 2, Fraction(-99, 50), 50),
        Chain(3, 1, Fraction(-99, 100), Fraction(29, 2)),  # overshoots at the end only
        Chain(4, 1, Fraction(1, 2), 3),
        Chain(3, 1, Fraction(-43, 100), 20),
        Chain(2, 1, Fraction(-9, 10), 50),
        Chain(3, 1, Fraction(-58, 100), 50),  # just monotone at the start, and just not
        Chain(3, 1, Fraction(-59, 100), 50),
        Chain(4, 1, Fraction(-96, 100), 20),  # just monotone at the end, and just not
        Chain(4, 1, Fraction(-96, 100), Fraction(29, 2)),
    ),
    deviations='The post says that "a large variety of neural networks never encounter any obstacles on their '
    "optimization path, i.e., the path from the initial to the final optimization step typically decreases "
    'monotonically". The experiment behind it is about the straight segment, not the path, along which no loss rises '
    "under a flow; and never is not typically. Goodfellow et al. report an observation, with exceptions; for w_1 w_2 "
    "w_3 the loss rises first from (0.2, 0.2, -0.19) to the end of the flow near (1, 1, 1).",
)

NO_OBSTACLE = Claim(
    id="interpolation.chain_without_obstacle",
    title="Chains of two factors, and chains that keep their signs, are monotone on the segment",
    statement=r"In the same setting, if $D \le 2$, or $b$ and $B$ have the same sign (or one is $0$), the loss does "
    r"not increase on the segment from the start of gradient flow to its end.",
    source="own derivation",
    case_type=Chain,
    cases=lambda: chosen(
        lambda choose: _drawn(choose, (3, 3, 4), positive=True) if choose((0, 1)) else _drawn(choose, (1, 2, 2))
    ),
    law=lambda case: True,
    check=_check_chain,
    proof=r"Same signs: all $|w_i|$ grow or all shrink, since $w_i^2 - w_j^2$ is conserved, and on the segment too. "
    r"Two factors: on $w = r(\cosh s, \sinh s)$ the slopes of the product at the ends are $r^2(\sinh(s + s') - \sinh "
    r"2s)$ and $r^2(\sinh 2s' - \sinh(s + s'))$, both of the sign of $s' - s$.",
    hypotheses=(
        Hypothesis("depth or sign", "$D \\le 2$, or $bB \\ge 0$", lambda case: case.depth <= 2 or _same_sign(case)),
    ),
    counterexamples=(Counterexample("depth or sign", CROSSING, "three factors, one of which changes its sign"),),
    false_laws={
        "only where the product keeps its sign": _same_sign,
        "only for two factors": lambda case: case.depth <= 2,
        "only where the product grows": lambda case: case.end[1] > case.b,
    },
    examples=(
        Chain(2, 1, Fraction(-9, 10), 50),
        Chain(3, 1, Fraction(1, 2), 3),
        Chain(4, 2, Fraction(9, 5), Fraction(1, 2)),
    ),
    uses=("interpolation.scalar_chain",),
)

# -- nearly balanced starts --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Balanced(Case):
    """The segment from r (1, ..., 1, -1) to (1, ..., 1), D factors, y = 1."""

    depth: int
    r: Any


def _check_balanced(case: Balanced, law: Callable[[int, Fraction], bool]) -> Verdict:
    start = rational([case.r] * (case.depth - 1) + [-Fraction(case.r)])
    monotone = falls(_loss_of_chain(1), start, rational([1] * case.depth), 2 * case.depth)
    return verdict(monotone is law(case.depth, Fraction(case.r)), detail="exactly")


BALANCED = Claim(
    id="interpolation.balanced_chain",
    title="From nearly balanced weights with the wrong sign small and large starts meet an obstacle",
    statement=r"From a start $(a, \dots, a, -b)$, $a > b > 0$, near $r(1, \dots, 1, -1)$ gradient flow of "
    r"$\frac12(w_1 \cdots w_D - 1)^2$ ends near $(1, \dots, 1)$. On the segment between these two points the loss "
    r"does not increase if and only if $(D - 2)/D \le r \le D/(D - 2)$ (for $D = 2$: for all $r > 0$); for other $r$ "
    "it rises on the segments of all flows from near enough starts.",
    source="own derivation",
    case_type=Balanced,
    cases=tuple(
        Balanced(D, r)
        for D in (2, 3, 4, 5)
        for r in (*map(Fraction, ("1/10", "1/4", "1/3", "1/2", "3/5", "5/3", "5/2")), 1, 2, 3, 4, 100)
    )
    + tuple(
        Balanced(D, bound + side * Fraction(1, 100))
        for D in (3, 4, 5, 6)
        for bound in (Fraction(D - 2, D), Fraction(D, D - 2))
        for side in (-1, 0, 1)
    ),
    law=lambda D, r: D - 2 <= D * r and (D - 2) * r <= D,
    check=_check_balanced,
    proof=r"The product $p = X^{D-1}Z$ has the slope $X^{D-2}q$ with $q = (D - 1)(1 - r)Z + (1 + r)X$ linear along "
    r"the segment, $q = r(Dr - (D - 2))$ at its start and $D - (D - 2)r$ at its end, and $p$ ends at $1$.",
    false_laws={
        "small starts alone": lambda D, r: D - 2 <= D * r,
        "large starts alone": lambda D, r: (D - 2) * r <= D,
        "always": lambda D, r: True,
        "with (D - 1)/D": lambda D, r: D - 1 <= D * r and (D - 1) * r <= D,
        "only inside": lambda D, r: D - 2 < D * r and (D - 2) * r < D,
        "down to (D - 2.1)/D": lambda D, r: D - Fraction(21, 10) <= D * r and (D - 2) * r <= D,
        "down to (D - 1.9)/D": lambda D, r: D - Fraction(19, 10) <= D * r and (D - 2) * r <= D,
        "up to D/(D - 2.1)": lambda D, r: D - 2 <= D * r and (D - Fraction(21, 10)) * r <= D,
        "up to D/(D - 1.9)": lambda D, r: D - 2 <= D * r and (D - Fraction(19, 10)) * r <= D,
        "from three factors on never": lambda D, r: D <= 2,
    },
    uses=("interpolation.scalar_chain",),
)

CLAIMS = (CHAIN, NO_OBSTACLE, BALANCED)
