"""The stages of an experiment in order: features, DDCUp, pseudo-labels, training with DRCDown, evaluation, report."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syndr.datasets import check_leakage
from syndr.downsample import DRCDown, Thinning
from syndr.features import FeatureStore, build_backbone, extract
from syndr.files import read_json, write_json
from syndr.folders import locked
from syndr.images import write_rejected
from syndr.inputs import check_device, thumbnails_of
from syndr.progress import Progress, silent
from syndr.recipe import Recipe
from syndr.report import write_report
from syndr.rng import mix
from syndr.samples import Samples
from syndr.select import SELECTED, DDCUp
from syndr.sources import (
    LabelledSet,
    TrainingData,
    candidate_pool,
    drawn_set,
    labelled_set,
    seeded_draw,
    training_set,
)
from syndr.stages import Stages
from syndr.synthesize import pseudo_labels
from syndr.tables import (
    THINNING_FEATURES,
    cluster_sizes_table,
    clusters_table,
    every_candidate_table,
    selection_rejected,
    selection_table,
    write_thinning_features,
)
from syndr.theory import generalization_bound
from syndr.virtual import VirtualDataset, check_types, made_with, virtual_types

if TYPE_CHECKING:
    from syndr.training import IQAModel

#: Stands before the protocol of an epoch that was chosen by looking at the target.
_ORACLE = "ORACLE, best epoch on the target itself: "


def run(recipe: Recipe, progress: Progress = silent) -> dict[str, Any]:
    """Run an experiment into ``recipe.output``, going on from the stages that are done there.

    The folder holds ``recipe.json``, ``stages/``, ``features/``, ``selection.parquet``, ``samples.parquet``,
    ``checkpoint/``, ``training.csv``, ``clusters.parquet``, ``cluster_sizes.parquet``, ``thinning_features.npz``,
    ``model.safetensors``, ``predictions/``, ``results.json`` and ``report.html``; ``features/`` may lie elsewhere
    (``features.folder``).

    Args:
        recipe: The experiment.
        progress: Told about the stages' work.

    Returns:
        The summaries of the stages by name, and ``report``: the path of the page.

    Raises:
        InputError: When an input is not usable, or a target shares references or files with what training sees.
        StoreError: When the folder belongs to another experiment, is damaged, or another process is using it.
    """
    check_device(recipe.device)
    data = training_set(recipe)
    pool = candidate_pool(recipe.pool) if recipe.select.enabled else None
    targets = {
        target.name: drawn_set(
            labelled_set(target, "test", recipe.preset, f"target {target.name}"),
            recipe.evaluation.max_images,
            recipe.seed,
        )
        for target in recipe.targets
    }
    if recipe.select.enabled:
        check_types(data.types)
    if recipe.evaluation.leakage == "refuse":
        seen = [table for table in (data.originals, data.references, pool) if table is not None]
        for name, target in targets.items():
            check_leakage(seen, target.samples, f"target {name}")
    from syndr.distort import dncnn_weights

    folder = Path(recipe.output)
    with ExitStack() as held:
        held.enter_context(dncnn_weights(recipe.distort.dncnn_weights))  # which may not be there: before the folder is
        folder.mkdir(parents=True, exist_ok=True)
        held.enter_context(locked(folder))
        stages = Stages(folder, _identity(recipe, data, pool, targets))
        experiment = _Experiment(recipe, stages.path, data, pool, targets, progress)
        summaries: dict[str, Any] = {}
        for stage in ("features", "select", "synthesize", "train", "evaluate"):
            summaries[stage] = stages.run(stage, getattr(experiment, stage), progress)
        report = folder / "report.html"
        write_report(folder, report, thumbnails_of)
    return {**summaries, "report": str(report)}


def _identity(
    recipe: Recipe, data: TrainingData, pool: Samples | None, targets: dict[str, LabelledSet]
) -> dict[str, Any]:
    """What decides the results: the recipe (less where they go and are computed) and the inputs' contents."""
    settings = recipe.as_dict()
    del settings["output"], settings["device"], settings["cache_gib"]
    del settings["distort"]  # its weights count by content, where they are used
    del settings["features"]["folder"]
    tables = {"originals": data.originals, "labelled": data.labelled, "references": data.references, "pool": pool}
    inputs: dict[str, Any] = {name: table.content_hash() for name, table in tables.items() if table is not None}
    inputs["targets"] = {name: target.samples.content_hash() for name, target in targets.items()}
    if recipe.features.weights is not None and Path(recipe.features.weights).is_file():
        inputs["weights"] = hashlib.sha256(Path(recipe.features.weights).read_bytes()).hexdigest()
    made = set(data.types) if recipe.select.enabled else set()
    for table in (data.originals, data.labelled, *(target.samples for target in targets.values())):
        made |= virtual_types(table)
    return {**settings, "inputs": inputs | made_with(made)}


class _Experiment:
    """One method per stage; each reads what the earlier ones wrote, so that any of them may be the first to run."""

    def __init__(
        self,
        recipe: Recipe,
        folder: Path,
        data: TrainingData,
        pool: Samples | None,
        targets: dict[str, LabelledSet],
        progress: Progress,
    ) -> None:
        self.recipe, self.folder, self.progress = recipe, folder, progress
        self.data, self.pool, self.targets = data, pool, targets
        tables = {"references": data.references, "pool": pool} if recipe.select.enabled else {}
        self.stores = {name: self._store(name, table) for name, table in tables.items() if table is not None}

    def _path(self, *parts: str) -> Path:
        return self.folder.joinpath(*parts)

    def features(self) -> dict[str, Any]:
        """Extract the references' and the pool's features."""
        if not self.recipe.select.enabled or self.data.references is None or self.pool is None:
            return {"skipped": "DDCUp is off"}
        settings = self.recipe.features
        backbone = build_backbone(settings.backbone, settings.weights)
        summary: dict[str, Any] = {"backbone": settings.backbone, "weights": backbone.weights_id}
        for name, table in (("references", self.data.references), ("pool", self.pool)):
            store = extract(
                table,
                backbone,
                self.stores[name],
                batch_size=settings.batch_size,
                device=self.recipe.device,
                progress=self.progress,
            )
            summary[name] = len(store)
            summary[f"{name}_rejected"] = len(table) - len(store)
        return summary

    def _store(self, name: str, table: Samples) -> Path:
        """The folder of a table's features: the run's own, or one that every run with this table and network shares."""
        settings = self.recipe.features
        if settings.folder is None:
            return self._path("features", name)
        made_of = (settings.backbone, settings.weights, settings.batch_size, table.content_hash())
        return Path(settings.folder) / f"{name}-{hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]}"

    def _features(self) -> tuple[FeatureStore, FeatureStore]:
        """Open the features of the references and of the pool."""
        return FeatureStore.open(self.stores["references"]), FeatureStore.open(self.stores["pool"])

    def select(self) -> dict[str, Any]:
        """Run DDCUp over the pool."""
        settings = self.recipe.select
        if not settings.enabled:
            return {"skipped": "DDCUp is off"}
        references, pool = self._features()
        if settings.method == "all":
            every_candidate_table(pool.samples).write(self._path("selection.parquet"))
            return {"counts": {SELECTED: len(pool)}}
        ddcup = DDCUp(settings.diversity, settings.threshold, settings.max_selected, on_bad_rows="set_aside")
        selection = ddcup.select(
            references.features,
            pool.features,
            candidate_ids=pool.ids if settings.order == "id" else None,
            progress=self.progress,
        )
        selection_table(selection, pool.samples, references.ids).write(self._path("selection.parquet"))
        write_rejected(self._path("selection.rejected.csv"), selection_rejected(selection, pool.ids, references.ids))
        return {"lower": selection.lower, "upper": selection.upper, "counts": selection.counts}

    def synthesize(self) -> dict[str, Any]:
        """Lay out the training rows: the originals, and virtual rows with pseudo-labels."""
        training = self.data.originals
        pseudo = 0
        if self.recipe.select.enabled:
            chosen = Samples.read(self._path("selection.parquet"))
            chosen = chosen.take(chosen["reason"] == SELECTED)
            if len(chosen):
                rows = self._pseudo_labelled(chosen)
                pseudo = len(rows)
                training = training.concat(rows)
        training.write(self._path("samples.parquet"))
        return {"originals": len(self.data.originals), "pseudo": pseudo}

    def _pseudo_labelled(self, chosen: Samples) -> Samples:
        settings = self.recipe.labels
        references, pool = self._features()
        labels = pseudo_labels(
            self.data.labelled,
            references.ids,
            references.features,
            chosen.ids,
            pool.rows(chosen.ids),
            self.data.types,
            settings.levels,
            k=settings.k,
            gap=None if settings.gap == "none" else settings.gap,
            weighting=settings.weighting,
            on_bad_rows="set_aside",
        )
        return labels.samples(pool.samples, self.recipe.seed)

    def train(self) -> dict[str, Any]:
        """Train the regressor, thinning as it goes."""
        from syndr.training import IQAModel, MisalignedThinner, Thinner, fit, save_model

        recipe = self.recipe
        laid_out = Samples.read(self._path("samples.parquet"))
        samples = seeded_draw(laid_out, recipe.train.max_rows, recipe.seed)
        drcdown = self._drcdown()
        thinner: Thinner | None = drcdown
        if drcdown is not None and recipe.downsample.index_bug:
            thinner = MisalignedThinner(drcdown, samples, self.data.left_out)
        backbone = build_backbone(recipe.features.backbone, recipe.features.weights)
        model = IQAModel(backbone, seed=recipe.seed, input_size=self.data.input_size)

        def after_thinning(epoch: int) -> None:
            if drcdown is not None and hasattr(drcdown, "result_"):
                self._write_clusters(drcdown.result_)

        def after_epoch(epoch: int) -> None:
            if recipe.evaluation.reported == "best_on_target":
                self._note_epoch(epoch, model)

        result = fit(
            model,
            samples,
            VirtualDataset(
                samples,
                recipe.device,
                round(recipe.cache_gib * 2**30),
                cache_files=True,
                input_size=self.data.input_size,
            ),
            epochs=recipe.train.epochs,
            batch_size=recipe.train.batch_size,
            lr=recipe.train.lr,
            head_lr_ratio=recipe.train.head_lr_ratio,
            weight_decay=recipe.train.weight_decay,
            flip=recipe.train.flip,
            precision=recipe.train.precision,
            accumulate=recipe.train.accumulate,
            seed=recipe.seed,
            thinning=thinner,
            refresh=recipe.downsample.refresh,
            scope=recipe.downsample.scope,
            device=recipe.device,
            checkpoint=self._path("checkpoint"),
            log=self._path("training.csv"),
            after_thinning=after_thinning,
            after_epoch=after_epoch,
            progress=self.progress,
        )
        save_model(self._path("model.safetensors"), model, {"recipe": recipe.as_dict()})
        last = result.log[-1]
        summary: dict[str, Any] = {
            "laid_out": len(laid_out),
            "rows": len(samples),
            "kept": len(samples) - last.dropped,
            "dropped": last.dropped,
            "epochs": len(result.log),
            "rejected": len(result.rejected),
        }
        write_rejected(self._path("rejected.csv"), result.rejected)
        if drcdown is not None:
            sizes = Samples.read(self._path("cluster_sizes.parquet"))
            summary["bound_before"] = asdict(generalization_bound(sizes=sizes["size"]))
            summary["bound_after"] = asdict(generalization_bound(sizes=sizes["kept"]))
        return summary

    def _drcdown(self) -> DRCDown | None:
        settings = self.recipe.downsample
        if not settings.enabled:
            return None
        return DRCDown(
            settings.distance,
            settings.label_gap,
            settings.min_keep,
            settings.rule,
            random_state=self.recipe.seed,
            on_bad_rows="set_aside",
        )

    def _write_clusters(self, thinning: Thinning) -> None:
        clusters_table(thinning).write(self._path("clusters.parquet"))
        cluster_sizes_table(thinning).write(self._path("cluster_sizes.parquet"))
        write_thinning_features(thinning, self._path(THINNING_FEATURES), self.recipe.seed)

    def _note_epoch(self, epoch: int, model: IQAModel) -> None:
        """Keep each epoch's agreement with the targets: the released code's way of choosing an epoch."""
        path = self._path("epochs_on_targets.json")
        noted = read_json(path) if path.exists() else {}
        noted[str(epoch)] = {name: self._measured(model, name, epoch) for name in self.targets}
        write_json(path, noted)

    def evaluate(self) -> dict[str, Any]:
        """Predict every target and measure agreement."""
        from syndr.training import read_model

        model = read_model(self._path("model.safetensors"), self.recipe.device)
        results = {name: self._measured(model, name, self.recipe.train.epochs - 1, keep=True) for name in self.targets}
        if self.recipe.evaluation.reported == "best_on_target":
            for epoch, noted in read_json(self._path("epochs_on_targets.json")).items():
                for name, metrics in noted.items():
                    best = results[name].get("oracle")
                    if metrics["srcc"] is not None and (best is None or metrics["srcc"] > best["srcc"]):
                        results[name]["oracle"] = {
                            **metrics,
                            "epoch": int(epoch),
                            "protocol": _ORACLE + metrics["protocol"],
                        }
        write_json(self._path("results.json"), results)
        reported = {name: metrics.get("oracle", metrics) for name, metrics in results.items()}
        return {
            name: {"srcc": metrics["srcc"], "plcc": metrics["plcc"], "protocol": metrics["protocol"]}
            for name, metrics in reported.items()
        }

    def _measured(self, model: IQAModel, name: str, epoch: int, keep: bool = False) -> dict[str, Any]:
        from syndr.evaluation import intervals, measure, predict

        settings, target = self.recipe.evaluation, self.targets[name]
        samples = target.samples
        # "Unseeded" is another draw in each epoch, as the released tester's; yet one that can be repeated.
        seed = self.recipe.seed if settings.seeded else mix(self.recipe.seed, epoch)
        predictions = predict(
            model,
            samples,
            VirtualDataset(samples, self.recipe.device, input_size=target.input_size),
            crops=settings.crops,
            seed=seed,
            device=self.recipe.device,
            progress=self.progress,
        )
        if keep:
            predictions.beside(samples).write(self._path("predictions", f"{name}.parquet"))
            write_rejected(self._path("predictions", f"{name}.rejected.csv"), predictions.rejected)
        scored = predictions.scored
        protocol = f"{target.protocol}, {settings.crops} crops, "
        protocol += f"epoch {epoch + 1} of {self.recipe.train.epochs}, seed {self.recipe.seed}"
        scores, quality = predictions.scores[scored], samples["quality"][scored]
        found = asdict(measure(scores, quality))
        if keep:
            references = samples["reference"][scored] if "reference" in samples else None
            found |= intervals(scores, quality, references)
        return found | {
            "protocol": protocol + ("" if settings.seeded else ", crops drawn anew each epoch"),
            "rejected": len(predictions.rejected),
        }
