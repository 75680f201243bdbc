"""Polynomials in (x, y) among the answers: lists of terms [i, j, c], each for c x^i y^j."""

from __future__ import annotations

from typing import Any

from theory.exercises.exercise import BadAnswer, exact, shown

LARGEST = 40
HIGHEST = 12


def short_list(value: Any, where: str) -> list[Any]:
    """A list of at most ``LARGEST`` entries."""
    if not isinstance(value, list) or len(value) > LARGEST:
        raise BadAnswer(f"{where}: needs a list of at most {LARGEST} entries, got {shown(value)}")
    return value


def polynomial(value: Any, where: str) -> tuple[tuple[int, int, Any], ...]:
    """The terms (i, j, c) of an answer: exponents from 0 to 12, exact coefficients."""
    terms = []
    for n, term in enumerate(short_list(value, where)):
        if not isinstance(term, list) or len(term) != 3:
            raise BadAnswer(f"{where}[{n}]: needs a term [i, j, c] for c x^i y^j, got {shown(term)}")
        i, j, c = (exact(part, f"{where}[{n}]") for part in term)
        if any(k.q != 1 or not 0 <= k <= HIGHEST for k in (i, j)):
            raise BadAnswer(f"{where}[{n}]: needs exponents from 0 to {HIGHEST}, got {i} and {j}")
        terms.append((int(i.p), int(j.p), str(c)))
    return tuple(terms)


def proof(value: Any, where: str) -> list[tuple[Any, Any]]:
    """Pairs (g, s) of polynomials."""
    pairs = []
    for n, pair in enumerate(short_list(value, where)):
        if not isinstance(pair, list) or len(pair) != 2:
            raise BadAnswer(f"{where}[{n}]: needs a pair [g, s] of polynomials, got {shown(pair)}")
        pairs.append((polynomial(pair[0], f"{where}[{n}][0]"), polynomial(pair[1], f"{where}[{n}][1]")))
    return pairs
