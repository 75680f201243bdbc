"""Where a balanced mode rests under weight decay: du/dt = 2 H u^{2-2/H} (s - u) - 2 H lam u."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, RATIONAL, as_array, common_arithmetic, flint, rational, sign
from theory.arrays import positive_int
from theory.dynamics.real_numbers import real_numbers, require, root
from theory.errors import NotExact


def decay_threshold(s: Any, depth: int) -> Any:
    """The weight decay beyond which a mode has no positive steady state: max_u u^{1-2/H} (s - u), for H >= 2.

    It is s^{2-2/H} H/(2H-2) ((H-2)/(2H-2))^{1-2/H}, attained at u = s (H-2)/(2H-2). For H = 2 it is s, where the only
    positive steady state reaches 0; for H >= 3 two of them meet there.

    Parameters
    ----------
    s : (...), positive.
    depth : H >= 2; a single layer has the steady state s / (1 + lam) for every lam.

    Returns
    -------
    (...), floats for floats, else balls.

    Source: own derivation.

    >>> float(decay_threshold(2.0, 2))
    2.0
    """
    where = "decay_threshold"
    H = positive_int(depth, where, "depth")
    kind, shape, s = real_numbers(where, s=s)
    require(where, "depth >= 2", H >= 2, "a single layer rests at s / (1 + lam)", depth=H)
    require(where, "s > 0", sign(s) > 0, "only positive values are learned", s=s)
    top = s * kind.fraction(H - 2, 2 * H - 2)
    return (s if H == 2 else root(top, H) ** (H - 2) * (s - top)).reshape(shape)[()]


def steady_states(s: Any, decay: Any, depth: int) -> np.ndarray:
    """All u >= 0 at which a balanced mode rests, ascending: 0 for H >= 2, and w^H with w^{2H-2} - s w^{H-2} + lam = 0.

    For H = 2 these are 0 and, if it is positive, s - lam. For H >= 3 there are two positive ones below
    ``decay_threshold``: the larger attracts, as 0 does, and the smaller separates what they attract.

    Parameters
    ----------
    s, decay : numbers, s > 0 and decay >= 0.
    depth : H >= 1.

    Returns
    -------
    (k,) balls; floats if a float was given, whose binary value is taken.

    Raises
    ------
    NotExact
        For balls, since the number of steady states jumps with the data.

    Source: own derivation.

    >>> steady_states(1.0, 0.25, 2)
    array([0.  , 0.75])
    """
    where = "steady_states"
    H, lib = positive_int(depth, where, "depth"), flint()
    arrays = as_array(s, f"{where}: s"), as_array(decay, f"{where}: decay")
    kind = common_arithmetic(*arrays)
    if any(a.ndim for a in arrays):
        raise ValueError(f"{where}: needs two numbers, got shapes {[a.shape for a in arrays]}; call it once a mode")
    if kind.name not in (FLOAT, RATIONAL):
        raise NotExact(f"{where}: needs rationals or floats, got {kind.name}; give the midpoints")
    s, lam = rational([Fraction(float(a)) if a.dtype != object else a[()] for a in arrays])
    require(where, "s > 0", s > 0, "only positive values are learned", s=s)
    require(where, "decay >= 0", lam >= 0, "a negative one lets the weights grow for ever", decay=lam)
    if H == 1:
        found = [lib.arb(s / (1 + lam))]
    else:
        coefficients = [lib.fmpq(0)] * (2 * H - 1)
        for power, coefficient in ((0, lam), (H - 2, -s), (2 * H - 2, 1)):
            coefficients[power] += coefficient
        factors = lib.fmpq_poly(coefficients).numer().factor()[1]
        real = [w.real for p, _ in factors for w, _ in p.complex_roots() if w.imag == 0]
        found = [lib.arb(0), *sorted((w**H for w in real if sign(np.array([w]))[0] > 0), key=lambda u: u.mid())]
    out = np.empty(len(found), object)
    out[:] = found
    return np.array([float(u.mid()) for u in found]) if kind.name == FLOAT else out
