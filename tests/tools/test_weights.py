"""The weight of a definition: grows with what is shown, follows the published ratios, and is never a guess of zero."""

import pytest

from tools_app import builtin_tools
from tools_app.definition import ToolDefinition
from tools_app.schema import weights

PROSE = (
    "Reads a text file beneath the folders opened for this installation and returns what it says. Use it for notes, "
    "programs and tables; it does not read pictures. Long files are returned in parts, so ask for the next one."
)


def _tool(description: str = "Tells the time.", **properties: object) -> ToolDefinition:
    return ToolDefinition("clock", description, {"type": "object", "properties": properties})


@pytest.mark.parametrize(
    ("text", "few", "many"),
    [
        (PROSE, 3.5, 4.5),
        ('{"type":"object","properties":{"path":{"type":"string","maxLength":1024}}}', 2.3, 3.6),
        ("Прочитай файл и расскажи, что в нём написано", 1.0, 2.2),
        ("读取文件并返回其中的内容", 0.6, 1.2),
    ],
    ids=["prose", "schema", "cyrillic", "chinese"],
)
def test_characters_for_each_token_lie_where_published_ratios_do(text: str, few: float, many: float) -> None:
    assert few <= len(text) / weights.of_text(text) <= many


def test_nothing_weighs_nothing_and_an_empty_tool_still_costs_its_frame() -> None:
    assert weights.of_text("") == 0
    assert weights.of(ToolDefinition("a", "", {})) > weights.EACH


def test_a_longer_description_and_another_parameter_weigh_more() -> None:
    plain = weights.of(_tool())
    assert weights.of(_tool(PROSE)) > plain
    assert weights.of(_tool(city={"type": "string", "description": "Where."})) > plain


def test_notes_of_the_house_are_not_sent_and_not_counted() -> None:
    bare, noted = _tool(path={"type": "string"}), _tool(path={"type": "string", "x-kind": "path"})
    assert weights.of(noted) == weights.of(bare)


def test_a_set_weighs_what_its_tools_weigh() -> None:
    definitions = [tool.definition for tool in builtin_tools.everything()]
    assert weights.total(definitions) == sum(weights.of(each) for each in definitions)
    assert all(40 < weights.of(each) < 1500 for each in definitions)


@pytest.mark.parametrize("text", ["\x00" * 10, "a" * 10_000_000, "\ud800", "{" * 100_000, "😀" * 50])
def test_odd_texts_are_counted_too(text: str) -> None:
    assert weights.of_text(text) >= 0


@pytest.mark.parametrize(
    ("tokens", "context", "share"), [(0, 100, 0), (50, 100, 0.5), (300, 100, 1), (5, 0, 1)]
)
def test_the_share_of_a_context_stays_between_nothing_and_all(
    tokens: int, context: int, share: float
) -> None:
    assert weights.share(tokens, context) == share
