"""calculate: arithmetic by a small evaluator, which reads the expression as a tree and runs nothing."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from tools_app.builtin_tools.base import BuiltinTool
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors.base import ToolResult, Work

MAX_CHARACTERS = 1_000
MAX_NODES = 500
MAX_BITS = 13_000  # somewhat below 4,000 digits, so that every result can be written out
MAX_COUNT = 1_000  # for functions whose work grows with the number itself

DEFINITION = ToolDefinition(
    name="calculate",
    description=(
        "Computes an arithmetic expression exactly. Use it for every calculation instead of computing in "
        "your head. Operators: + - * / // % ** (also ^), parentheses. Constants: pi, e, tau. Functions: abs, "
        "min, max, round, floor, ceil, sqrt, cbrt, exp, ln, log(x, base), log2, log10, sin, cos, tan, asin, "
        "acos, atan, atan2, sinh, cosh, tanh, degrees, radians, hypot, pow, factorial, comb, perm, gcd, lcm. "
        "Angles are in radians."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "expression": {
                "type": "string",
                "description": "For example (1499.90 * 1.19) / 12. No thousands separators, no units.",
                "minLength": 1,
                "maxLength": MAX_CHARACTERS,
            }
        },
        "required": ["expression"],
        "additionalProperties": False,
    },
    category="math",
    examples=(
        {"input": {"expression": "2**64 - 1"}, "output": "18446744073709551615"},
        {"input": {"expression": "round(sqrt(2) * 100, 1)"}, "output": "141.4"},
    ),
)

Number = int | float

_CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}
_SPELLINGS = str.maketrans(
    {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "\n": " ", "\t": " "}
)


class CannotCalculate(ToolFailed):
    """This expression cannot be computed."""

    code = "cannot_calculate"
    status = 400


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    expression = str(arguments["expression"])
    value = evaluate(expression)
    return ToolResult(text=written(value), data={"expression": expression, "result": written(value)})


def evaluate(expression: str) -> Number:
    """Compute an expression; raises CannotCalculate with what is wrong in it."""
    if len(expression) > MAX_CHARACTERS:
        raise CannotCalculate(f"The expression is longer than {MAX_CHARACTERS} characters.")
    try:
        tree = ast.parse(expression.translate(_SPELLINGS).strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as broken:
        raise CannotCalculate("This is not an arithmetic expression I can read.") from broken
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise CannotCalculate("The expression has too many parts.")
    try:
        return _value(tree.body)
    except ZeroDivisionError as broken:
        raise CannotCalculate("Division by zero.") from broken
    except (OverflowError, RecursionError) as broken:
        raise CannotCalculate("The result is too large.") from broken
    except (ValueError, TypeError) as broken:
        raise CannotCalculate(
            f"A function was used with a value it is not defined for: {broken}."
        ) from broken


def written(value: Number) -> str:
    """Integers in full; other numbers with 15 digits, which hides the noise of binary fractions."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value) if isinstance(value, int) else f"{value:.15g}"


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=bool()):
            raise CannotCalculate("True and False are not numbers.")
        case ast.Constant(value=int() | float() as number):
            return _checked(number)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _checked(_UNARY[type(op)](_value(operand)))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _checked(_BINARY[type(op)](_value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _checked(_FUNCTIONS[name](*[_value(argument) for argument in args]))
        case _:
            raise CannotCalculate(_complaint(node))


def _complaint(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
            return f"{name[:40]!r} is not a number, constant or function I know."
        case ast.Tuple():
            return "A comma belongs between the arguments of a function only; write 1000 without a separator."
        case ast.Compare() | ast.BoolOp() | ast.IfExp():
            return "Comparisons are not supported; compute both sides and compare them yourself."
        case _:
            return "Only numbers, + - * / // % **, parentheses and the listed functions can be used."


def _checked(number: Any) -> Number:
    """Stop before a number outgrows what can be written out, or stops being a number."""
    if isinstance(number, int) and number.bit_length() <= MAX_BITS:
        return number
    if isinstance(number, float) and math.isfinite(number):
        return number
    if isinstance(number, complex):
        raise CannotCalculate("The result is not a real number.")
    raise CannotCalculate("The result is too large.")


def _power(base: Number, exponent: Number) -> Number:
    # Judged before it is computed: the work itself would be the damage.
    if (
        isinstance(base, int)
        and isinstance(exponent, int)
        and abs(exponent) * base.bit_length() > 2 * MAX_BITS
    ):
        raise CannotCalculate("The result is too large.")
    result: Number = base**exponent
    return result


def _rounded(number: Number, digits: Number = 0) -> Number:
    if not isinstance(digits, int) or abs(digits) > 300:
        raise CannotCalculate("round takes a whole number of digits, at most 300.")
    return round(number, digits) if digits else round(number)


def _whole(function: Callable[..., int]) -> Callable[..., int]:
    """For functions over whole numbers whose work grows with the number."""

    def limited(*numbers: Number) -> int:
        whole = [int(number) for number in numbers if float(number).is_integer()]
        if len(whole) != len(numbers) or any(abs(number) > MAX_COUNT for number in whole):
            raise CannotCalculate(f"{function.__name__} takes whole numbers up to {MAX_COUNT}.")
        return function(*whole)

    return limited


def _cube_root(number: Number) -> Number:
    """27 gives 3 and not 3.0000000000000004: a whole root is tried first."""
    root = math.copysign(abs(float(number)) ** (1 / 3), number)
    return round(root) if round(root) ** 3 == number else root


def _root(number: Number) -> Number:
    if isinstance(number, int) and number >= 0 and math.isqrt(number) ** 2 == number:
        return math.isqrt(number)
    return math.sqrt(number)


_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "atan2": math.atan2,
    "cbrt": _cube_root,
    "ceil": math.ceil,
    "comb": _whole(math.comb),
    "cos": math.cos,
    "cosh": math.cosh,
    "degrees": math.degrees,
    "exp": math.exp,
    "factorial": _whole(math.factorial),
    "floor": math.floor,
    "gcd": math.gcd,
    "hypot": math.hypot,
    "lcm": math.lcm,
    "ln": math.log,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "max": max,
    "min": min,
    "perm": _whole(math.perm),
    "pow": _power,
    "radians": math.radians,
    "round": _rounded,
    "sin": math.sin,
    "sinh": math.sinh,
    "sqrt": _root,
    "tan": math.tan,
    "tanh": math.tanh,
}

TOOL = BuiltinTool(definition=DEFINITION, run=run, icon="🧮", idempotent=True, tags=("math",))
