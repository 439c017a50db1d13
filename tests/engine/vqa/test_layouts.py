"""Question sets of all layouts come out in one form and find their films; odd files are refused."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import DataError
from engine.vqa.layouts import (
    GROUPS,
    Columns,
    SetQuestion,
    counts_beside_published,
    group_of,
    kind_of,
    on_films,
    read_questions,
)
from engine.vqa.reading import COLUMNS, read_set
from engine.vqa.settings import ReadSettings
from tests.engine.vqa.world import films_with_reports, set_with_reports

ROWS = [
    {
        "subject_id": "10000001",
        "study_id": "50000001",
        "dicom_id": "film-a",
        "question": "Is there a pneumothorax?",
        "answer": "No, there isn't.",
        "question_type": "presence",
    },
    {
        "subject_id": "10000002",
        "study_id": "50000002",
        "dicom_id": "film-b",
        "question": "Where is the pleural effusion,\nif any?",
        "answer": "At the left base.",
        "question_type": "location",
    },
]


def write(path: Path) -> Path:
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(ROWS[0]))
            writer.writeheader()
            writer.writerows(ROWS)
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    else:
        path.write_text(json.dumps({"questions": ROWS}))
    return path


@pytest.mark.parametrize("name", ["vqa_test.csv", "vqa_test.json", "vqa_test.jsonl", "vqa_test.parquet"])
def test_a_table_of_any_kind_is_read(name: str, tmp_path: Path) -> None:
    first, second = read_questions(write(tmp_path / name), "physionet")
    assert first == SetQuestion(
        question="Is there a pneumothorax?",
        answer="No, there isn't.",
        kind="presence",
        group="Pneumothorax",
        film="film-a",
        study="50000001",
        patient="10000001",
        split="test",
    )
    assert (second.kind, second.group) == ("location", "Pleural Effusion")


def test_a_folder_holds_the_parts(tmp_path: Path) -> None:
    write(tmp_path / "vqa_test.csv")
    write(tmp_path / "vqa_valid.csv")
    (tmp_path / "LICENSE.txt").write_text("terms")
    questions = read_questions(tmp_path, "physionet")
    told = counts_beside_published(questions)
    assert told["test"] == {"questions": 2, "cases": 2, "published_questions": 224, "published_cases": 48}
    assert (told["val"]["questions"], told["val"]["published_questions"]) == (2, 111)


def test_a_site_can_name_the_columns(tmp_path: Path) -> None:
    table = tmp_path / "q.csv"
    table.write_text("picture,asks,says,about\nx.dcm,How large is it?,Small.,Lung Lesion\n")
    with pytest.raises(DataError, match="picture, asks, says, about"):
        read_questions(table, "elixr")
    (found,) = read_questions(
        table, "elixr", Columns(film="picture", question="asks", answer="says", group="about")
    )
    assert found == SetQuestion(
        "How large is it?", "Small.", "size/severity/type", "Lung Lesion", film="x.dcm"
    )
    with pytest.raises(DataError, match="'ask'"):
        read_questions(table, "elixr", Columns(question="ask"))


def test_study_files_are_read_as_literals(tmp_path: Path) -> None:
    folder = tmp_path / "p10" / "p10000001"
    folder.mkdir(parents=True)
    pairs = [
        {"question": "What's there?", "answer": 'A "clear" lung.'},
        {"question": "Is it \n big?", "answer": "No."},
    ]
    (folder / "s50000001.txt").write_text(repr(pairs) + "\n")
    first, second = read_questions(tmp_path, "study-files")
    assert (first.question, first.answer) == ("What's there?", 'A "clear" lung.')
    assert (first.study, first.patient, second.kind) == ("s50000001", "p10000001", "presence")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch ran')",
        "[{'question': open('ran', 'w'), 'answer': ''}]",
        "[{'question': 'a'}]",
        "[{'question': 'a', 'answer': 1}]",
        "{'question': 'a', 'answer': 'b'}",
        "[" * 5_000,
        "not a list",
    ],
)
def test_study_files_that_hold_anything_else_are_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s50000001.txt").write_text(text)
    with pytest.raises(
        DataError, match=r"Left out: 1 study file: (not one Python list|something else)"
    ) as refused:
        read_questions(tmp_path, "study-files")
    assert "50000001" not in str(refused.value) and not (tmp_path / "ran").exists()
    (tmp_path / "s50000002.txt").write_text("[{'question': 'Is it big?', 'answer': 'No.'}]")
    dropped: Counter[str] = Counter()
    assert [each.study for each in read_questions(tmp_path, "study-files", dropped=dropped)] == ["s50000002"]
    assert sum(dropped.values()) == 1


@pytest.mark.parametrize("text", ["", "[]", "[1]", "{", '"a"'])
def test_tables_without_questions_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text(text)
    with pytest.raises(DataError):
        read_questions(tmp_path, "physionet")


def test_questions_find_their_films() -> None:
    films = films_with_reports(3, films_per_study=2)
    films[0] = replace(films[0], view="LL")
    questions = [
        SetQuestion("a?", "", "presence", "", film="files/p0/film0-0.jpg"),
        SetQuestion("b?", "", "presence", "", study="0"),
        SetQuestion("c?", "", "presence", "", study="s1", patient="1"),
        SetQuestion("d?", "", "presence", "", study="s1", patient="2"),
        SetQuestion("e?", "", "presence", "", film="elsewhere"),
    ]
    joined, left_out = on_films(questions, films)
    assert [(film.key, question.question) for film, question in joined] == [
        ("film0-0", "a?"),
        ("film0-1", "b?"),
        ("film1-0", "c?"),
    ]
    assert sum(left_out.values()) == 2


@pytest.mark.parametrize(
    ("question", "named", "kind"),
    [
        ("Is there an effusion on the left side?", "", "presence"),
        ("Does it show signs of a large effusion?", "", "presence"),
        ("Where is the tube?", "", "location"),
        ("Which side is affected?", "", "location"),
        ("How severe is the edema?", "", "size/severity/type"),
        ("What type of device is it?", "", "size/severity/type"),
        ("Is it big?", "Size", "size/severity/type"),
        ("What size is it?", "Presence of finding", "presence"),
    ],
)
def test_kinds_are_told_apart(question: str, named: str, kind: str) -> None:
    assert kind_of(question, named) == kind


def test_groups_are_those_of_the_evaluation() -> None:
    texts = ["a pneumothorax", "Effusion", "pulmonary edema", "pneumonia", "a nodule", "Is it normal?"]
    assert [group_of(text) for text in texts] == [GROUPS[place] for place in (1, 2, 3, 4, 5, 0)]
    assert group_of("the aorta") == ""


def study_file(folder: Path, study: str, patient: str) -> None:
    place = folder / "p0" / patient
    place.mkdir(parents=True, exist_ok=True)
    pairs = [{"question": "Where is it?", "answer": "At the left base."}]
    (place / f"{study}.txt").write_text(repr(pairs))


def test_a_question_set_becomes_a_table_for_evaluation(tmp_path: Path) -> None:
    set_with_reports(tmp_path / "set", 2, films_per_study=2)
    study_file(tmp_path / "files", "s1", "p1")
    study_file(tmp_path / "files", "s9", "p9")
    reading = read_set(ReadSettings(layout="study-files", files=tmp_path / "files", set=tmp_path / "set"))
    assert (reading.questions, reading.joined, sum(reading.left_out.values())) == (2, 1, 1)
    with (tmp_path / "set" / "questions.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [list(COLUMNS), ["film1-0", "p1", "Where is it?", "At the left base.", "location", ""]]


def test_study_files_can_be_trained_on_for_every_frontal_film(tmp_path: Path) -> None:
    prepared = set_with_reports(tmp_path / "set", 2, films_per_study=2)
    study_file(tmp_path / "files", "s1", "p1")
    settings = ReadSettings(
        layout="study-files", files=tmp_path / "files", set=tmp_path / "set", training=True
    )
    for _ in range(2):
        assert read_set(settings).joined == 2
        assert [pair.key for pair in prepared.vqa()] == ["film1-0", "film1-1"]
    assert prepared.vqa()[0].licence == "site only; terms of the outputs of file:study-files not stated"


def test_questions_without_an_answer_are_counted_and_not_trained_on(tmp_path: Path) -> None:
    prepared = set_with_reports(tmp_path / "set", 2, films_per_study=2)
    study_file(tmp_path / "files", "s1", "p1")
    file = next((tmp_path / "files").rglob("s1.txt"))
    file.write_text("[{'question': 'Where?', 'answer': ''}, {'question': 'What?', 'answer': 'Edema.'}]")
    reading = read_set(
        ReadSettings(layout="study-files", files=tmp_path / "files", set=tmp_path / "set", training=True)
    )
    assert (reading.joined, reading.left_out) == (2, {"question without an answer": 2})
    assert {pair.answer for pair in prepared.vqa()} == {"Edema."}


def test_a_set_about_other_films_or_with_unknown_columns_is_refused(tmp_path: Path) -> None:
    set_with_reports(tmp_path / "set", 1)
    table = write(tmp_path / "q.csv")
    given = {"layout": "physionet", "files": table, "set": tmp_path / "set"}
    with pytest.raises(DataError, match="None of the 2 questions"):
        read_set(ReadSettings(**given))
    with pytest.raises(DataError, match="film, study, patient"):
        read_set(ReadSettings(**given, columns={"picture": "x"}))
