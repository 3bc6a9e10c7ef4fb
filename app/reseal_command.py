"""`handoff reseal`: seal with the first master key what was stored before it."""

# ruff: noqa: PLC0415 (imports inside commands, as in __main__)

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.log import configure_logging
from app.settings import Settings

if TYPE_CHECKING:
    from app.services.reseal import Resealed


def reseal(*, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Seal with the first master key what was stored before it; afterwards the older keys can be left out."""
    settings = Settings.load()
    configure_logging(settings.log_level)
    settings.require("master_key")
    done = _reseal(settings)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    typer.echo(
        f"{done.deliveries} deliveries, {done.transcripts} transcripts, {done.recordings} recordings sealed anew"
    )
    if done.keys_retired:
        typer.echo(f"keys no longer needed: {', '.join(done.keys_retired)}")


def _reseal(settings: Settings) -> "Resealed":
    from app.bootstrap import build_adapters, open_parts
    from app.db.opening import open_database
    from app.services import reseal as service

    adapters = build_adapters(settings)

    async def run(url: str) -> "Resealed":
        async with open_parts(settings, adapters, url, keeps_policy=False) as parts:
            return await service.reseal(parts)

    with open_database(settings) as database:
        return asyncio.run(run(database.url))
