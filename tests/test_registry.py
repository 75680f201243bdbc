"""Generic tests over the book: every claim passes, has power, cites a source, and is listed in the README."""

import re
from pathlib import Path

import pytest

from theory.claims import ideal_result
from theory.claims.claim import Outcome, Sample, Status
from theory.claims.engine import CITED, HOLDS, REFUTED
from theory.claims.registry import Registry, registry
from theory.claims.sweep import sweep
from theory.cli import listing
from theory.io.bibliography import OWN, bibliography, citation, entries

ROOT = Path(__file__).parents[1]
EXPECTED = {Status.ERRATUM: REFUTED, Status.CITED: CITED}

every_claim = pytest.mark.parametrize("claim", registry.values(), ids=list(registry))


@every_claim
def test_claim_passes_and_its_check_has_power(claim, result_of):
    result = result_of(claim.id)
    assert result.powers == (), f"{claim.id}: {result.powers}"
    assert result.answer == EXPECTED.get(claim.status, HOLDS), f"{result.detail}; case {result.case}"


@every_claim
def test_the_fixed_cases_alone_reject_every_false_law(claim):
    """No seed decides whether a false law survives; an exception is no rejection."""
    cases = claim.cases if isinstance(claim.cases, tuple) else claim.examples
    if claim.status in (Status.ERRATUM, Status.CITED) or isinstance(claim.cases, Sample):
        return
    for note, law in claim.false_laws.items():
        rejected = sweep(claim, law, cases, 1, 0)
        assert rejected.failed and not rejected.crashed, f"{claim.id}: {note}"


@every_claim
def test_counterexamples_break_their_hypothesis_alone(claim):
    """Once more without the engine."""
    for example in claim.counterexamples:
        broken = [h.name for h in claim.hypotheses if not h.predicate(example.case)]
        assert broken == [example.drops]
        assert claim.check(example.case, claim.law).outcome is Outcome.FAILS


@every_claim
def test_errata_meet_their_printed_hypotheses_and_fail(claim):
    if claim.status is not Status.ERRATUM:
        assert claim.witness is None and not claim.corrected_by
        return
    assert all(h.predicate(claim.witness) for h in claim.hypotheses)
    assert claim.check(claim.witness, claim.law).outcome is Outcome.FAILS
    true = registry[claim.corrected_by]
    if all(h.predicate(claim.witness) for h in true.hypotheses):
        assert true.check(claim.witness, true.law).outcome is Outcome.HOLDS


@every_claim
def test_cases_survive_json(claim):
    stored = [c.case for c in claim.counterexamples] + list(claim.examples)
    stored += claim.cases if isinstance(claim.cases, tuple) else ()  # the witness of an erratum is its only case
    for case in stored:
        assert claim.case_type.from_json(case.to_json()) == case


@every_claim
def test_claim_reads_well(claim):
    assert re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", claim.id)
    assert claim.statement.count("$") % 2 == 0 and claim.statement.rstrip()[-1] in ".)"
    assert claim.title and not claim.title.endswith(".")


def keys(source):
    """The keys of a source "key, locator; key, locator"; own derivations have none."""
    return [part.split(",")[0].strip() for part in source.split(";") if OWN not in part]


@every_claim
def test_sources_resolve(claim):
    assert claim.source
    for key in keys(claim.source):
        assert key in bibliography(), f"{claim.id}: {key} is not in references.bib"
    assert not keys(claim.source)[:1] or citation(claim.source)


def unresolved(text):
    """Lines "Source: key, locator" whose key is not in the bibliography."""
    cited = re.findall(r"Source: (.+)", text)
    return [line for line in cited if OWN not in line and re.split(r"[,;. ]", line)[0] not in bibliography()]


def test_sources_of_docstrings_resolve():
    planted = "Source: nobody1900, page 3.\nSource: own derivation.\nSource: golikov2019, part 1"
    assert unresolved(planted) == ["nobody1900, page 3."]
    for path in sorted((ROOT / "theory").rglob("*.py")):
        assert not unresolved(path.read_text(encoding="utf-8")), path


@every_claim
def test_figures_and_exercises_exist(claim):
    from theory.exercises import all_exercises

    for name in claim.figures:
        assert (ROOT / "paper_figures" / f"{name}.py").is_file(), name
    assert set(claim.exercises) <= set(all_exercises())


def test_the_ideal_result_cites_claims_that_pass_and_stands_in_the_readme(result_of):
    halves = [half for row in ideal_result.TABLE for half in (row.strict, row.minima) if half]
    assert len(halves) >= 14 and {half.holds for half in halves} == {True, False}
    assert all(result_of(half.claim).answer == HOLDS for half in halves)
    document = (ROOT / "README.md").read_text(encoding="utf-8")
    assert listing.replaced(document, ideal_result.markdown(), listing.IDEAL) == document


def test_readme_table_is_current(result_of):
    document = (ROOT / "README.md").read_text(encoding="utf-8")
    table = listing.markdown(list(registry.values()), {i: result_of(i) for i in registry})
    assert listing.replaced(document, table) == document, "run: landscapes list --markdown --into README.md"


# -- the registry itself -----------------------------------------------------------------------------------------------


def test_claims_come_after_what_they_use():
    seen = set()
    for claim_id, claim in registry.items():
        assert claim.id == claim_id and set(claim.uses) <= seen
        seen.add(claim_id)


def copies(**uses):
    """Copies of one claim under other ids, with the stated uses."""
    from dataclasses import replace

    model = next(c for c in registry.values() if c.status is Status.THEOREM)
    return [replace(model, id=name, uses=tuple(used)) for name, used in uses.items()]


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        (copies(a=["b"], b=["c"], c=["a"]), "in a circle"),
        (copies(a=["nowhere"]), "nowhere, which is no claim"),
        (copies(a=[]) + copies(a=[]), "occurs twice"),
    ],
)
def test_registry_refuses(claims, says):
    with pytest.raises(ValueError, match=says):
        Registry(claims)


def test_selection():
    book = Registry(copies(a=["c"], b=[], c=[]))
    assert list(book) == ["c", "a", "b"]
    assert [c.id for c in book.select(["[ab]"])] == ["a", "b"]
    assert book.select(source="no such source") == []
    assert len(book.select(status="theorem")) == 3 and book.select(status="erratum") == []
    with pytest.raises(LookupError, match="no claim 'd'"):
        book.select(["a", "d"])
    assert list(book.with_claims(copies(e=["b"]))) == ["c", "a", "b", "e"]


def test_bibliography_is_read():
    text = "@book{one2000,\n  title = {On {L}andscapes},\n  year = {2000},\n}\n\n@misc{two,\n  note = {x},\n}\n"
    assert entries(text) == {"one2000": {"title": "On {L}andscapes", "year": "2000"}, "two": {"note": "x"}}
    with pytest.raises(ValueError, match="one2000"):
        entries(text + text)
