"""Ranges of coordinates, up to the ends of the floats."""

import pytest

from theory.slices.spans import span


@pytest.mark.parametrize(
    "words, text",
    [
        ("low:high:count", "1e-99999999:1:3"),
        ("low:high:count", "9" * 5000 + ":1:2"),
        ("low:high:count", "\u0661:\u0662:\u0663"),
        ("range of floats", "1e999:2e999:3"),
        ("range of floats", "0:1e400:3"),
        ("range of floats", "-1e400:0:3"),
        ("coincide as floats", "1:1.0000000000000001:60"),
        ("coincide as floats", "0:5e-324:3"),
    ],
)
def test_ranges_beyond_floats_are_refused(words, text):
    with pytest.raises(ValueError, match=words) as caught:
        span(text, "x")
    assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


def test_a_range_whose_width_overflows_is_even():
    x = span("-1e308:1e308:5", "x")
    assert list(x) == [-1e308, -5e307, 0, 5e307, 1e308]
    assert (2.0**1000 * span("-8:8:9", "x") == span(f"-{2**1003}:{2**1003}:9", "x")).all()
    assert list(span("0:5e-324:3", "x", exact=True) * 2 * 10**324) == [0, 5, 10]
