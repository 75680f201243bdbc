"""A user's file of claims: one that holds, one that fails, both about the square of an integer."""

from dataclasses import dataclass

from theory.claims.cases import Case
from theory.claims.claim import Claim, verdict


@dataclass(frozen=True)
class Number(Case):
    n: int


def numbers():
    from hypothesis import strategies as st

    return st.builds(Number, st.integers(-50, 50))


SQUARES = Claim(
    id="mine.squares",
    title="Squares are not negative",
    statement="For every integer $n$: $n^2 \\ge 0$.",
    source="own derivation",
    case_type=Number,
    cases=numbers,
    law=lambda square: square >= 0,
    check=lambda case, law: verdict(law(case.n**2), detail=f"{case.n}^2"),
    false_laws={"positive": lambda square: square > 0},
)

SMALL = Claim(
    id="mine.small",
    title="Squares are below 100",
    statement="For every integer $n$: $n^2 < 100$.",
    source="own derivation",
    case_type=Number,
    cases=numbers,
    law=100,
    check=lambda case, law: verdict(case.n**2 < law, detail=f"{case.n}^2 = {case.n**2}"),
    false_laws={"below 10": 10},
)
