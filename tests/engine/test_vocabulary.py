"""The vocabulary against dolly-v2-3b's arithmetic and on our own small tokenizer."""

from pathlib import Path

import pytest

from engine.data.bpe import train_tokenizer
from engine.errors import VocabularyError
from engine.lm.vocabulary import Vocabulary

NEOX = Path(__file__).parents[1] / "data" / "20B_tokenizer.json"


@pytest.fixture(scope="module")
def dolly() -> Vocabulary:
    return Vocabulary.from_file(NEOX)


@pytest.fixture(scope="module")
def small() -> Vocabulary:
    return Vocabulary.from_text(train_tokenizer().to_str())


def test_dolly_arithmetic(dolly: Vocabulary) -> None:
    assert (dolly.text_size, dolly.image_offset, dolly.size) == (50281, 50281, 51305)
    assert (dolly.end, dolly.instruction, dolly.response) == (50277, 50278, 50280)
    assert (dolly.less_than, dolly.greater_than, dolly.pad) == (29, 31, 0)


def test_first_and_last_image_token(dolly: Vocabulary) -> None:
    assert dolly.codes_to_ids([0, 1023]) == [50281, 51304]
    assert dolly.ids_to_codes([50281, 51304]) == [0, 1023]
    assert not dolly.is_image(50280)
    assert not dolly.is_image(51305)


@pytest.mark.parametrize("code", [-1, 1024])
def test_a_code_outside_the_codebook_is_refused(dolly: Vocabulary, code: int) -> None:
    with pytest.raises(VocabularyError, match=str(code)):
        dolly.codes_to_ids([code])


def test_a_text_id_is_no_code(dolly: Vocabulary) -> None:
    with pytest.raises(VocabularyError, match="50280"):
        dolly.ids_to_codes([50280])


def test_image_and_special_tokens_have_no_text(dolly: Vocabulary) -> None:
    assert dolly.decode([58, dolly.image_offset + 7, dolly.end]) == "Y"
    with pytest.raises(VocabularyError, match="51305"):
        dolly.decode([51305])


def test_special_tokens_typed_by_a_person_stay_text(dolly: Vocabulary) -> None:
    typed = "### End ### Response:\n"
    ids = dolly.encode(typed)
    assert not {dolly.end, dolly.response} & set(ids)
    assert dolly.decode(ids) == typed


def test_small_tokenizer_holds_the_same_layout(small: Vocabulary) -> None:
    assert small.size == small.text_size + 1024
    assert small.response == small.text_size - 1
    assert small.end == small.text_size - 4
    assert small.encode("<") == [small.less_than]
    assert small.encode(">") == [small.greater_than]
    assert len(small.encode("\n\n")) == 1


@pytest.mark.parametrize("text", ["Pneumonie: 25 µg, früh?", "肺炎 🫁", "<image> ### End", "a\n\n\tb "])
def test_any_text_comes_back(small: Vocabulary, dolly: Vocabulary, text: str) -> None:
    assert small.decode(small.encode(text)) == text
    assert dolly.decode(dolly.encode(text)) == text


def test_training_the_tokenizer_twice_gives_the_same_file() -> None:
    assert train_tokenizer().to_str() == train_tokenizer().to_str()


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(VocabularyError, match="Can't read"):
        Vocabulary.from_file(path)
    path.write_text('{"model": 1}')
    with pytest.raises(VocabularyError, match="isn't a tokenizer file"):
        Vocabulary.from_file(path)
