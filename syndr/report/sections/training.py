"""Section "Training": the log, epoch by epoch."""

from __future__ import annotations

from syndr.report.blocks import Facts, Plot, Section, Table, Text
from syndr.report.recorded_run import RecordedRun
from syndr.report.sections.wording import absent, duration

TITLE = "Training"
_COLUMNS = ("epoch", "loss", "rows", "dropped", "seconds", "thinning_seconds")
_TABLE_ROWS = 200


def training_section(run: RecordedRun) -> Section:
    """Build the section."""
    if run.stage("train") is None:
        return Section(TITLE, [absent("train")])
    log = run.table("training.csv", *_COLUMNS)
    if log is None:
        return Section(TITLE, [absent("train", "training.csv")])
    if log.num_rows == 0:
        return Section(TITLE, [Text("The log of training is empty.")])
    columns = {name: log[name].to_pylist() for name in _COLUMNS}
    rows = list(zip(*columns.values(), strict=True))
    total, thinning = sum(columns["seconds"]), sum(columns["thinning_seconds"])
    facts = Facts(
        {
            "Epochs": len(rows),
            "Loss, first and last epoch": f"{columns['loss'][0]:.4f} → {columns['loss'][-1]:.4f}",
            "Time": duration(total),
            "Time spent thinning": duration(thinning),
        },
        headline=True,
    )
    curve = Plot(
        columns["epoch"],
        columns["loss"],
        caption="Training loss",
        x_label="epoch, counted from 0",
        y_label="mean absolute error, quality 0–10",
        joined=True,
        from_zero=True,
    )
    table = Table(
        columns=("Epoch", "Loss", "Rows trained on", "Rows dropped", "Seconds", "Seconds spent thinning"),
        rows=rows[-_TABLE_ROWS:],
        caption="Epochs",
        note=f"The last {_TABLE_ROWS} of {len(rows):,} epochs; training.csv has all."
        if len(rows) > _TABLE_ROWS
        else "",
        decimals=4,
        column_decimals={"Seconds": 1, "Seconds spent thinning": 1},
    )
    return Section(TITLE, [facts, curve, table] if len(rows) > 1 else [facts, table])
