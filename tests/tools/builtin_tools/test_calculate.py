"""calculate computes arithmetic, exactly where it can, and never anything else."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.tools.builtin_tools.conftest import Use
from tools_app.builtin_tools.calculate import CannotCalculate, evaluate, written


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1+1", "2"),
        (" 2 * (3 + 4) ", "14"),
        ("2\n+ 3", "5"),
        ("-3 + +4", "1"),
        ("10/4", "2.5"),
        ("6/3", "2"),
        ("7//2", "3"),
        ("-7//2", "-4"),
        ("7%3", "1"),
        ("0.1+0.2", "0.3"),
        ("1499.90 * 1.19", "1784.881"),
        ("2**64 - 1", "18446744073709551615"),
        ("2^3+1", "9"),
        ("2**-1", "0.5"),
        ("2**3**2", "512"),
        ("-2**2", "-4"),
        ("3 × 4 ÷ 2 − 1", "5"),
        ("0x10 + 0b11", "19"),
        ("1e3", "1000"),
        ("1e20", "1e+20"),
        ("1_000*3", "3000"),
        ("123456789012345678901234567890 + 1", "123456789012345678901234567891"),
        ("sqrt(16)", "4"),
        ("sqrt(10**40)", "1" + "0" * 20),
        ("sqrt(2)", "1.4142135623731"),
        ("cbrt(27)", "3"),
        ("cbrt(-8)", "-2"),
        ("abs(-3)", "3"),
        ("round(2.567, 2)", "2.57"),
        ("round(2.5)", "2"),
        ("round(1234, -2)", "1200"),
        ("floor(2.9) + ceil(2.1)", "5"),
        ("min(3, 1, 2) + max(1, 2.5)", "3.5"),
        ("factorial(20)", "2432902008176640000"),
        ("comb(49, 6)", "13983816"),
        ("perm(5, 2)", "20"),
        ("gcd(12, 18) + lcm(4, 6)", "18"),
        ("log(8, 2)", "3"),
        ("ln(e)", "1"),
        ("log10(1000)", "3"),
        ("log2(8)", "3"),
        ("exp(0)", "1"),
        ("sin(0) + cos(0) + tan(0)", "1"),
        ("degrees(pi)", "180"),
        ("atan2(1, 1) * 4 - pi", "0"),
        ("hypot(3, 4)", "5"),
        ("pow(2, 10)", "1024"),
        ("tau / pi", "2"),
        ("sinh(0)+cosh(0)+tanh(0)", "1"),
    ],
)
def test_what_it_computes(use: Use, expression: str, expected: str) -> None:
    found = use("calculate", expression=expression)
    assert found.text == expected
    assert found.data == {"expression": expression, "result": expected}


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("1/0", "Division by zero"),
        ("5 % 0", "Division by zero"),
        ("0**-1", "Division by zero"),
        ("9**9**9", "too large"),
        ("10**10**10**10", "too large"),
        ("(9**999)**9", "too large"),
        ("pow(10, 5000)", "too large"),
        ("1e308*10", "too large"),
        ("1e999", "too large"),
        ("exp(1000)", "too large"),
        ("10**3000 * 10**3000", "too large"),
        ("10**3000 / 3.5", "too large"),
        ("factorial(1001)", "up to 1000"),
        ("factorial(2.5)", "whole numbers"),
        ("factorial(-1)", "not defined"),
        ("comb(10**9, 5)", "up to 1000"),
        ("round(5, -1000000000)", "at most 300"),
        ("round(5, 0.5)", "at most 300"),
        ("(-8)**0.5", "not a real number"),
        ("sqrt(-1)", "not defined"),
        ("log(0)", "not defined"),
        ("asin(2)", "not defined"),
        ("max()", "not defined"),
        ("sqrt(1, 2)", "not defined"),
        ("1,000 * 2", "comma"),
        ("1 < 2", "Comparisons"),
        ("1 if 2 else 3", "Comparisons"),
        ("x + 1", "'x'"),
        ("sum(1)", "'sum'"),
        ("__import__('os')", "__import__"),
        ("'a' * 9", "Only numbers"),
        ("[1][0]", "Only numbers"),
        ("(1).real", "Only numbers"),
        ("pi.__class__", "Only numbers"),
        ("(lambda: 1)()", "Only numbers"),
        ("1j", "Only numbers"),
        ("2 << 9999999999", "Only numbers"),
        ("2 | 1", "Only numbers"),
        ("~1", "Only numbers"),
        ("round(number=1)", "'round'"),
        ("max(*(1, 2))", "Only numbers"),
        ("f'{1}'", "Only numbers"),
        ("(x := 1)", "Only numbers"),
        ("True + 1", "not numbers"),
        ("1 +", "cannot be read|I can read"),
        ("import os", "I can read"),
        ("1; 2", "I can read"),
        ("\x00", "I can read"),
        ("(" * 300 + "1" + ")" * 300, "I can read"),
        ("-" * 900 + "1", "too many parts"),
        ("1" + "+1" * 400, "too many parts"),
        ("9" * 1_001, "longer than"),
    ],
)
def test_what_it_refuses_and_why(expression: str, words: str) -> None:
    began = time.monotonic()
    with pytest.raises(CannotCalculate, match=words):
        evaluate(expression)
    assert time.monotonic() - began < 30


def test_the_longest_result_can_be_written() -> None:
    assert len(written(evaluate("9**999 * 9**999 * 9**999"))) == 2_860


@settings(max_examples=200, deadline=None)
@given(some.text(alphabet="0123456789.+-*/%^() e,ipsqrtloga_", max_size=60))
def test_no_expression_breaks_it(expression: str) -> None:
    with suppress(CannotCalculate):
        assert written(evaluate(expression))


@settings(max_examples=100, deadline=None)
@given(some.integers(-(10**30), 10**30), some.integers(-(10**30), 10**30))
def test_integers_are_exact(left: int, right: int) -> None:
    assert evaluate(f"({left}) * ({right}) - ({right})") == left * right - right
