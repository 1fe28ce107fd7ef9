"""Measuring a table: one run folder for each training, gone on with where an earlier call stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from syndr import pipeline
from syndr.datasets import find_database, read_database
from syndr.datasets.splits import TEST_SHARE
from syndr.errors import ImageError, InputError, StoreError, require
from syndr.features import build_backbone
from syndr.files import read_json
from syndr.inputs import check_device
from syndr.progress import Progress, silent
from syndr.recipe import Recipe, Target
from syndr.reproduce import options as smoke
from syndr.reproduce.candidates import Candidates, has_authors_candidates, write_candidates
from syndr.reproduce.cells import Cell, cells_of, recipe_of
from syndr.reproduce.options import Options
from syndr.reproduce.outcome import Measured, Outcome
from syndr.reproduce.places import Place, find_place
from syndr.reproduce.plan import CANDIDATES, POOL, TRAINING, Plan, find_plan, only
from syndr.reproduce.writers import write_outcome
from syndr.samples import Samples
from syndr.select import SELECTED

#: Seed of the candidate draw: one list for every training of a table.
_CANDIDATES_SEED = 0

_SMOKE_NOTE = (
    f"SMOKE RUN, the numbers mean nothing: at most {smoke.SMOKE_ROWS} training rows and {smoke.SMOKE_IMAGES} pictures "
    f"of each target drawn, one seed, {smoke.SMOKE_SPLITS} splits, a pool of at most {smoke.SMOKE_POOL} pictures; "
    f"unless others were asked for, {smoke.SMOKE_EPOCHS} epoch of {smoke.SMOKE_BACKBONE} with random weights"
)
_BUG_NOTE = (
    "RELEASED INDEX BUG re-created on purpose: DRCDown's decisions, made on the list of 74 references, are applied to "
    "the list of 81"
)


def reproduce(table: str, options: Options, progress: Progress = silent) -> Outcome:
    """Measure a table of the paper, as far as the databases are there; write it after every run.

    Args:
        table: "table1" to "table6", or "scaling".
        options: How.
        progress: Told of the runs, and of the stages of each.

    Returns:
        What was measured. ``<out>/<table>.md``, ``.csv`` and ``.json`` hold it, beside the published numbers; another
        preset than "fixed", the index bug, and a smoke run have files of their own (:meth:`Options.stem`).

    Raises:
        InputError: When an option is not usable, the root is no folder, or the network's weights cannot be had.
        MissingExtraError: When peers are asked for and pyiqa is not installed.
    """
    plan = only(find_plan(table), options.only)
    # A run is found again by its recipe, whatever folder the command is given in.
    weights = options.weights
    if weights not in (None, "random"):
        weights = str(Path(weights).absolute())
    options = replace(options, root=options.root.absolute(), out=options.out.absolute(), weights=weights)
    check_device(options.device)
    if options.peers:
        require("pyiqa", "peers")
    return _Reproduction(plan, options, progress).run()


class _Reproduction:
    """A table in the making."""

    def __init__(self, plan: Plan, options: Options, progress: Progress) -> None:
        self.plan, self.options, self.progress = plan, options, progress
        self.measured: list[Measured] = []
        self.peers: dict[str, str] = {}
        self.not_run: list[str] = []
        self.failures = 0
        self.notes = list(plan.notes)
        self.there: dict[str, Path] = {}
        self.pool: Samples | None = None
        self._lists: dict[int | None, Candidates | None] = {}

    def run(self) -> Outcome:
        if self.options.smoke:
            self.notes.append(_SMOKE_NOTE)
        if self.options.released_index_bug:
            self.notes.append(_BUG_NOTE)
        self._look()
        cells = list(cells_of(self.plan, self.options, self.there)) if TRAINING in self.there else []
        cells = [cell for cell in cells if self._can_run(cell)]
        if cells:  # weights that cannot be had are one error, not one for each run
            build_backbone(**self.options.network(self.plan.backbone))
        outcome = self._written(cells, 0)
        for done, cell in enumerate(cells, start=1):
            self.progress(f"{self.plan.name}: runs", done - 1, len(cells))
            try:
                self._measure(cell)
            except (InputError, ImageError, StoreError) as error:
                self.failures += 1
                self.not_run.append(f"{cell.name}: {error}")
            outcome = self._written(cells, done)
        if self.options.peers:
            self._measure_peers()
            outcome = self._written(cells, len(cells))
        if cells:
            self.progress(f"{self.plan.name}: runs", len(cells), len(cells))
        return outcome

    def _look(self) -> None:
        """Find the databases; say what is missing."""
        names = dict.fromkeys([TRAINING, *(target.database for target in self.plan.targets)])
        for name in names:
            self._note_place(find_place(name, self.options.root))
        if any(method.select for method in self.plan.methods):
            place = find_place(POOL, self.options.root)
            self._note_place(place)
            if place.folder is not None:
                self.pool = read_database(POOL, place.folder).samples
                if self.options.smoke and len(self.pool) > smoke.SMOKE_POOL:
                    wanted = write_candidates(self.pool, smoke.SMOKE_POOL, _CANDIDATES_SEED, self._lists_in / "pool")
                    self.pool = self.pool if wanted is None else Samples.read(wanted.path)

    @property
    def _lists_in(self) -> Path:
        """Where the candidates' lists are written."""
        return self.options.out / "smoke" if self.options.smoke else self.options.out

    def _note_place(self, place: Place) -> None:
        self.not_run += [problem for problem in place.problems if problem not in self.not_run]
        if place.folder is not None:
            self.there[place.database.name] = place.folder

    def _can_run(self, cell: Cell) -> bool:
        """Tell whether a cell has its candidates; one that has none is listed by row."""
        if cell.method.select is None or self._candidates(cell) is not None:
            return True
        reason = (
            "there is no candidate pool" if self.pool is None else f"the pool holds only {len(self.pool):,} pictures"
        )
        line = f"{cell.method.title}: {reason}"
        if line not in self.not_run:
            self.not_run.append(line)
        return False

    def _candidates(self, cell: Cell) -> Candidates | None:
        """Give a cell's candidate list; it is written when first asked for."""
        if self.pool is None or cell.method.select is None:
            return None
        size = cell.method.candidates
        if size == CANDIDATES and cell.split is not None and not has_authors_candidates(self.pool):
            references = find_database(TRAINING).references  # as many as the training part has
            size = references - max(1, round(TEST_SHARE * references))
        if size not in self._lists:
            self._lists[size] = write_candidates(self.pool, size, _CANDIDATES_SEED, self._lists_in)
        return self._lists[size]

    def _measure(self, cell: Cell) -> None:
        candidates = self._candidates(cell)
        recipe = recipe_of(cell, self.plan, self.options, self.there, candidates)
        summaries = pipeline.run(recipe, self.progress)
        results = read_json(Path(recipe.output) / "results.json")
        counts = {
            "originals": summaries["synthesize"]["originals"],
            "pseudo": summaries["synthesize"]["pseudo"],
            "selected": summaries["select"].get("counts", {}).get(SELECTED, 0),
            "trained": summaries["train"]["rows"],
            "last_epoch": summaries["train"]["kept"],
        }
        for target in cell.targets:
            metrics: dict[str, Any] = results[target.key]
            protocol = _protocol(recipe, self.options, counts, candidates, metrics)
            self.measured.append(
                Measured(
                    cell.method.key, target.key, cell.seed, cell.split, metrics, counts, protocol, str(recipe.output)
                )
            )

    def _measure_peers(self) -> None:
        from syndr.reproduce.peers import PeerError, measure_peer, peers_of

        for peer in peers_of(self.plan.name):
            for target in self.plan.targets:
                if target.database not in self.there:
                    continue
                if target.database in peer.seen:
                    self.not_run.append(f"{peer.title} on {target.title}: its weights were trained on it")
                    continue
                source = Target(
                    name=target.key,
                    database=target.database,
                    root=str(self.there[target.database]),
                    subset=target.subset,
                )
                splits = self.options.splits if target.within else (None,)
                try:
                    for split in splits:
                        self.measured.append(measure_peer(peer, source, split, self.options, self.progress))
                except PeerError as error:
                    self.not_run.append(f"{peer.title}: {error}")
                    break
                except (InputError, ImageError) as error:
                    self.not_run.append(f"{peer.title} on {target.title}: {error}")
                    continue
                self.peers[peer.key] = peer.title

    def _written(self, cells: list[Cell], done: int) -> Outcome:
        outcome = Outcome(
            plan=self.plan,
            cells=len(cells),
            done=done,
            measured=tuple(self.measured),
            peers=tuple(self.peers.items()),
            failures=self.failures,
            not_run=tuple(self.not_run),
            notes=tuple(self.notes),
        )
        write_outcome(outcome, self.options)
        return outcome


def _protocol(
    recipe: Recipe, options: Options, counts: dict[str, int], candidates: Candidates | None, metrics: dict[str, Any]
) -> str:
    """Everything that decides a number, in one line."""
    words = [f"preset {recipe.preset}", f"{recipe.features.backbone} ({recipe.features.weights or 'ImageNet weights'})"]
    trained = f"trained on {counts['trained']:,} rows"
    laid_out = counts["originals"] + counts["pseudo"]
    if counts["trained"] < laid_out:
        trained += f" drawn from {laid_out:,}"
    types = recipe.training_set.types or "all"
    words.append(f"{trained}: {counts['originals']:,} originals + {counts['pseudo']:,} pseudo-labelled, types {types}")
    if candidates is not None:
        words.append(f"{counts['selected']:,} of {candidates.count:,} candidates ({candidates.words})")
    if recipe.downsample.enabled:
        words.append(f"DRCDown left {counts['last_epoch']:,} in the last epoch")
    if recipe.downsample.index_bug:
        words.append("RELEASED INDEX BUG")
    if options.smoke:
        words.append("SMOKE")
    measured = f"n = {metrics['n']:,}, {metrics['rejected']} set aside"
    ends = metrics.get("srcc_interval", [None])  # a run finished by an earlier version has none
    if None not in ends:
        measured += ", SRCC's 95% interval over {} {:.4f} to {:.4f}".format(metrics["resampled"], *ends)
    return f"{metrics['protocol']}; {measured}; " + ", ".join(words)
