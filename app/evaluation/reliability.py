"""The reliability diagram: what probabilities claim against what comes true, as a picture."""

from collections.abc import Sequence
from pathlib import Path

from app.errors import HandoffError
from app.evaluation.metrics import ReliabilityPoint, expected_calibration_error

INK, BAND = "#1f4e79", "#c9d8e8"


def draw_reliability(points: Sequence[ReliabilityPoint], path: Path, *, title: str) -> None:
    """Write a PNG. The library that draws is no part of the product, but of its development."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 (heavy, and not always there)
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise HandoffError("drawing needs matplotlib, which is not installed; run: make dev") from error
    figure = Figure(figsize=(5.2, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    claimed, counts = [point.claimed for point in points], [point.count for point in points]
    upper.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--", label="as good as its word")
    upper.plot(claimed, [point.true for point in points], color=INK, marker="o", label="observed")
    error_found = expected_calibration_error(points)
    upper.set(title=title, ylabel="share that was right", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    upper.legend(title=f"expected calibration error {error_found:.4f}", loc="upper left", frameon=False)
    lower.bar(claimed, counts, width=0.04, color=BAND, edgecolor=INK)
    lower.set(xlabel="probability claimed", ylabel="how many")
    if counts:
        lower.set_yscale("log")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Neither date nor version of the library in the file: the same figures make the same bytes.
    figure.savefig(path, dpi=120, metadata={"Software": None})
