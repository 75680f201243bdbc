"""The battery passes every model of the book, rejects every planted fault, and serves a user's own model."""

import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import planted
import pytest

from theory import models
from theory.checks import CHECKS, Status, check_model

BY_NAME = {check.__name__.removeprefix("check_"): check for check in CHECKS}


def instances():
    for name, home in models._HOME.items():
        if importlib.util.find_spec(f"theory.models.{home}") is not None:
            for label, model in getattr(models, name).instances():
                yield pytest.param(model, id=f"{name}: {label}")


def label(value):
    return value if isinstance(value, str) else type(value).__name__


@pytest.mark.parametrize("model", list(instances()))
def test_models_pass(model):
    check_model(model).require()


@pytest.mark.parametrize("model", planted.RIGHT, ids=label)
def test_models_without_a_fault_pass(model):
    check_model(model).require()


@pytest.mark.parametrize(("name", "model"), planted.PLANTED, ids=label)
def test_planted_faults_are_rejected(name, model):
    outcome = BY_NAME[name](model)
    assert outcome.status is Status.FAILED, str(outcome)
    assert "\n" not in outcome.detail and outcome.detail


def test_every_check_has_a_planted_fault():
    assert {name for name, _ in planted.PLANTED} == set(BY_NAME)


def test_every_check_applies_to_some_model():
    applied = {o.check for model in planted.RIGHT for o in check_model(model).passed}
    assert applied == set(BY_NAME)


class Bowl:
    """A user's model that has only dim and loss."""

    dim = 2

    def loss(self, theta):
        return (np.asarray(theta) ** 4).sum(-1)


class BowlWithGradient(Bowl):
    def gradient(self, theta):
        return 4 * np.asarray(theta) ** 3


class FloatsOnly(Bowl):
    def loss(self, theta):
        return np.cosh(theta).sum(-1)


@pytest.mark.parametrize("model", [Bowl(), BowlWithGradient(), FloatsOnly()], ids=label)
def test_a_users_model_passes_and_hears_what_else_can_be_checked(model):
    report = check_model(model).require()
    offered = {o.check: o.detail for o in report.not_applicable}
    assert offered["hessian"] == ("needs hessian" if hasattr(model, "gradient") else "needs gradient, hessian")
    assert "traits" in offered["samples"] and "layout" in offered["layout"]
    assert ("gradient" in offered) == (not hasattr(model, "gradient"))


def test_the_example_in_contributing_runs_and_prints_what_it_says(capsys):
    text = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text()
    code, printed = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL)[1] for kind in ("python", "text"))
    exec(compile(code, "CONTRIBUTING.md", "exec"), {"__name__": "contributing"})
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in printed.splitlines() if line != "..."] == [lines[0], lines[1], lines[2], lines[11]]


def test_a_users_wrong_gradient_is_rejected():
    wrong = SimpleNamespace(dim=2, loss=Bowl().loss, gradient=lambda theta: 3 * np.asarray(theta) ** 3)
    report = check_model(wrong)
    assert [o.check for o in report.failed] == ["gradient"]
    with pytest.raises(AssertionError, match=r"failed +gradient +gradient: .* entries differ from differences"):
        report.require()


def test_the_report_reads_as_a_table():
    report = check_model(BowlWithGradient())
    lines = str(report).splitlines()
    counts = f"{len(report.passed)} passed, 0 failed, {len(report.not_applicable)} not applicable"
    assert lines[0] == f"BowlWithGradient: {counts}"
    assert len(lines) == 1 + len(CHECKS)
    assert [o.check for o in report.outcomes] == list(BY_NAME)


def test_the_same_seed_gives_the_same_report():
    assert str(check_model(BowlWithGradient(), seed=3)) == str(check_model(BowlWithGradient(), seed=3))


def test_a_model_that_raises_has_failed():
    class Raises(Bowl):
        def gradient(self, theta):
            raise ZeroDivisionError("no gradient today")

    outcome = BY_NAME["gradient"](Raises())
    assert outcome.status is Status.FAILED and outcome.detail == "ZeroDivisionError: no gradient today"


@pytest.mark.parametrize("thing", [Bowl, 3, SimpleNamespace(dim=2), SimpleNamespace(loss=len)], ids=repr)
def test_what_is_no_landscape_is_refused(thing):
    with pytest.raises(TypeError, match="check_model: needs a landscape with dim and loss, got"):
        check_model(thing)


def test_a_loss_of_single_points_is_told_the_array_rule():
    class Single:
        dim = 2

        def loss(self, theta):
            return float((theta[0] - 1) ** 2 + theta[1] ** 2)

    [shapes] = [outcome for outcome in check_model(Single()).failed if outcome.check == "shapes"]
    assert "theta of shape" in shapes.detail and "must give (3,)" in shapes.detail


def test_a_loss_that_is_nan_is_told_where():
    class Nowhere:
        dim = 2

        def loss(self, theta):
            return np.asarray(theta, float).sum(-1) * np.nan

    [shapes] = [outcome for outcome in check_model(Nowhere()).failed if outcome.check == "shapes"]
    assert "must be finite" in shapes.detail and "theta = [" in shapes.detail
