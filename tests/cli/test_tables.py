import json


def test_what_is_missing_is_said_and_the_published_numbers_are_shown(syndr, tmp_path):
    (tmp_path / "data").mkdir()
    ended = syndr("reproduce", "table6", "--root", tmp_path / "data", "-o", tmp_path / "out")
    assert ended.code == 1  # nothing could be measured
    assert "KADID-10k is not below" in ended.err
    assert "0.713" in ended.out
    assert "MUSIQ" in (tmp_path / "out" / "table6.md").read_text()

    shown = syndr("reproduce", "table6", "--root", tmp_path / "data", "-o", tmp_path / "out", "--json")
    assert shown.json == json.loads((tmp_path / "out" / "table6.json").read_text())
    assert shown.json["runs"] == 0


def test_unusable_options_are_refused(syndr, tmp_path):
    for arguments, said in (
        (("table1", "--seeds", "0,x"), "seeds must be whole numbers"),
        (("table1", "--only", "livecc"), "table1 has no row livecc"),
        (("table1", "--released-index-bug"), "choose that preset too"),
        (("table7",), "table7"),
    ):
        ended = syndr("reproduce", *arguments, "--root", tmp_path, "-o", tmp_path / "out")
        assert ended.code == 2
        assert said in ended.err
    assert not (tmp_path / "out").exists()
