import pytest

from syndr.images import METADATA, write_metadata
from syndr.samples import Samples


def test_file_name_comes_first_and_path_is_left_out(tmp_path):
    samples = Samples.from_columns(id=["a", "b"], path=["x/a.png", "x/b.png"], file_name=["a.png", "b.png"])
    write_metadata(tmp_path, samples)
    assert (tmp_path / METADATA).read_text().splitlines() == ['"file_name","id"', '"a.png","a"', '"b.png","b"']


@pytest.mark.parametrize(("values", "texts"), [([["ä"], None], ['["ä"]', None]), ([{"k": 1.5}, {"k": None}], None)])
def test_lists_and_records_become_json(tmp_path, values, texts):
    samples = Samples.from_columns(id=["a", "b"], file_name=["a.png", "b.png"], extra=values)
    write_metadata(tmp_path, samples)
    texts = texts or ['{"k": 1.5}', '{"k": null}']
    assert Samples.read(tmp_path / METADATA).table["extra"].to_pylist() in (texts, [text or "" for text in texts])
