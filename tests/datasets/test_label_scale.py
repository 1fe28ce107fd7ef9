import numpy as np
import pytest

from syndr.datasets import DATABASES, QUALITY, LabelScale
from syndr.errors import LabelRangeError

KADID10K = DATABASES["kadid10k"].labels_named().scale


def test_observed_extremes_become_0_and_10():
    assert KADID10K.quality([1.0, 4.93, 2.965], ["a", "b", "c"]).tolist() == pytest.approx([0.0, 10.0, 5.0])


def test_direction_is_turned_once():
    dmos = LabelScale("d", declared=(0, 100), observed=(0, 80), higher_is_better=False)
    assert dmos.quality([0, 80, 20], list("abc")).tolist() == pytest.approx([10.0, 0.0, 7.5])


def test_the_map_is_not_clipped_to_the_observed_range():
    # A score the published table does not reach, but the scale allows, keeps its distance to the others.
    assert KADID10K.quality([5.0], ["a"])[0] == pytest.approx(4.0 / 3.93 * 10)


@pytest.mark.parametrize("score", [0.99, 5.01, np.nan, np.inf])
def test_label_outside_the_declared_range_names_row_and_range(score):
    with pytest.raises(LabelRangeError, match=r"KADID-10k: 1 labels .* 1\.\.5, first b = "):
        KADID10K.quality([1.0, score], ["a", "b"])


def test_labels_that_are_no_numbers():
    with pytest.raises(LabelRangeError, match="KADID-10k: labels must be numbers"):
        KADID10K.quality(["good"], ["a"])


def test_common_scale_is_itself():
    values = np.linspace(0, 10, 11)
    assert np.array_equal(QUALITY.quality(values, [""] * 11), values)


def test_rounding_in_a_table_does_not_lead_out_of_the_scale():
    koniq = DATABASES["koniq10k"].labels_named("mos-1-5").scale  # whose constants have six decimals
    assert koniq.quality([57 / 52, 4.31, 57 / 52 + 1e-4], list("abc")).tolist()[:2] == [0.0, 10.0]
    assert koniq.quality([57 / 52 + 1e-4], ["c"])[0] > 1e-5
