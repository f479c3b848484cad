"""Runs too long for a chapter, each with its stored result: `python -m experiments`."""
