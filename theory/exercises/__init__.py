"""Exercises: stubs, hints, and a grader that uses the theorems themselves."""
