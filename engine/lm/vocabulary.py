"""Text and image tokens in one id space, as LLM-CXR lays it out.

The ids 0 to text_size - 1 belong to the byte-pair tokenizer and its special tokens; image code c has the id
text_size + c (paper appendix B; the code's 50281 + c for dolly-v2-3b). Image tokens have no string form, so
decoding drops them. This module knows neither prompts nor networks.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import AddedToken, Tokenizer

from engine.errors import VocabularyError

END = "### End"
INSTRUCTION = "### Instruction:"
RESPONSE_WITHOUT_NEWLINE = "### Response:"
RESPONSE = "### Response:\n"

# The order gives dolly-v2-3b's ids 50277 to 50279 and LLM-CXR's 50280 on top of the GPT-NeoX-20B file.
SPECIALS = (END, INSTRUCTION, RESPONSE_WITHOUT_NEWLINE, RESPONSE)

CODES = 1024
CODES_PER_IMAGE = 256


class Vocabulary:
    """The joint vocabulary over a byte-level BPE tokenizer and 1,024 image codes."""

    def __init__(self, tokenizer: Tokenizer, codes: int = CODES) -> None:
        """Append the special tokens that the tokenizer lacks and look their ids up.

        Raises VocabularyError where `<` or `>` isn't one token, since the image is spliced between them.
        """
        missing = [text for text in SPECIALS if tokenizer.token_to_id(text) is None]
        tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in missing])
        # What a person types must never become a special token; the prompt builder places those by id.
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        self.codes = codes
        self.text_size: int = tokenizer.get_vocab_size(with_added_tokens=True)
        self.image_offset = self.text_size
        self.size = self.text_size + codes
        self.pad = 0
        self.end = self._single(END)
        self.instruction = self._single(INSTRUCTION)
        self.response = self._single(RESPONSE)
        self.less_than = self._single("<")
        self.greater_than = self._single(">")

    @classmethod
    def from_file(cls, path: str | Path, codes: int = CODES) -> "Vocabulary":
        """Read a `tokenizer.json`; raise VocabularyError where it isn't one."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise VocabularyError(
                f"Can't read the tokenizer file {path}: {error}. Check the path."
            ) from error
        return cls.from_text(text, codes)

    @classmethod
    def from_text(cls, text: str, codes: int = CODES) -> "Vocabulary":
        """Build the vocabulary from the JSON text of a tokenizer file, or raise VocabularyError."""
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # `tokenizers` raises bare Exception for a file it can't parse
            raise VocabularyError(
                f"This isn't a tokenizer file ({error}). Use a tokenizer.json of the `tokenizers` library."
            ) from error
        return cls(tokenizer, codes)

    def _single(self, text: str) -> int:
        found: int | None = self._tokenizer.token_to_id(text)
        if found is None:
            raise VocabularyError(
                f"The tokenizer has no single token for {text!r}. Use a byte-level tokenizer that has one."
            )
        return found

    def encode(self, text: str) -> list[int]:
        """Turn plain text into ids; the text of a special token is encoded letter by letter, not as one."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Give the first character and the end of each of the text's tokens, in the order of `encode`."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Give the number of tokens of each text, many at once."""
        return [len(e.ids) for e in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def to_text(self) -> str:
        """Give the tokenizer as the text of a `tokenizer.json` that `from_text` reads."""
        return str(self._tokenizer.to_str())

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text, dropping image and special tokens; raise VocabularyError outside range."""
        kept = [self._checked(id_) for id_ in ids if not self.is_image(id_)]
        return str(self._tokenizer.decode(kept, skip_special_tokens=True))

    def _checked(self, id_: int) -> int:
        if not 0 <= id_ < self.size:
            raise VocabularyError(f"The id {id_} is outside the vocabulary of {self.size}.")
        return int(id_)

    @property
    def special_ids(self) -> frozenset[int]:
        """The ids of every special token, the padding and the end key among them."""
        added = self._tokenizer.get_added_tokens_decoder()
        return frozenset({self.pad, *(id_ for id_, token in added.items() if token.special)})

    def is_image(self, id_: int) -> bool:
        """Tell whether an id is an image token."""
        return self.image_offset <= id_ < self.size

    def codes_to_ids(self, codes: Sequence[int]) -> list[int]:
        """Shift codebook indices (0 to codes - 1) to image token ids; raise VocabularyError outside range."""
        for code in codes:
            if not 0 <= code < self.codes:
                raise VocabularyError(f"The image code {code} is outside 0 to {self.codes - 1}.")
        return [self.image_offset + int(code) for code in codes]

    def ids_to_codes(self, ids: Sequence[int]) -> list[int]:
        """Shift image token ids back to codebook indices; raise VocabularyError for an id that isn't one."""
        for id_ in ids:
            if not self.is_image(id_):
                raise VocabularyError(f"The id {id_} isn't an image token (from {self.image_offset} on).")
        return [int(id_) - self.image_offset for id_ in ids]
