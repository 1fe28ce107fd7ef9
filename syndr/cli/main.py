"""All commands in one application, and how it ends: 0 done, 1 failed, 2 bad arguments, 130 stopped by Ctrl-C."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from typing import Annotated

import typer

from syndr import __version__
from syndr._native import explain_lost_pages
from syndr.cli import curate, databases, features, figures, learn, pictures, scale, tables, target_types, thin, whole
from syndr.cli.console import note
from syndr.errors import InputError, SyndrError, lack_of_memory

app = typer.Typer(
    name="syndr",
    help="Reshape synthetic image-quality data: pick diverse references, synthesize, thin redundant clusters.",
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for module in (whole, pictures, features, curate, thin, learn, target_types, tables, figures, scale):
    for command in module.COMMANDS:
        app.command(command.__name__.replace("_", "-"))(command)
app.add_typer(features.store_app)
app.add_typer(databases.app, name="datasets")

# Typer carries its own copy of click in some versions and uses the installed one in others; both are told by their
# common ancestor of typer's own exceptions.
_UsageErrors: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException" and issubclass(base, Exception)
)

_STOPPED = 130

_MORE_MEMORY = (
    "what was finished is kept: give the process more memory, or use smaller batches, fewer threads or fewer rows, and "
    "run it again"
)
# Made beforehand: there may be no memory left to make it.
_DEAD_THREAD = f"error: not enough memory (one of the threads ended for lack of it); {_MORE_MEMORY}\n".encode()


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"syndr {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line and exit."""
    explain_lost_pages()
    before, threading.excepthook = threading.excepthook, _end_without_memory
    try:
        code = _run()
    finally:
        threading.excepthook = before
    if code == _STOPPED:
        note(
            "stopped; finished work is kept: extract, train, train-distortion-classifier, run, reproduce, demo and "
            "synthesize --materialize go on from there"
        )
    sys.exit(code)


def _run() -> int:
    try:
        code = app(standalone_mode=False)
    except _UsageErrors as error:
        note(f"error: {error.format_message()}")  # type: ignore[attr-defined]
        return 2
    except (KeyboardInterrupt, typer.Abort):  # some versions of typer give 130 themselves
        return _STOPPED
    except Exception as error:
        lacking = lack_of_memory(error)
        if lacking is not None:
            return _without_memory(error, lacking)
        if not isinstance(error, (SyndrError, OSError)):
            raise
        note(f"error: {error}")
        return 2 if isinstance(error, InputError) else 1
    return code if isinstance(code, int) else 0


def _without_memory(error: Exception, reason: str) -> int:
    # What the failed calls hold goes first: saying anything takes memory too.
    cause: BaseException | None = error
    while cause is not None:
        traceback.clear_frames(cause.__traceback__)
        cause = cause.__cause__
    note(f"error: not enough memory ({reason}); {_MORE_MEMORY}")
    if isinstance(error, SyndrError):  # a damaged file may claim to be larger than any memory: this names it
        note(f"it came up as: {error}")
    return 1


def _end_without_memory(dead: threading.ExceptHookArgs) -> None:
    """End the process when a thread dies of a lack of memory: a pool never notices, and waits for its work for ever."""
    if issubclass(dead.exc_type, MemoryError):
        os.write(2, _DEAD_THREAD)
        os._exit(1)
    threading.__excepthook__(dead)
