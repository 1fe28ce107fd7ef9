"""Run folders with parts absent, switched off or damaged, and folders that are no run."""

from __future__ import annotations

import shutil

import pytest
from report.parsed import assert_self_contained
from report.reading import edit_json, only, section, texts

from syndr.errors import StoreError
from syndr.report import Table, render, run_page, write_report
from syndr.samples import Samples


def test_a_recipe_alone_makes_a_page_that_says_what_was_not_run(run):
    for entry in run.iterdir():
        if entry.name != "recipe.json":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    page = run_page(run)
    assert_self_contained(render(page))
    said = {part.title: part.blocks[0] for part in page.sections if part.title != "What was done"}
    assert "No stage of this run has finished" in said.pop("In short").paragraph
    assert "No features are kept" in said.pop("Map").paragraph
    assert all("was not run in this folder" in block.paragraph for block in said.values())


@pytest.mark.parametrize(
    ("file", "title", "said"),
    [
        ("stages/features.json", "What was done", ""),
        ("stages/select.json", "Selection", "“select” was not run"),
        ("selection.parquet", "Selection", "“select” left no selection.parquet"),
        ("stages/train.json", "Clusters", "“train” was not run"),
        ("stages/train.json", "Theorem 1", "“train” was not run"),
        ("stages/train.json", "Training", "“train” was not run"),
        ("cluster_sizes.parquet", "Clusters", "“train” left no cluster_sizes.parquet"),
        ("clusters.parquet", "Clusters", ""),
        ("clusters.parquet", "Labels", "No thinning is recorded"),
        ("samples.parquet", "Labels", "“synthesize” left no samples.parquet"),
        ("samples.parquet", "Clusters", ""),
        ("training.csv", "Training", "“train” left no training.csv"),
        ("results.json", "Results", "“evaluate” was not run"),
        ("predictions/LIVEC.parquet", "Results", "not in the folder for: LIVEC"),
    ],
)
def test_what_is_absent_is_said_and_the_rest_still_shown(run, file, title, said):
    (run / file).unlink()
    blocks = section(run, title)
    assert said in texts(blocks)
    if file == "stages/features.json":
        assert only(blocks, Table, "Stages").rows[0][1:3] == (None, "not run")
    if title == "Clusters" and said == "":
        assert {row[-2:] for row in only(blocks, Table, "The largest").rows} == {(None, None)}


@pytest.mark.parametrize(
    ("switch", "title", "said"),
    [("select", "Selection", "select.enabled"), ("downsample", "Clusters", "downsample.enabled")],
)
def test_what_the_recipe_switches_off_is_said(run, switch, title, said):
    edit_json(run / "recipe.json", lambda recipe: recipe[switch].update(enabled=False))
    edit_json(run / "stages" / "select.json", lambda stage: stage.update(summary={"skipped": "DDCUp is off"}))
    assert said in texts(section(run, title))


def test_a_run_without_thinning_has_no_bound_to_show(run):
    edit_json(run / "stages" / "train.json", lambda stage: stage["summary"].update(bound_after=None))
    assert "no bound before and after" in texts(section(run, "Theorem 1"))


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_text("no")])
def test_a_folder_that_is_no_run_is_refused(tmp_path, make):
    make(tmp_path / "thing")
    with pytest.raises(StoreError, match="thing: not a run folder"):
        write_report(tmp_path / "thing", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("recipe.json", "{"),
        ("recipe.json", "[]"),
        ("stages/select.json", '{"stage": "select"}'),
        ("stages/train.json", '{"seconds": "soon", "summary": {}}'),
        ("stages/train.json", '{"seconds": 1, "summary": {"bound_before": {"m": 1}}}'),
        ("results.json", '{"LIVEC": 0.7}'),
        ("selection.parquet", "no table"),
        ("cluster_sizes.parquet", "no table"),
        ("training.csv", "epoch,loss\n0,1\n"),
    ],
)
def test_damaged_files_are_named(run, file, content):
    (run / file).write_text(content)
    with pytest.raises(StoreError, match=file):
        run_page(run)


def test_a_table_without_its_columns_is_named(run):
    Samples.from_columns(id=["a"], reason=["selected"]).write(run / "selection.parquet")
    with pytest.raises(StoreError, match=r"selection\.parquet: has no column distance, other, nearest, farthest"):
        run_page(run)
