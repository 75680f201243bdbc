"""Quadratic landscapes: the signs of A decide everything, also where A is singular."""

from __future__ import annotations

from typing import Any

from theory.critical.generic import Decision, Facts
from theory.landscape import Kind


def decide(model: Any, facts: Facts) -> Decision | None:
    """Convex or concave: every critical point is a global minimum or maximum; None where the signs mix or are open."""
    signs = facts.inertia
    if not facts.critical or signs is None or signs.undecided or (signs.negative and signs.positive):
        return None
    if signs.negative:
        return Decision(Kind.LOCAL_MAXIMUM, f"{facts.why}; the quadratic is concave")
    return Decision(Kind.GLOBAL_MINIMUM, f"{facts.why}; the quadratic is convex")
