"""A small byte-level BPE tokenizer for the demonstration model.

Byte-level, so that any question can be encoded; `<` and `>` stay single tokens because nothing is merged
across them. The end-of-text token has id 0 (pad); the special tokens of the template follow at the end.
"""

from collections.abc import Iterable

import numpy as np
from tokenizers import Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from tokenizers.trainers import BpeTrainer

from engine.data.plain_language import PAIRS, REPEATED_WORDS, SENTENCES, repeat_pair
from engine.data.templates import JUDGED, NORMAL, NOT_JUDGED, PREDICATES, worded
from engine.lm.prompt import GENERATE_INSTRUCTIONS, INTRO, REPORT_INSTRUCTIONS
from engine.lm.vocabulary import Vocabulary
from engine.vqa.wordings import TRAINING_QUESTIONS

END_OF_TEXT = "<|endoftext|>"


def template_texts() -> list[str]:
    """Give what every prompt is made of, beside its own texts, and the English sentences."""
    context = [f"View: {view}. Age: {age} years." for view in ("PA", "AP") for age in ("40 to 59", "60")]
    texts = [INTRO, "Input:", *REPORT_INSTRUCTIONS, *GENERATE_INSTRUCTIONS, *SENTENCES, *context]
    # A blank line closes every part and every answer, and is one token.
    return [f"{text}\n\n" for text in texts]


def corpus() -> list[str]:
    """Collect all wordings that training uses, and the English sentences, as the tokenizer's texts."""
    random = np.random.default_rng(0)
    texts = [INTRO, "Input:", *REPORT_INSTRUCTIONS, *GENERATE_INSTRUCTIONS, *NORMAL, *SENTENCES]
    for _ in range(60):
        count = int(random.integers(1, len(JUDGED) + 1))
        texts.append(worded(random.choice(JUDGED, size=count, replace=False), str(random.choice(PREDICATES))))
    texts += [f"{worded(JUDGED)} {worded(JUDGED, PREDICATES[1])}"] * 4
    for wordings in TRAINING_QUESTIONS.values():
        texts += [asked.question for asked in wordings[:: max(1, len(wordings) // 16)]]
    texts += [f"Yes, there is {name.lower()}. No, there is no {name.lower()}." for name in JUDGED] * 4
    texts += list(NOT_JUDGED)
    texts += ["Yes, the film is abnormal. No, the film is normal."] * 4
    texts += [f"{question} {answer}" for question, answer in PAIRS]
    texts += [" ".join(repeat_pair(word)) for word in REPEATED_WORDS]
    # A blank line closes every answer and is one token.
    texts += [f"{text}\n\n" for text in NORMAL] * 4
    return texts


def train_tokenizer(size: int = 1500, texts: Iterable[str] | None = None) -> Tokenizer:
    """Train the tokenizer on `corpus`, or on `texts` beside the template's own words and plain English.

    `size` bounds its tokens without the template's special ones.
    """
    tokenizer = Tokenizer(BPE())
    # Digits stand alone, so that any number is read the same way.
    digits = Split(Regex(r"\d"), "isolated")
    tokenizer.pre_tokenizer = Sequence([digits, ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        show_progress=False,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(corpus() if texts is None else [*texts, *template_texts()], trainer)
    Vocabulary(tokenizer)  # appends the template's special tokens to the same object
    tokenizer.encode_special_tokens = False
    return tokenizer
