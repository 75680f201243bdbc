"""The Hessian of k ReLU students at a symmetric point: isotypic blocks with their multiplicities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from theory.arithmetic import ball, flint, precision
from theory.calculus.exact_linalg import ball_matrix
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.gaussian_routes import meet
from theory.critical.gaussian_relu import block_hessian, isotypic_blocks, orthonormal_teachers


@dataclass(frozen=True)
class Symmetric(Case):
    """k students with the entries (a, b, c, d, e)."""

    k: int
    entries: tuple


def multiplicities(k: int) -> dict[str, int]:
    """How often the eigenvalues of each block occur."""
    p = k - 1
    all_parts = {"trivial": 1, "standard": p - 1, "(k-3, 1, 1)": (p - 1) * (p - 2) // 2, "(k-3, 2)": p * (p - 3) // 2}
    return {name: count for name, count in all_parts.items() if count > 0}


def _check_blocks(case: Symmetric, law: Callable[[int], dict[str, int]]) -> Verdict:
    """Traces of the powers 1 to 6 of the whole Hessian against those of the blocks with their multiplicities."""
    k, blocks, counts = case.k, isotypic_blocks(case.k), law(case.k)
    if set(counts) != {b.name for b in blocks}:
        return verdict(False, "certified", "other parts")
    with precision(192):
        model, lib = orthonormal_teachers(k), flint()
        theta = ball(case.entries) @ ball(blocks[0].basis)
        H = ball_matrix(model.hessian(theta))
        parts = [(counts[b.name], ball_matrix(block_hessian(model, theta, b))) for b in blocks]
        if sum(count * K.nrows() for count, K in parts) != k * k:
            return verdict(False, "certified", "the dimensions do not add up")
        same = all(
            meet(_trace(H**r), sum((count * _trace(K**r) for count, K in parts), lib.arb(0))) for r in range(1, 7)
        )
    return verdict(same, "certified", f"{len(parts)} blocks, {k * k} eigenvalues, 6 power sums enclosed")


def _trace(m: Any) -> Any:
    return sum((m[i, i] for i in range(m.nrows())), flint().arb(0))


BLOCKS = Claim(
    id="gaussian_relu.isotypic_blocks",
    title="The Hessian at a symmetric point is two 5 x 5 blocks and two numbers",
    statement=r"In the setting of $k \ge 5$ students and orthonormal teachers let $W$ be invariant under the "
    r"simultaneous permutations of the first $k - 1$ students and coordinates. The eigenvalues of the Hessian are "
    r"those of a $5 \times 5$ matrix once, of another $5 \times 5$ matrix $k - 2$ times, one number "
    r"$(k - 2)(k - 3)/2$ times and one $(k - 1)(k - 4)/2$ times; for $k = 4$ the last is missing, and for $k = 3$ "
    r"the second matrix has size 4 and both numbers are missing.",
    source="arjevani2019, on the isotropy of minima, in the form of; own derivation",
    case_type=Symmetric,
    cases=(
        Symmetric(3, (1, 2, -1, 1, 3)),
        Symmetric(4, (2, 0, 1, -1, 1)),
        Symmetric(5, (1, 0, 2, 1, -1)),
        Symmetric(5, (3, -1, 0, 1, -2)),
        Symmetric(6, (1, 2, -1, 0, 1)),
    ),
    law=multiplicities,
    check=_check_blocks,
    uses=("gaussian_relu.derivatives",),
    false_laws={
        "the two numbers exchanged": lambda k: {
            **multiplicities(k),
            "(k-3, 1, 1)": (k - 1) * (k - 4) // 2,
            "(k-3, 2)": (k - 2) * (k - 3) // 2,
        },
        "the standard block k - 1 times": lambda k: {**multiplicities(k), "standard": k - 1},
    },
)

CLAIMS = (BLOCKS,)
