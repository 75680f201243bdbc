"""The claim engine on toy claims about integers: what passes, what must not, and what is reported."""

import dataclasses
import itertools
import random
from dataclasses import dataclass

import pytest

from theory.claims import engine
from theory.claims.cases import Case, SampleCase
from theory.claims.claim import (
    Claim,
    Counterexample,
    Grade,
    Hypothesis,
    Necessity,
    Outcome,
    Sample,
    Status,
    Verdict,
    erratum,
    verdict,
)
from theory.claims.engine import CITED, FAILS, HOLDS, REFUTED, UNDECIDED, seed_of, verify
from theory.errors import Undecided


@dataclass(frozen=True)
class Number(Case):
    n: int


TEN = tuple(map(Number, range(10)))


def integers():
    from hypothesis import strategies as st

    return st.builds(Number, st.integers(-1000, 1000))


def toy(**changes):
    """n < 10 for the numbers 0 to 9; the law is the bound."""
    values = {
        "id": "toy.below",
        "title": "Below ten",
        "statement": "n < 10",
        "source": "own derivation",
        "case_type": Number,
        "cases": TEN,
        "law": 10,
        "check": lambda case, law: verdict(case.n < law, detail=f"n = {case.n}"),
        "false_laws": {"below 5": 5},
    }
    return Claim(**{**values, **changes})


def answering(*outcomes, grade=Grade.EXACT):
    """A claim with the listed outcomes for the cases 0, 1, 2, ...; the false law fails wherever it is judged."""

    def check(case, law):
        return Verdict(outcomes[case.n] if law == 10 else Outcome.FAILS, grade)

    inside = Hypothesis("inside", "n is inside", lambda case: outcomes[case.n] is not O, Necessity.UNKNOWN)
    return toy(cases=TEN[: len(outcomes)], check=check, hypotheses=(inside,))


H, F, U, O = Outcome.HOLDS, Outcome.FAILS, Outcome.UNDECIDED, Outcome.OUTSIDE  # noqa: E741


# -- the pass rule -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "grade", "answer"),
    [
        ([H] * 10, Grade.EXACT, HOLDS),
        ([H] * 9 + [F], Grade.EXACT, FAILS),
        ([H] * 9 + [U], Grade.EXACT, UNDECIDED),
        ([H] * 9 + [U], Grade.PROOF, UNDECIDED),
        ([H] * 5 + [O] * 5, Grade.EXACT, HOLDS),
        ([H] * 4 + [O] * 5, Grade.EXACT, UNDECIDED),
        ([O] * 3, Grade.EXACT, UNDECIDED),
        ([U] * 3, Grade.NUMERIC, UNDECIDED),
    ],
)
def test_only_holds_passes(outcomes, grade, answer):
    result = verify(answering(*outcomes, grade=grade))
    assert (result.answer, result.passed) == (answer, answer == HOLDS)
    assert result.counts == {str(o): outcomes.count(o) for o in Outcome}


def test_a_case_that_fails_the_second_time_fails_the_claim():
    """Booleans equal integers in Python, and a repeated case is not counted twice: neither may hide a failure."""
    answers = iter([True, False, True])
    flaky = toy(cases=(Number(1), Number(1), Number(2)), check=lambda case, law: verdict(next(answers, True)))
    assert verify(flaky).answer == FAILS
    assert verify(toy(cases=(Number(1), Number(True)), check=lambda c, law: verdict(c.n is not True))).answer == FAILS


def test_only_hypotheses_say_outside_and_only_booleans_are_verdicts():
    assert "check raised TypeError" in verify(toy(check=lambda case, law: Verdict(O))).detail
    assert "check raised TypeError" in verify(toy(check=lambda case, law: True)).detail
    assert "check raised TypeError" in verify(toy(check=lambda case, law: verdict(NotImplemented))).detail


def test_examples_do_not_outvote_what_is_drawn():
    """The half rule counts drawn cases: ten examples inside cannot carry a strategy that stays outside."""
    inside = Hypothesis("small", "n < 20", lambda case: case.n < 20, Necessity.UNKNOWN)
    claim = toy(cases=lambda: integers().filter(lambda c: c.n > 20), examples=TEN, hypotheses=(inside,))
    assert verify(claim).answer == UNDECIDED


@pytest.mark.parametrize(
    ("undecided", "grade", "answer"),
    [
        (1, Grade.NUMERIC, HOLDS),
        (2, Grade.NUMERIC, UNDECIDED),
        (1, Grade.EXACT, UNDECIDED),
        (1, Grade.PROOF, UNDECIDED),
    ],
)
def test_numeric_claims_may_leave_one_case_in_twenty_open(undecided, grade, answer):
    outcomes = [H] * (20 - undecided) + [U] * undecided
    claim = dataclasses.replace(answering(*outcomes, grade=grade), cases=tuple(map(Number, range(20))))
    assert verify(claim).answer == answer


def test_a_case_counts_once():
    assert verify(toy(cases=(Number(1), Number(1), Number(6)))).counts["holds"] == 2


def test_undecided_arithmetic_is_an_answer_and_no_pass():
    def check(case, law):
        raise Undecided("the ball contains zero")

    result = verify(toy(check=check, false_laws={"same": 10}))
    assert result.counts["undecided"] == 10 and result.answer == UNDECIDED
    assert len(result.powers) == 1  # the false law is not rejected either
    assert verify(toy(check=check), case=Number(0)).answer == UNDECIDED
    assert verify(toy(check=check), case=Number(0)).evidence == "none"


def test_hypotheses_are_tested_before_the_check():
    never = Hypothesis("even", "n is even", lambda case: case.n % 2 == 0)
    open_question = Hypothesis("open", "who knows", lambda case: None, Necessity.UNKNOWN)
    claim = toy(hypotheses=(never,), counterexamples=(Counterexample("even", Number(11), ""),), cases=TEN[:4])
    assert verify(claim).counts == {"holds": 2, "fails": 0, "undecided": 0, "outside": 2}
    assert verify(toy(hypotheses=(open_question,)), case=Number(1)).counts["undecided"] == 1


def test_no_case_at_all_is_no_evidence():
    from hypothesis import strategies as st

    nothing = toy(cases=lambda: st.builds(Number, st.integers()).filter(lambda case: False))
    assert not verify(nothing).passed


def test_a_check_that_raises_fails_and_says_why():
    result = verify(toy(check=lambda case, law: verdict(1 // (5 - case.n) < law)))
    assert result.answer == FAILS and "ZeroDivisionError" in result.detail and result.case == {"n": 5}


def test_a_check_that_changes_its_mind_fails():
    toss = itertools.count()
    claim = toy(cases=integers, check=lambda case, law: verdict(next(toss) != 3 if law == 10 else False))
    result = verify(claim)
    assert result.answer == FAILS and "repeat" in result.detail


# -- the power of checks -----------------------------------------------------------------------------------------------


def test_a_false_law_that_survives_fails_the_claim():
    result = verify(toy(false_laws={"below 5": 5, "below 20": 20}))
    assert result.answer == FAILS and result.powers == ("false law not rejected: below 20",)


def test_a_check_that_ignores_its_law_is_found_out():
    assert not verify(toy(check=lambda case, law: verdict(True))).passed


def test_a_crash_is_no_rejection():
    result = verify(toy(false_laws={"a word": "five"}))
    assert result.answer == FAILS and "TypeError" in result.powers[0]


EVEN = Hypothesis("even", "n is even", lambda case: case.n % 2 == 0)
SMALL = Hypothesis("small", "n < 10", lambda case: case.n < 10)


def with_counterexample(case, hypotheses=(EVEN, SMALL), **changes):
    others = tuple(Counterexample(h.name, Number(12), "") for h in hypotheses[1:])
    examples = (Counterexample("even", case, ""), *others)
    law = {"check": lambda case, law: verdict(case.n % 2 == 0 and case.n < law)}
    return toy(hypotheses=hypotheses, counterexamples=examples, **{**law, **changes})


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        (Number(7), None),
        (Number(13), "hypothesis small is False there"),
        (Number(4), "hypothesis even is True there"),
    ],
)
def test_a_counterexample_breaks_exactly_its_hypothesis(case, problem):
    result = verify(with_counterexample(case))
    assert result.passed is (problem is None)
    assert [p.split(": ")[1] for p in result.powers] == ([] if problem is None else [problem])


def test_a_counterexample_at_which_the_law_holds_is_none():
    claim = with_counterexample(Number(7), check=lambda case, law: verdict(case.n < law))
    assert verify(claim).powers == ("counterexample to dropping even: the law holds there",)


def test_a_counterexample_that_crashes_the_check_is_none():
    claim = with_counterexample(Number(7), check=lambda case, law: verdict(1 / (case.n - 7) < case.n < law))
    assert "ZeroDivisionError" in verify(claim).powers[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hypotheses": (EVEN,)}, "'even' needs a counterexample"),
        ({"hypotheses": (dataclasses.replace(EVEN, necessity=Necessity.TECHNICAL),)}, "needs its reason"),
        ({"counterexamples": (Counterexample("odd", Number(1), ""),)}, "no hypothesis"),
        ({"false_laws": {}}, "at least one false law"),
        ({"hypotheses": (SMALL, SMALL)}, "names must differ"),
        ({"status": Status.ERRATUM}, "an erratum needs its witness"),
    ],
)
def test_incomplete_claims_are_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        toy(**changes)


def test_marked_hypotheses_need_no_counterexample():
    unknown = dataclasses.replace(EVEN, necessity=Necessity.UNKNOWN)
    technical = dataclasses.replace(SMALL, necessity=Necessity.TECHNICAL, reason="see toy.below")
    assert verify(toy(hypotheses=(unknown, technical))).passed


# -- errata ------------------------------------------------------------------------------------------------------------


def misprint(**changes):
    values = {
        "statement": "Printed: n < 5",
        "source": "own derivation",
        "corrects": toy(),
        "printed": 5,
        "witness": Number(7),
    }
    return erratum("toy.misprint", "Not below five", **{**values, **changes})


def test_an_erratum_is_refuted_as_printed():
    result = verify(misprint())
    assert (result.answer, result.corrected_by, result.scope) == (REFUTED, "toy.below", "this witness")
    assert result.passed


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"witness": Number(3)}, "the printed law holds on the witness"),
        ({"witness": Number(12)}, "the corrected law fails there too"),
        ({"hypotheses": (EVEN,)}, "the witness is outside the printed hypotheses"),
        ({"printed": "five"}, "the check crashed instead of refuting"),
    ],
)
def test_an_erratum_that_does_not_refute_fails(changes, why):
    assert verify(misprint(**changes)).answer == FAILS, why


def test_a_witness_outside_the_corrected_hypotheses_is_fine():
    corrected = with_counterexample(Number(7), false_laws={"below 5": 5, "below 2": 2})
    assert verify(misprint(corrects=corrected, printed=10, witness=Number(7))).answer == REFUTED


def test_cited_claims_are_not_run():
    result = verify(toy(status=Status.CITED, check=None, false_laws={}))
    assert (result.answer, result.evidence, result.passed) == (CITED, "cited", True)


# -- grades and scopes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "grade", "evidence"),
    [
        ({}, Grade.PROOF, "proof, these sizes (10)"),
        ({}, Grade.EXACT, "exact, sampled (10)"),
        ({"exhaustive": True}, Grade.EXACT, "exact, exhausted (10)"),
        ({"proof": "By counting."}, Grade.PROOF, "proof, all"),
        ({"proof": "Trust me."}, Grade.EXACT, "exact, sampled (10)"),
        ({"sizes": "n <= 10"}, Grade.PROOF, "proof, these sizes (n <= 10)"),
        ({"cases": TEN[7:8]}, Grade.CERTIFIED, "certified, this witness"),
    ],
)
def test_evidence_is_computed_from_the_run(changes, grade, evidence):
    claim = toy(check=lambda case, law: verdict(case.n < law, grade), **changes)
    assert verify(claim).evidence == evidence


def test_drawn_cases_are_sampled_however_exact():
    claim = toy(cases=integers, law=2000)
    assert verify(claim, max_examples=30).scope == f"sampled ({verify(claim, max_examples=30).counts['holds']})"


def test_the_weakest_grade_and_the_smallest_margin_count():
    def check(case, law):
        return verdict(case.n < law, Grade.NUMERIC if case.n == 3 else Grade.PROOF, margin=law - case.n)

    result = verify(toy(check=check))
    assert (result.grade, result.margin) == (Grade.NUMERIC, 1)


# -- cases and seeds ---------------------------------------------------------------------------------------------------


def test_failures_shrink_to_the_smallest_case_and_run_again():
    claim = toy(cases=integers)
    result = verify(claim)
    assert result.answer == FAILS and result.case == {"n": 10} and result.detail == "n = 10"
    again = verify(claim, case=result.case)
    assert (again.answer, again.case, sum(again.counts.values())) == (FAILS, result.case, 1)


def test_cases_with_wrong_keys_are_refused():
    with pytest.raises(ValueError, match="Number: needs the keys n, got m"):
        verify(toy(), case={"m": 3})


def test_runs_are_seeded_by_the_id():
    def drawn(claim, **options):
        seen = []
        verify(dataclasses.replace(claim, check=lambda case, law: seen.append(case) or verdict(True)), **options)
        return seen

    claim = toy(cases=integers)
    random.seed(1)
    first = drawn(claim)
    random.seed(2)
    assert drawn(claim) == first
    assert drawn(claim, seed=1) != first
    assert drawn(dataclasses.replace(claim, id="toy.other")) != first
    assert seed_of("toy.below") != seed_of("toy.other")


def test_examples_run_before_what_is_drawn():
    claim = toy(cases=integers, law=2000, examples=(Number(1999),), false_laws={"below 1999": 1999})
    assert verify(claim, max_examples=5).passed
    assert not verify(dataclasses.replace(claim, examples=()), max_examples=5).passed


def test_nothing_is_left_in_the_working_directory(tmp_path, monkeypatch):
    from hypothesis import configuration

    def home():
        return vars(configuration)["__hypothesis_home_directory"]

    monkeypatch.chdir(tmp_path)
    before, during = home(), set()
    verify(toy(cases=integers, check=lambda case, law: during.add(home()) or verdict(case.n < law)))
    assert list(tmp_path.iterdir()) == [] and home() == before
    assert before not in during and not any(folder.exists() for folder in during)


# -- statistics --------------------------------------------------------------------------------------------------------


def test_statistical_claims_share_the_false_alarms_of_a_run(monkeypatch):
    from theory.claims import registry as home
    from theory.claims.registry import Registry

    seen = []

    def check(case, law):
        seen.append(case)
        return verdict(law, Grade.STATISTICAL)

    sample = {"case_type": SampleCase, "cases": Sample(1000)}
    first = toy(id="toy.first", law=True, check=check, false_laws={"no": False}, **sample)
    second = dataclasses.replace(first, id="toy.second")
    monkeypatch.setitem(home._loaded, "registry", Registry([first, second, toy()]))
    result = verify("toy.first")
    assert result.passed and result.evidence == "statistical, sampled (1000)"
    assert seen[0] == SampleCase(1000, seed_of("toy.first"), engine.FALSE_ALARMS_PER_RUN / 2)
    verify(first, alarm=engine.FALSE_ALARMS_PER_RUN)
    assert seen[-1].alarm == engine.FALSE_ALARMS_PER_RUN
    assert verify(first, case=seen[0].to_json()).passed


def test_results_are_plain_data():
    import json

    result = verify(toy(cases=integers))
    values = json.loads(json.dumps(result.to_json()))
    assert values["case"] == {"n": 10} and values["passed"] is False and values["answer"] == FAILS
