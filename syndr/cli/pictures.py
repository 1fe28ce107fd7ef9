"""Commands for single pictures: distort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from syndr.cli.console import Device, DncnnWeights, Json, Seed, bars, show
from syndr.errors import InputError
from syndr.virtual import check_types


def _picture_file(path: Path) -> Path:
    """Refuse a picture's name before the work, not after it."""
    from syndr.images import check_picture_suffix

    check_picture_suffix(path)
    return path


def distort(
    photo: Annotated[Path, typer.Argument(help="The picture to distort.", exists=True)],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The picture to write (.png or .bmp).", callback=_picture_file)
    ] = Path("sheet.png"),
    kind: Annotated[int | None, typer.Option("--type", help="Only this KADID type.")] = None,
    level: Annotated[int | None, typer.Option(help="Only this level.", min=1, max=5)] = None,
    dncnn_weights: DncnnWeights = None,
    device: Device = "cpu",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw a contact sheet of KADID's distortions of a picture: a row for each type, a column for each level.

    With --type or --level, the sheet has that row or column alone; with both there is no sheet, but the one distorted
    picture at its full size. The picture is always distorted whole, at its full size, and then scaled down for the
    sheet. A photograph of 24 megapixels takes minutes and 4 GB, so scale a very large one down first.

    Example: `syndr distort photo.jpg -o sheet.png`, `syndr distort photo.jpg --type 4 --level 3 -o diffused.png`
    """
    from syndr.distort import TYPES
    from syndr.distort import distort as distorted
    from syndr.images import decode, write_image
    from syndr.report.contact_sheet import contact_sheet

    if kind is not None:
        check_types([kind])
    if out.exists() and out.samefile(photo):
        raise InputError(f"{out}: this is the picture itself; choose another name for the result")
    types = list(TYPES) if kind is None else [kind]
    levels = [1, 2, 3, 4, 5] if level is None else [level]
    image = decode(photo).to(device)
    if kind is not None and level is not None:
        picture = distorted(image[None], kind, level, [seed], ids=[photo.name])[0]
    else:
        with bars() as progress:
            picture = contact_sheet(image, types, levels, seed, photo.name, progress)
    write_image(out, picture)
    height, width = picture.shape[-2:]
    result = {"picture": str(out), "types": types, "levels": levels, "width": width, "height": height, "seed": seed}
    show(result, as_json, f"{width} x {height} pixels: {out}")


COMMANDS = (distort,)
