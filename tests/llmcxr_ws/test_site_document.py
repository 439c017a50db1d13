"""Site documents changed in place: comments stay, odd documents are written anew, faults have lines."""

from __future__ import annotations

import tomllib

import pytest

from llmcxr_ws import site_document
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.site import parse_site
from llmcxr_ws.site_document import problems, to_toml, with_table, with_value, without_table

TEXT = """# Our site
name = "East"   # as on the door
quiet_s = 30.0

[[peer]]   # the archive
name = "pacs"
ae_title = "PACS1"
host = "10.0.0.5"
port = 104
identity = true

# the modality in room 3
[[peer]]
name = "room3"
ae_title = "ROOM3"
host = "10.0.0.6"
port = 105

[[output]]
document = "signed"
to = "pacs"
"""


def test_a_value_is_changed_in_its_line_and_comments_stay() -> None:
    changed = with_value(TEXT, ("peer", 1, "host"), 'a "quoted" host')
    assert "# the modality in room 3" in changed and "# Our site" in changed
    assert parse_site(changed).peers[1].host == 'a "quoted" host'
    assert parse_site(changed).peers[0] == parse_site(TEXT).peers[0]


def test_a_comment_behind_a_value_stays_and_a_long_list_is_replaced_whole() -> None:
    changed = with_value(TEXT, ("name",), "West # 2")
    assert 'name = "West # 2"   # as on the door\n' in changed
    assert 'name = "X"   # as on the door\n' in with_value(changed, ("name",), "X")
    text = TEXT.replace(
        "identity = true\n", 'classes = [  # what it has\n  "DX",\n  "CR",  # the old room\n]  # of room 1\n'
    )
    fewer = with_value(text, ("peer", 0, "classes"), ["DX"])
    assert 'port = 104\nclasses = ["DX"]  # of room 1\n\n# the modality in room 3\n' in fewer
    none = with_value(text, ("peer", 0, "classes"), None)
    assert "port = 104\n\n# the modality in room 3\n" in none and "as on the door" in none
    assert (
        tomllib.loads(with_value(text, ("name",), "line \u2028 two\u0085"))["name"] == "line \u2028 two\u0085"
    )
    odd = with_value(text, ("name",), "line \u2028 two")
    assert "# the modality in room 3" in with_value(odd, ("peer", 1, "port"), 7)


def test_a_comment_goes_with_the_table_below_it() -> None:
    first = without_table(TEXT, "peer", 0)
    assert first.startswith('# Our site\nname = "East"   # as on the door\nquiet_s = 30.0\n\n# the modality')
    assert first.count("[[peer]]") == 1 and "# the archive" not in first
    second = without_table(TEXT, "peer", 1)
    assert "room 3" not in second and "identity = true\n\n[[output]]" in second
    assert "room 3" in without_table(TEXT, "output", 0)


def test_a_value_that_wasn_t_there_is_added_to_its_own_table() -> None:
    changed = with_value(TEXT, ("peer", 0, "sends"), False)
    assert [peer.sends for peer in parse_site(changed).peers] == [False, True]
    assert [p.sends for p in parse_site(with_value(changed, ("peer", 0, "sends"), None)).peers] == [
        True,
        True,
    ]
    assert parse_site(with_value(TEXT, ("institution",), "House")).institution == "House"


def test_tables_come_and_go() -> None:
    more = with_table(TEXT, "output", {"document": "draft", "to": "pacs", "required": False})
    assert [rule.document for rule in parse_site(more).outputs] == ["signed", "draft"]
    less = without_table(more, "output", 0)
    assert [rule.document for rule in parse_site(less).outputs] == ["draft"]
    assert [peer.name for peer in parse_site(without_table(TEXT, "peer", 1)).peers] == ["pacs"]
    assert parse_site(with_table("", "peer", {"name": "a", "ae_title": "A", "host": "h", "port": 1})).peers


def test_what_isn_t_written_by_line_is_written_anew() -> None:
    inline = 'peer = [{name = "a", ae_title = "A", host = "h", port = 1}]\n'
    changed = with_value(inline, ("peer", 0, "port"), 7)
    assert parse_site(changed).peers[0].port == 7
    assert parse_site(without_table(inline, "peer", 0)).peers == ()
    long = 'name = """\nhost = "x"\n"""\n[[peer]]\nname = "a"\nae_title = "A"\nhost = "h"\nport = 1\n'
    assert parse_site(with_value(long, ("peer", 0, "host"), "z")).peers[0].host == "z"


@pytest.mark.parametrize(
    "value", ["", "ü «»", 'back\\slash "q"', "line\nbreak\ttab\x7f", 1.5, 3, True, [1, 2], {"a": 1}]
)
def test_values_survive_being_written(value: object) -> None:
    assert tomllib.loads(to_toml({"key": value, "peer": [{"host": value}]})) == {
        "key": value,
        "peer": [{"host": value}],
    }


def test_faults_name_line_and_place() -> None:
    assert problems(TEXT) == ()
    broken = TEXT.replace("port = 104", "port = 70000").replace('ae_title = "ROOM3"', "ae_titel = 'ROOM3'")
    found = {problem.place: problem for problem in problems(broken)}
    assert found[("peer", 0, "port")].line == 9 and "70000" in found[("peer", 0, "port")].sentence
    assert found[("peer", 1, "ae_titel")].line == 15
    assert "Did you mean 'ae_title'?" in found[("peer", 1, "ae_titel")].sentence
    assert found[("peer", 1, "ae_title")].line == 13  # missing: the line of its table


@pytest.mark.parametrize(
    ("rule", "place", "said"),
    [
        ('document = "draft"\nto = "ROOM3"', ("output", 1, "to"), "There is no peer 'ROOM3'"),
        ('document = "oru"\nto = "room3"', ("output", 1), "can't take it"),
        ('document = "signed"\nto = "pacs"', ("output", 1), "Two output rules"),
    ],
)
def test_the_fault_of_an_output_rule_stands_there(rule: str, place: tuple[object, ...], said: str) -> None:
    """And not at a peer whose other values the sentence happens to quote."""
    (found,) = problems(f"{TEXT}\n[[output]]\n{rule}\n")
    assert found.place == place and said in found.sentence


def test_faults_of_the_whole_and_of_the_grammar() -> None:
    (grammar,) = problems('name = "East"\nquiet_s = \n')
    assert grammar.line == 2 and "valid TOML" in grammar.sentence
    (twice,) = problems(TEXT.replace('"ROOM3"', '"PACS1"'))
    assert twice.line == 15 and "Two peers have the ae_title 'PACS1'" in twice.sentence
    (outside,) = problems(TEXT, demo=True)
    assert "loopback" in outside.sentence
    with pytest.raises(ConfigError, match="as text first"):
        site_document.with_value("name =", ("name",), "x")
