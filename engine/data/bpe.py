"""A small byte-level BPE tokenizer for the demonstration model.

Byte-level, so that any question can be encoded; `<` and `>` stay single tokens because nothing is merged
across them. The end-of-text token has id 0 (pad); the special tokens of the template follow at the end.
"""

import numpy as np
from tokenizers import Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from tokenizers.trainers import BpeTrainer

from engine.data.plain_language import PAIRS, REPEATED_WORDS, SENTENCES, repeat_pair
from engine.data.questions import NAMES, NORMALITY, OPEN_QUESTIONS, PRESENCE
from engine.data.templates import ABNORMAL, JUDGED, NORMAL, NOT_JUDGED, listed
from engine.lm.prompt import GENERATE_INSTRUCTIONS, INTRO, REPORT_INSTRUCTIONS
from engine.lm.vocabulary import Vocabulary

END_OF_TEXT = "<|endoftext|>"


def corpus() -> list[str]:
    """Collect all wordings that training uses, and the English sentences, as the tokenizer's texts."""
    random = np.random.default_rng(0)
    texts = [INTRO, "Input:", *REPORT_INSTRUCTIONS, *GENERATE_INSTRUCTIONS, *NORMAL, *SENTENCES]
    for _ in range(60):
        count = int(random.integers(1, len(JUDGED) + 1))
        chosen = tuple(name for name in JUDGED if name in random.choice(JUDGED, size=count, replace=False))
        texts.append(str(random.choice(ABNORMAL)).format(findings=listed(chosen, random)))
    texts += [
        pattern.format(finding=name) for pattern in PRESENCE for names in NAMES.values() for name in names
    ]
    texts += [f"Yes, there is {name.lower()}. No, there is no {name.lower()}." for name in JUDGED] * 4
    texts += [question for question, _ in NORMALITY] + list(OPEN_QUESTIONS) + list(NOT_JUDGED)
    texts += ["Yes, the film is abnormal. No, the film is normal."] * 4
    texts += [f"{question} {answer}" for question, answer in PAIRS]
    texts += [" ".join(repeat_pair(word)) for word in REPEATED_WORDS]
    texts += [f"View: {view}. Age: {age} years." for view in ("PA", "AP") for age in ("40 to 59", "60")]
    # A blank line closes every answer and is one token.
    texts += [f"{text}\n\n" for text in NORMAL] * 4
    return texts


def train_tokenizer(size: int = 1500) -> Tokenizer:
    """Train the tokenizer on `corpus`; `size` bounds its tokens without the template's special ones."""
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
    tokenizer.train_from_iterator(corpus(), trainer)
    Vocabulary(tokenizer)  # appends the template's special tokens to the same object
    tokenizer.encode_special_tokens = False
    return tokenizer
