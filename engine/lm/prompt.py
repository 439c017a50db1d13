"""The prompts of the four tasks as token ids, in the paper's (Alpaca/Dolly) template.

Parts are separated by one blank line; the intro is the same with and without input; an image is `<`, 256
image tokens, `>` on the line below `Input:` (paper section 2.3 and appendix; id vectors of the published
code). Special tokens are placed by id, so text that a person typed can't close a prompt or inject an image.
"""

from collections.abc import Sequence

from engine.errors import PromptError
from engine.lm.vocabulary import CODES_PER_IMAGE, Vocabulary

INTRO = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)

REPORT_INSTRUCTIONS = (
    "Write the radiology report that belongs to the given chest X-ray.",
    "Read the chest X-ray below and state the impression.",
    "What would a radiologist report for this chest radiograph?",
    "Describe the given chest X-ray in the form of a short report.",
    "Give the impression of the chest film that was entered.",
    "Compose a radiology report for the chest radiograph below.",
    "Report this chest X-ray in free text.",
    "Summarise the findings of the entered chest film as an impression.",
    "Study the chest radiograph and word its report.",
    "Put into words what the given chest X-ray shows.",
)

GENERATE_INSTRUCTIONS = (
    "Draw the chest X-ray that the radiology report below describes.",
    "Create a chest film that agrees with the given report.",
    "Make a chest radiograph from the report that was entered.",
    "Show a chest X-ray for which this report could have been written.",
    "Turn the radiology report below into a chest X-ray image.",
    "Produce the chest radiograph that fits the entered report.",
    "Render a chest film with the findings of the given report.",
    "Generate an image of the chest that matches the report below.",
    "Picture the chest X-ray to which the entered report belongs.",
    "Build a chest X-ray image in keeping with the given report.",
)

Codes = Sequence[int]


def report_prompt(
    vocabulary: Vocabulary, codes: Codes, instruction: str, context: str | None = None
) -> list[int]:
    """Ask for the report of a film given as 256 codes; `context` (view, age) stands above the image."""
    return _prompt(vocabulary, instruction, [*_context(context), codes])


def answer_prompt(
    vocabulary: Vocabulary, question: str, codes: Codes, context: str | None = None
) -> list[int]:
    """Ask a question about a film given as 256 codes: the question is the instruction (paper section 2.3)."""
    return _prompt(vocabulary, question, [*_context(context), codes])


def generate_prompt(vocabulary: Vocabulary, report_text: str | None, instruction: str) -> list[int]:
    """Ask for the film that a report describes, or for any film where there is no report (None)."""
    parts = [] if report_text is None else [_text(report_text, "report text")]
    return _prompt(vocabulary, instruction, parts)


def instruct_prompt(vocabulary: Vocabulary, instruction: str, input: str | None = None) -> list[int]:
    """Ask in plain language without an image; the `Input:` part is left out where there is none."""
    return _prompt(vocabulary, instruction, [_text(input, "input")] if input else [])


def text_target(vocabulary: Vocabulary, text: str) -> list[int]:
    """Give the ids of a text answer: the text, a blank line, the end key."""
    return [*vocabulary.encode(_text(text, "answer") + "\n\n"), vocabulary.end]


def image_target(vocabulary: Vocabulary, codes: Codes) -> list[int]:
    """Give the ids of an image answer: `<`, 256 image tokens, `>`, a blank line, the end key (260 ids)."""
    return [*_image(vocabulary, codes), *vocabulary.encode("\n\n"), vocabulary.end]


def _prompt(vocabulary: Vocabulary, instruction: str, parts: Sequence[str | Codes]) -> list[int]:
    before = f"\n{_text(instruction, 'instruction')}\n\n"
    ids = [*vocabulary.encode(INTRO + "\n\n"), vocabulary.instruction]
    if not parts:
        ids += vocabulary.encode(before)
        return [*ids, vocabulary.response]
    pending = before + "Input:\n"
    for part in parts:
        if isinstance(part, str):
            pending += part
            continue
        ids += [*vocabulary.encode(pending), *_image(vocabulary, part)]
        pending = ""
    ids += vocabulary.encode(pending + "\n\n")
    return [*ids, vocabulary.response]


def _image(vocabulary: Vocabulary, codes: Codes) -> list[int]:
    if len(codes) != CODES_PER_IMAGE:
        raise PromptError(
            f"A film has {CODES_PER_IMAGE} codes, {len(codes)} were given. Encode the film with the "
            "tokenizer of the same bundle."
        )
    return [vocabulary.less_than, *vocabulary.codes_to_ids(codes), vocabulary.greater_than]


def _context(context: str | None) -> list[str]:
    return [_text(context, "context") + "\n"] if context else []


def _text(text: str, what: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise PromptError(f"The {what} is empty. Give at least one word.")
    return stripped
