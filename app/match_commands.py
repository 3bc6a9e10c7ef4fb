"""`handoff match`: how good the matcher is, where the truth is known. Heavy parts are imported by their command."""

# ruff: noqa: PLC0415 (imports inside commands, for the reason above)

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.errors import InputError
from app.settings import Settings

if TYPE_CHECKING:
    from app.evaluation.comparators import Record

match_cli = typer.Typer(no_args_is_help=True, help="The matcher: how good it is, and its training.")
evaluate_cli = typer.Typer(help="Precision, recall and calibration, where the truth is known.")
match_cli.add_typer(evaluate_cli, name="evaluate")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OneToOne = Annotated[
    bool | None,
    typer.Option(
        "--one-to-one/--many", help="Whether a record has at most one partner. Without it, the files themselves tell."
    ),
]
Diagram = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the reliability diagram as a PNG.")]


@evaluate_cli.callback(invoke_without_command=True)
def evaluate_files(
    context: typer.Context,
    *,
    left: Annotated[Path | None, typer.Option(metavar="A.csv", help="One file of records.")] = None,
    right: Annotated[Path | None, typer.Option(metavar="B.csv", help="The file to link it with.")] = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="PAIRS.csv", help="Two columns: the ids of right pairs.")
    ] = None,
    columns: Annotated[
        Path | None, typer.Option(metavar="MAP.json", help='Our field names to your columns: {"surname": "lname"}.')
    ] = None,
    one_to_one: OneToOne = None,
    diagram: Diagram = None,
    as_json: AsJson = False,
) -> None:
    """Link two CSV files without looking at the truth, then hold the links against it."""
    if context.invoked_subcommand is not None:
        return
    if left is None or right is None or truth is None or columns is None:
        given = {"--left": left, "--right": right, "--truth": truth, "--columns": columns}
        missing = ", ".join(name for name, path in given.items() if path is None)
        raise InputError(
            missing, "not given; two files need --left, --right, --truth and --columns, or name a set: febrl4"
        )
    from app.evaluation.columns import read_column_maps
    from app.evaluation.files import read_records, read_truth

    of_left, of_right = read_column_maps(columns)
    ours, theirs = read_records(left, of_left, "--left"), read_records(right, of_right, "--right")
    pairs = read_truth(truth, ours, theirs)
    _evaluate(ours, theirs, pairs, one_to_one=one_to_one, diagram=diagram, as_json=as_json, title="two files")


@evaluate_cli.command("febrl4")
def evaluate_febrl4(
    *,
    fields: Annotated[str, typer.Option(help="Of name, address, date_of_birth, with commas.")] = "name,address",
    one_to_one: OneToOne = None,
    diagram: Diagram = None,
    as_json: AsJson = False,
) -> None:
    """FEBRL's two files of 5,000 people each, linked by names and addresses."""
    from app.evaluation.febrl import find_febrl4_truth, read_febrl4

    left, right = read_febrl4([field.strip() for field in fields.split(",") if field.strip()])
    truth = find_febrl4_truth(left, right)
    _evaluate(left, right, truth, one_to_one=one_to_one, diagram=diagram, as_json=as_json, title=f"febrl4, {fields}")


def _evaluate(
    left: "Sequence[Record]",
    right: "Sequence[Record]",
    truth: set[tuple[str, str]],
    *,
    one_to_one: bool | None,
    diagram: Path | None,
    as_json: bool,
    title: str,
) -> None:
    from app.evaluation.linkage import link
    from app.evaluation.linkage_report import report_linkage

    started = perf_counter()
    linkage = link(left, right, is_one_to_one=one_to_one)
    seconds = perf_counter() - started
    report = report_linkage(linkage, truth, records=(len(left), len(right)), seconds=seconds)
    if diagram is not None:
        from app.evaluation.reliability import draw_reliability

        draw_reliability(report.points, diagram, title=title)
    _print(report.figures, as_json=as_json)


def _print(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(figures))
        return
    width = max(len(name) for name in figures)
    for name, value in figures.items():
        typer.echo(f"{name:<{width}}  {value}")


@evaluate_cli.command("spoken")
def evaluate_spoken_callers(
    *,
    orders: Annotated[int, typer.Option(min=100, help="How many synthetic orders the mirror holds.")] = 100_000,
    calls: Annotated[int, typer.Option(min=1, help="How many noisy calls are made.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Draws the callers. Training has its own: 1001 and up.")] = 1,
    diagram: Diagram = None,
    as_json: AsJson = False,
) -> None:
    """Synthetic callers with the faults of speech, on a mirror of any size. Filling a large one takes minutes, once."""
    from app.adapters.weights_file import load_weights
    from app.evaluation.spoken_report import evaluate_spoken
    from app.evaluation.synthetic_mirror import synthetic_mirrors

    settings = Settings.load()
    weights = load_weights(settings.weights_file)
    with synthetic_mirrors(settings.data_dir / "evaluation") as mirrors:
        figures, points = evaluate_spoken(mirrors, weights, orders=orders, calls=calls, seed=seed)
    if diagram is not None:
        from app.evaluation.reliability import draw_reliability

        draw_reliability(points, diagram, title=f"{calls} spoken calls, {orders} orders, seed {seed}")
    _print(figures, as_json=as_json)


@match_cli.command("train")
def train(
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the weights go; name it in HANDOFF_WEIGHTS_FILE.")],
    version: Annotated[str, typer.Option(help="Every decision will record it, e.g. acme-1 2026-11.")],
    synthetic: Annotated[
        int, typer.Option(min=0, help="Learn from so many synthetic calls instead of this deployment's own.")
    ] = 0,
    orders: Annotated[int, typer.Option(min=100, help="With --synthetic: the size of the mirror.")] = 100_000,
    seed: Annotated[int, typer.Option(help="With --synthetic: draws the callers.")] = 1001,
    as_json: AsJson = False,
) -> None:
    """Learn the weights of matching from calls, without known answers, and from reviewers' decisions on them."""
    from app.adapters.weights_file import dump_weights, load_weights
    from app.evaluation.recorded import run_recorded
    from app.evaluation.spoken import run_synthetic
    from app.evaluation.training import learn

    settings = Settings.load()
    start = load_weights(settings.weights_file)
    cases, others = (
        run_synthetic(settings.data_dir / "evaluation", orders=orders, calls=synthetic, seed=seed)
        if synthetic
        else run_recorded(settings)
    )
    if len(cases) < FEWEST_CALLS:
        raise InputError("calls", f"only {len(cases)} to learn from; it takes {FEWEST_CALLS}, or --synthetic 20000")
    learnt = learn(cases, others, version=version, start=start)
    out.write_text(dump_weights(learnt.weights))
    _print(
        {
            "version": version,
            "calls": learnt.cases,
            "decided_by_reviewers": learnt.answered,
            "rounds": learnt.fitted.rounds,
            "in_mirror": round(learnt.weights.in_mirror, 4),
            "file": str(out),
        },
        as_json=as_json,
    )


# With fewer calls the starting weights know better.
FEWEST_CALLS = 200
