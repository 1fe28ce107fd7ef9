"""Whether a command line names a command there is, with options and arguments it takes; nothing is run."""

from __future__ import annotations

from typing import Any

import typer

from syndr.cli.main import app


def check(words: list[str]) -> None:
    """Check ``syndr ...``.

    Raises:
        AssertionError: For a command, an option or an argument that there is not, or one that is missing.
    """
    name, *rest = words
    assert name == "syndr", words
    command: Any = typer.main.get_command(app)
    path = [name]
    while rest and rest[0] in getattr(command, "commands", {}):
        path.append(rest[0])
        command, rest = command.commands[rest[0]], rest[1:]
    shown = " ".join(path)
    alone = getattr(command, "invoke_without_command", True) and not rest
    assert alone or not getattr(command, "commands", {}), f"{shown} has no command {rest[:1]}"
    try:
        given, extra, _ = command.make_parser(command.context_class(command, info_name=shown)).parse_args(list(rest))
    except Exception as error:  # typer's click, or the one installed: their errors have no common name
        raise AssertionError(f"{' '.join(words)}: {error}") from error
    assert not extra, f"{shown} takes no {extra}"
    missing = [each.name for each in command.params if each.required and given.get(each.name) in (None, ())]
    assert not missing, f"{' '.join(words)} lacks {missing}"
