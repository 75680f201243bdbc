"""Critical points of the Gaussian population loss: one filter, and k students that learn k orthonormal teachers.

The loss of k students and the teachers e_1, ..., e_k is invariant under S_k x S_k (rows and columns of W). Points with
the isotropy of the diagonal S_(k-1) have five different entries,

    W_ii = a, W_ij = b, W_ik = c, W_ki = d, W_kk = e   (i != j below k),

and there the Hessian commutes with S_(k-1): R^(k x k) splits into 5 copies of the trivial and of the standard
representation and one each of (k-3, 2) and (k-3, 1, 1), on which it is a 5 x 5 matrix, a 5 x 5 matrix and two numbers.
Source: safran2018, section 4, in the form of; arjevani2019, on the isotropy of minima, in the form of; own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import BALL, RATIONAL, arithmetic_of, ball, flint, precision
from theory.calculus.ball_inertia import ball_signs
from theory.calculus.exact_linalg import ball_matrix
from theory.calculus.inertia import Inertia
from theory.calculus.krawczyk import certify_zero
from theory.critical.generic import Decision, Facts, exactly
from theory.errors import Undecided
from theory.landscape import Kind
from theory.models.gaussian_relu import GaussianReluNet

BITS = 128
MAX_STUDENTS = 64  # beyond, one evaluation in balls takes more than some seconds
NEWTON_STEPS = 40
WIDTH = 2.0**-50  # of the enclosures of eigenvalues


@dataclass(frozen=True)
class Block:
    """One isotypic part: its orthogonal basis (m, k k) of integers for one vector of the representation."""

    name: str
    multiplicity: int
    basis: np.ndarray


@dataclass(frozen=True, eq=False)
class SymmetricPoint:
    """A certified critical point that a group of permutations leaves as it is, in balls.

    Attributes
    ----------
    k : students and teachers.
    entries : (m,), enclosures of its different entries; exactly one critical point of this form lies in the box.
    theta : (k k,), the students.
    loss : enclosure of the loss.
    inertia : proved signs of the Hessian (k k, k k).
    least : (lower, upper) bounds of its least eigenvalue, floats.
    """

    k: int
    entries: np.ndarray
    theta: np.ndarray
    loss: Any
    inertia: Inertia
    least: tuple[float, float]


def orthonormal_teachers(k: int) -> GaussianReluNet:
    """k students that learn the teachers e_1, ..., e_k."""
    return GaussianReluNet(k, np.eye(k, dtype=int))


def isotypic_blocks(k: int) -> tuple[Block, ...]:
    """The decomposition of R^(k x k) under the diagonal S_(k-1), k >= 3; the dimensions add up to k^2.

    With x = e_1 - e_2 in R^(k-1) the standard representation meets the matrices diag(x), the off-diagonal parts of
    x 1^T + 1 x^T and of x 1^T - 1 x^T, x in the last column and x in the last row; (e_1 - e_2)(e_3 - e_4)^T and its
    transpose give (k-3, 2), and e_1 ^ e_2 + e_2 ^ e_3 + e_3 ^ e_1 gives (k-3, 1, 1).
    """
    k = arrays.positive_int(k, "isotypic_blocks", "k")
    if k < 3:
        raise ValueError(f"isotypic_blocks: needs k >= 3, got {k}")
    p = k - 1
    E, ones = np.eye(p, k, dtype=int), np.concatenate([np.ones(p, int), [0]])
    last = np.eye(k, dtype=int)[p]
    off = np.outer(ones, ones) - np.diag(ones)
    x, y = E[0] - E[1], E[2] - E[3] if p > 3 else None
    trivial = [np.diag(ones), off, np.outer(ones, last), np.outer(last, ones), np.outer(last, last)]
    rows, columns = off * x[:, None], off * x
    standard = [np.diag(x), rows + columns, rows - columns, np.outer(x, last), np.outer(last, x)]
    blocks = [("trivial", 1, trivial), ("standard", p - 1, [m for m in standard if m.any()])]
    if p > 2:
        a = np.zeros((k, k), int)
        a[[0, 1, 2], [1, 2, 0]] = 1
        blocks.append(("(k-3, 1, 1)", (p - 1) * (p - 2) // 2, [a - a.T]))
    if y is not None:
        blocks.append(("(k-3, 2)", p * (p - 3) // 2, [np.outer(x, y) + np.outer(y, x)]))
    return tuple(Block(name, count, np.array(basis).reshape(-1, k * k)) for name, count, basis in blocks)


def block_hessian(model: Any, theta: np.ndarray, block: Block) -> np.ndarray:
    """The Hessian (m, m) on one block in the orthonormal basis, for theta of the isotropy of S_(k-1), in balls."""
    B = ball(block.basis)
    B = B / np.array([x.sqrt() for x in (B * B).sum(-1)], object)[:, None]
    return B @ model.hvp(theta, B).T


@lru_cache(maxsize=32)
def symmetric_point(k: int) -> SymmetricPoint:
    """The critical point with a near 1, e near -1 and small b, c, d: located by Krawczyk's test, 3 <= k <= 64.

    A zero of the loss restricted to the five entries is critical in all directions, since the gradient has the symmetry
    of the point (Palais).

    Raises
    ------
    Undecided
        When the test proves no box.

    >>> point = symmetric_point(6)
    >>> print(point.loss.str(12, radius=False), tuple(point.inertia))
    0.0250805810025 (0, 0, 36)
    """
    k = arrays.positive_int(k, "symmetric_point", "k")
    if not 3 <= k <= MAX_STUDENTS:
        raise ValueError(f"symmetric_point: needs 3 <= k <= {MAX_STUDENTS}, got {k}")
    model, blocks = orthonormal_teachers(k), isotypic_blocks(k)
    with precision(BITS):
        entries = _zero(model, blocks[0].basis, np.array([1, 0, 1.85 / k, 1.3 / k, -1 + 2.7 / k]))
        theta = entries @ ball(blocks[0].basis)
        negative = positive = 0
        least = []
        for block in blocks:
            H = block_hessian(model, theta, block)
            n, p = ball_signs(ball_matrix(H))
            negative, positive = negative + n * block.multiplicity, positive + p * block.multiplicity
            least.append(least_eigenvalue(H))
        bounds = min(low for low, _ in least), min(high for _, high in least)
        signs = Inertia(negative, 0, positive, k * k - negative - positive, "discs in isotypic blocks")
        return SymmetricPoint(k, arrays.frozen(entries), arrays.frozen(theta), model.loss(theta), signs, bounds)


def invariant_matrices(parts: tuple[int, ...]) -> np.ndarray:
    """(m, k k): the 0/1 matrices of equal entries under simultaneous permutations within the parts of k = sum(parts).

    In lexicographic order of (part of i, part of j, i = j).
    """
    parts = _parts(parts, "invariant_matrices")
    part = np.repeat(np.arange(len(parts)), parts)
    i, j = np.indices((len(part), len(part))).reshape(2, -1)
    _, label = np.unique(np.stack([part[i], part[j], i == j]), axis=1, return_inverse=True)
    return np.array([np.ravel(label) == c for c in range(label.max() + 1)], int)


def _parts(parts: Any, where: str) -> tuple[int, ...]:
    if not isinstance(parts, tuple | list) or not parts:
        raise ValueError(f"{where}: parts must be a non-empty tuple of sizes, got {parts!r}; (k,) is all of S_k")
    return tuple(arrays.positive_int(p, where, "each part") for p in parts)


def certified_point(parts: tuple[int, ...], guess: Any) -> SymmetricPoint:
    """The critical point near ``guess`` (m,) in the span of ``invariant_matrices(parts)``, with its whole Hessian.

    Raises
    ------
    Undecided
        When Krawczyk's test proves no box.
    """
    parts = _parts(parts, "certified_point")
    basis = invariant_matrices(parts)
    start = arrays.vector(guess, "certified_point", "guess", len(basis))
    model = orthonormal_teachers(sum(parts))
    with precision(BITS):
        entries = _zero(model, basis, start.astype(float))
        theta = entries @ ball(basis)
        H = model.hessian(theta)
        negative, positive = ball_signs(ball_matrix(H))
        signs = Inertia(negative, 0, positive, model.dim - negative - positive, "Gershgorin discs in balls")
        return SymmetricPoint(
            model.n, arrays.frozen(entries), arrays.frozen(theta), model.loss(theta), signs, least_eigenvalue(H)
        )


def _zero(model: GaussianReluNet, basis: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """The entries (m,), certified: a zero of x -> B grad F(x B), where Newton's method in floats leads."""
    B, floats = ball(basis), basis.astype(float)

    def function(x: np.ndarray) -> np.ndarray:
        return B @ model.gradient(x @ B)

    def jacobian(x: np.ndarray) -> np.ndarray:
        return B @ model.hvp(x @ B, B).T

    for _ in range(NEWTON_STEPS):
        H = floats @ model.hessian(guess @ floats) @ floats.T
        try:
            guess = guess - np.linalg.solve(H, floats @ model.gradient(guess @ floats))
        except np.linalg.LinAlgError:
            raise Undecided("certified_point: a Hessian on the way is singular; start elsewhere") from None
    image = certify_zero(function, jacobian, guess, bits=BITS).image
    assert image is not None, "a proved box has an image"
    return image


def least_eigenvalue(H: np.ndarray) -> tuple[float, float]:
    """Proved bounds of the least eigenvalue of a symmetric matrix (m, m) of balls, at the precision in force."""
    if H.ndim != 2 or len(set(H.shape)) != 1 or arithmetic_of(H).name != BALL:
        got = f"{arithmetic_of(H).name} entries of shape {H.shape}"
        raise ValueError(f"least_eigenvalue: needs a square matrix of balls, got {got}; see theory.ball")
    middle = np.array([float(x.mid()) for x in H.flat]).reshape(H.shape)
    guess = float(np.linalg.eigvalsh((middle + middle.T) / 2)[0])
    width = WIDTH * (1 + abs(guess)) * len(H)
    low, high = guess - width, guess + width
    one = ball(np.eye(len(H), dtype=int))
    above = ball_signs(ball_matrix(H - flint().arb(low) * one))[1] == len(H)
    below = ball_signs(ball_matrix(H - flint().arb(high) * one))[0] > 0
    if not (above and below):
        raise Undecided(f"least_eigenvalue: no bounds of width {2 * width:.1e} are proved; raise the precision")
    return low, high


def antipode(patches: int) -> Any:
    """rho = (p - 1)/(p - 1 + pi), a ball: for p > 1 patches -rho v is critical for one filter that learns v.

    Source: brutzkus2017, section 4, in the form of.
    """
    p = arrays.positive_int(patches, "antipode", "patches")
    return flint().arb(p - 1) / (p - 1 + flint().arb.pi())


def decide(model: GaussianReluNet, facts: Facts) -> Decision | None:
    """Students that are the teachers; one filter, whose critical points are v and, for p > 1, -rho v; else None.

    At -rho v turning the filter towards v lowers the loss by the cube of the angle and lengthening it raises the loss:
    a saddle with a semidefinite Hessian, unless there is nothing to turn in, d = 1.
    """
    if _is_solved(model, facts):
        return Decision(Kind.GLOBAL_MINIMUM, "the students are the teachers, where the loss is zero")
    if not facts.critical or model.n > 1 or len(model.V) > 1:
        return None
    v = arithmetic_of(facts.theta).convert(model.V[0])
    if facts.theta @ v > 0:
        return Decision(Kind.GLOBAL_MINIMUM, f"{facts.why}; of one filter, whose teacher is the only minimum")
    if model.patches == 1:
        return Decision(Kind.UNDECIDED, "no critical point is near: the gradient fades towards the kink at 0")
    kind = Kind.NON_STRICT_SADDLE if model.dim > 1 else Kind.LOCAL_MINIMUM
    return Decision(kind, f"{facts.why}; of one filter, opposite to its teacher")


def _is_solved(model: GaussianReluNet, facts: Facts) -> bool:
    """Whether the students are exactly the teachers, in some order."""
    theta = exactly(facts.theta)
    if theta is None or arithmetic_of(theta).name != RATIONAL or (V := exactly(model.V)) is None:
        return False
    W = theta.reshape(model.n, -1)
    return sorted(map(list, W)) == sorted(map(list, V))
