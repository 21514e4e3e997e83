"""Pictures: what is drawn, on which Axes, and what is refused."""

from __future__ import annotations

import json

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

import pdist
import pdist.distributions as D
from pdist import plotting


@pytest.fixture
def ax():
    """An Axes that is closed afterwards, with whatever else a test left open."""
    figure, axes = plotting.subplots()
    yield axes
    figure.canvas.draw()  # what was drawn can be rendered, without a warning
    plt.close("all")


# --- Distributions --------------------------------------------------------------------------------


def test_a_density_is_drawn_where_the_probability_is(ax) -> None:
    assert plotting.plot_distribution(D.Normal(100.0, 0.01), ax=ax) is ax
    (line,) = ax.lines
    x, y = line.get_data()
    assert abs(np.trapezoid(y, x) - 1) < 0.01
    assert ax.get_legend() is None


def test_a_batch_gets_a_curve_and_a_legend_entry_each(ax) -> None:
    plotting.plot_distribution(D.Normal(0.0, np.array([[1.0, 2.0], [3.0, 4.0]])), ax=ax)
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert entries == ["scale=1", "scale=2", "scale=3", "scale=4"]
    assert len({line.get_color() for line in ax.lines}) == 4


def test_a_narrow_component_keeps_its_peak(ax) -> None:
    mixture = D.MixtureSameFamily(
        D.Categorical(np.array([0.5, 0.5])), D.Normal(np.array([0.0, 1.0]), np.array([1.0, 1e-4]))
    )
    plotting.plot_distribution(mixture, ax=ax)
    peak = mixture.prob(1.0).item()
    assert ax.lines[0].get_ydata().max() > 0.9 * peak


@pytest.mark.parametrize("what", ["prob", "log_prob", "cdf", "log_cdf", "survival_function"])
def test_every_curve_can_be_asked_for(ax, what: str) -> None:
    d = D.Normal(0.0, 1.0)
    plotting.plot_distribution(d, what=what, ax=ax)
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(y, getattr(d, what)(x.astype(d.dtype)).array, rtol=1e-5)


def test_probabilities_of_integers_are_stems(ax) -> None:
    plotting.plot_distribution(D.Poisson(2.5), ax=ax)
    _stalks, line = ax.lines
    assert line.get_linestyle() == "None"
    np.testing.assert_array_equal(line.get_xdata(), np.round(line.get_xdata()))
    assert abs(line.get_ydata().sum() - 1) < 1e-2
    assert ax.get_ylabel() == "P(X = x)"


def test_the_end_of_a_bounded_support_ends_the_picture(ax) -> None:
    plotting.plot_distribution(D.Categorical(np.array([0.2, 0.5, 0.3])), ax=ax)
    assert list(ax.lines[1].get_xdata()) == [0, 1, 2]


def test_a_distribution_without_icdf_is_looked_for_by_its_draws(ax) -> None:
    class Triangle(D.Distribution):
        width = D.Param(D.supports.positive)
        support = D.supports.positive

        def _log_prob(self, x):
            return pdist.functions.log(2 * x / self.width) - pdist.functions.log(self.width)

        def _mean(self):
            return self.width * (2 / 3)

        def _sample(self, shape, rng):
            return self.width * rng.random(shape) ** 0.5

    plotting.plot_distribution(Triangle(np.array(3.0)), ax=ax)
    assert 2.9 < ax.lines[0].get_xdata().max() < 3.3


def test_vectors_are_refused(ax) -> None:
    d = D.Independent(D.Normal(np.zeros(2), 1.0), 1)
    with pytest.raises(ValueError, match=r"plot_distribution: Independent has event shape \(2,\)"):
        plotting.plot_distribution(d, ax=ax)


def test_an_unknown_curve_is_refused(ax) -> None:
    with pytest.raises(ValueError, match="'density'; expected one of prob"):
        plotting.plot_distribution(D.Normal(0.0, 1.0), what="density", ax=ax)


def test_a_wrong_number_of_labels_is_refused(ax) -> None:
    with pytest.raises(ValueError, match="got 1 labels for 2 distributions"):
        plotting.plot_distribution(D.Normal(np.zeros(2), 1.0), labels=["one"], ax=ax)


# --- Data -----------------------------------------------------------------------------------------


def test_a_histogram_follows_the_density(ax) -> None:
    d = D.Normal(0.0, 1.0)
    plotting.plot_histogram(d.sample(2000, rng=0), d, ax=ax)
    heights = np.array([bar.get_height() for bar in ax.patches])
    widths = np.array([bar.get_width() for bar in ax.patches])
    assert abs((heights * widths).sum() - 1) < 1e-6
    assert len(ax.get_legend().get_texts()) == 2


def test_a_discrete_histogram_has_a_bar_an_integer(ax) -> None:
    d = D.Poisson(3.0)
    plotting.plot_histogram(d.sample(500, rng=0), d, ax=ax)
    centres = np.array([bar.get_x() + bar.get_width() / 2 for bar in ax.patches])
    np.testing.assert_allclose(centres, np.round(centres), atol=1e-9)


def test_bands_hold_their_probability(ax) -> None:
    x = np.linspace(0.1, 1, 20)
    d = D.Normal(x, x)
    plotting.plot_bands(x, d, data=(x, x), levels=(0.5,), ax=ax)
    vertices = ax.collections[1].get_paths()[0].vertices
    top = vertices[np.isclose(vertices[:, 0], 1.0), 1].max()
    assert abs(d[-1].cdf(top).item() - 0.75) < 1e-6


@pytest.mark.parametrize("n_components", [1, 2])
def test_bands_of_vectors_of_length_one(ax, n_components: int) -> None:
    x = np.linspace(0.1, 1, 20)
    parts = D.Independent(D.Normal(x[:, None, None] * np.ones((1, n_components, 1)), 1.0), 1)
    weights = D.Categorical(np.full((20, n_components), 1 / n_components))
    for dist in (D.MixtureSameFamily(weights, parts), parts[:, 0]):
        plotting.plot_bands(x, dist, ax=ax)
        np.testing.assert_allclose(ax.lines[-1].get_ydata(), x)


def test_bands_want_a_distribution_for_each_x(ax) -> None:
    with pytest.raises(ValueError, match="x has 3 values, and Normal is 2 distributions"):
        plotting.plot_bands(np.arange(3), D.Normal(np.zeros(2), 1.0), ax=ax)


# --- Planes and images ----------------------------------------------------------------------------


def test_a_map_has_its_lowest_row_below(ax) -> None:
    plotting.plot_map(lambda points: points[:, 1], extent=(0, 1, 0, 2), ax=ax)
    image = ax.images[0]
    assert image.origin == "lower"
    assert image.get_array()[0].max() == 0 and image.get_array()[-1].min() == 2


def test_a_map_of_a_variable_can_be_contoured(ax) -> None:
    z = pdist.Variable(np.outer(np.arange(4.0), np.arange(5.0)))
    plotting.plot_map(z, contour=3.0, label="z", ax=ax)


def test_a_map_wants_two_axes(ax) -> None:
    with pytest.raises(ValueError, match=r"values has shape \(3,\)"):
        plotting.plot_map(np.zeros(3), ax=ax)


def test_points_are_coloured_by_class_and_named(ax) -> None:
    points = np.random.default_rng(0).normal(size=(40, 2))
    plotting.plot_points(points, np.arange(40) % 10, mark_centres=True, ax=ax)
    assert len(ax.collections) == 10
    assert [text.get_text() for text in ax.texts] == [str(i) for i in range(10)]


def test_images_lie_row_by_row(ax) -> None:
    images = np.arange(5.0)[:, None] * np.ones((1, 4)) / 5
    plotting.plot_images(images, columns=3, row_labels=["first", "second"], ax=ax)
    sheet = ax.images[0].get_array()
    assert sheet.shape == (4, 6)
    assert sheet[0, 5] == pytest.approx(0.4) and sheet[3, 0] == pytest.approx(0.6) and sheet[3, 5] == 0
    assert [text.get_text() for text in ax.get_yticklabels()] == ["first", "second"]


# --- Training -------------------------------------------------------------------------------------


def test_a_log_is_drawn_key_by_key(ax, tmp_path) -> None:
    path = tmp_path / "log.jsonl"
    entries = [{"epoch": i, "main/loss": 1 / i, "validation/loss": 2 / i, "lr": 0.1} for i in (1, 2, 3)]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    plotting.plot_log(path, ax=ax)
    assert [line.get_label() for line in ax.lines] == ["main/loss", "validation/loss"]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [2, 1, 2 / 3])


def test_an_unfinished_last_line_is_left_out(tmp_path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"epoch": 1}\n{"epo')
    assert plotting.read_log(path) == [{"epoch": 1}]


def test_a_broken_line_is_named(tmp_path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"epoch": 1}\nnonsense\n{"epoch": 2}\n')
    with pytest.raises(ValueError, match=r"log\.jsonl, line 2"):
        plotting.read_log(path)


def test_a_missing_key_is_named_with_those_there_are(ax) -> None:
    with pytest.raises(KeyError, match="'elbo'; they have epoch, loss"):
        plotting.plot_log([{"epoch": 1, "loss": 2.0}], keys=["elbo"], ax=ax)


# --- Manners --------------------------------------------------------------------------------------


def test_without_an_ax_the_current_one_is_drawn_on() -> None:
    figure, expected = plt.subplots()
    assert plotting.plot_distribution(D.Normal(0.0, 1.0)) is expected
    plt.close(figure)


def test_the_style_stays_inside() -> None:
    before = dict(matplotlib.rcParams)
    figure, _ = plotting.subplots()
    plotting.close(figure)
    with plotting.style():
        assert matplotlib.rcParams["axes.spines.top"] is False
    assert dict(matplotlib.rcParams) == before


def test_save_makes_the_folder_and_closes(tmp_path) -> None:
    figure, axes = plotting.subplots()
    path = plotting.save(axes, tmp_path / "pictures" / "empty.png")
    assert (tmp_path / "pictures" / "empty.png").read_bytes()[:4] == b"\x89PNG"
    assert path.endswith("empty.png")
    assert not plt.fignum_exists(figure.number)


def test_nothing_is_shown(ax, monkeypatch) -> None:
    monkeypatch.setattr(plt, "show", lambda *args, **kwargs: pytest.fail("show() was called"))
    plotting.plot_distribution(D.Normal(0.0, 1.0), ax=ax)


def test_drawing_leaves_no_graph_and_no_gradient(ax) -> None:
    loc = pdist.Variable(np.array(0.0))
    plotting.plot_distribution(D.Normal(loc, 1.0), ax=ax)
    assert loc.grad is None
