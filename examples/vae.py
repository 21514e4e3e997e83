"""Variational autoencoder: handwritten digits from two latent dimensions, or from twenty."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script: make the shared modules importable
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import pdist
import pdist.distributions as D
import pdist.functions as F
import pdist_nn as nn
import pdist_nn.links as L
from examples.common import DATA, Report, options, train
from pdist import plotting

# --- The models -------------------------------------------------------------------------------------


class Encoder(nn.Chain):
    """q(z | x): a Normal for each latent dimension."""

    def __init__(self, n_in: int, n_latent: int, n_h: int) -> None:
        super().__init__()
        with self.init_scope():
            self.linear = L.Linear(n_in, n_h)
            self.mu = L.Linear(n_h, n_latent)
            self.ln_sigma = L.Linear(n_h, n_latent)

    def forward(self, x: Any) -> D.Normal:
        h = F.tanh(self.linear(x))
        return D.Normal(loc=self.mu(h), log_scale=self.ln_sigma(h))


class Decoder(nn.Chain):
    """p(x | z): a Bernoulli for each pixel; grey counts as a fraction of black.

    Args:
        n_in: number of pixels.
        n_latent: number of latent dimensions.
        n_h: number of hidden units.
        initial_bias: the initial logits.
    """

    def __init__(self, n_in: int, n_latent: int, n_h: int, initial_bias: Any = None) -> None:
        super().__init__()
        with self.init_scope():
            self.linear = L.Linear(n_latent, n_h)
            self.output = L.Linear(n_h, n_in, initial_bias=initial_bias)

    def forward(self, z: Any) -> D.Bernoulli:
        n_batch_axes = z.ndim - 1
        h = F.tanh(self.linear(z, n_batch_axes=n_batch_axes))
        return D.Bernoulli(logit=self.output(h, n_batch_axes=n_batch_axes))


class Prior(nn.Link):
    """p(z): Normal(0, 1) for each latent dimension."""

    def __init__(self, n_latent: int) -> None:
        super().__init__()
        self.loc, self.scale = np.zeros(n_latent, np.float32), np.ones(n_latent, np.float32)
        self.register_persistent("loc")
        self.register_persistent("scale")

    def forward(self) -> D.Normal:
        return D.Normal(self.loc, scale=self.scale)


class AvgELBOLoss(nn.Chain):
    """Minus the evidence lower bound, the mean over a batch, with k draws of z for each x.

    Args:
        encoder: q(z | x).
        decoder: p(x | z).
        prior: p(z).
        beta: weight of the divergence; 1 gives the bound.
        k: number of draws.
    """

    def __init__(
        self, encoder: Encoder, decoder: Decoder, prior: Prior, beta: float = 1.0, k: int = 1
    ) -> None:
        super().__init__()
        self.beta, self.k = beta, k
        with self.init_scope():
            self.encoder, self.decoder, self.prior = encoder, decoder, prior

    def forward(self, x: Any) -> pdist.Variable:
        q_z = self.encoder(x)
        z = q_z.sample(self.k)  # [k, B, latent]
        reconstr = F.mean(F.sum(self.decoder(z).log_prob(x), axis=-1))
        kl_penalty = F.mean(F.sum(pdist.kl_divergence(q_z, self.prior()), axis=-1))
        loss = -(reconstr - self.beta * kl_penalty)
        nn.reporter.report({"loss": loss, "reconstr": reconstr, "kl_penalty": kl_penalty}, self)
        return loss


class Autoencoder(nn.Chain):
    """The same two networks without the noise and without the divergence."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        with self.init_scope():
            self.encoder, self.decoder = encoder, decoder

    def forward(self, x: Any) -> pdist.Variable:
        loss = -F.mean(F.sum(self.decoder(self.encoder(x).mean).log_prob(x), axis=-1))
        nn.reporter.report({"loss": loss}, self)
        return loss


# --- The digits -------------------------------------------------------------------------------------


def load(path: Path | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training images, test images (float32 from 0 to 1, of shape ``[N, 784]``) and the test labels.

    Args:
        path: a ``.npz`` with x_train, x_test and y_test; or a folder with the original IDX files, gzipped or
            not. By default the extract next to this script.
    """
    path = path or DATA / "mnist_6000.npz"
    if path.is_dir():
        train_images, test_images, labels = (
            read_idx(path, name)
            for name in ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
        )
    else:
        with np.load(path, allow_pickle=False) as file:
            train_images, test_images, labels = file["x_train"], file["x_test"], file["y_test"]
    flat = (
        images.reshape(len(images), 784).astype(np.float32) / 255 for images in (train_images, test_images)
    )
    return *flat, labels


def read_idx(folder: Path, name: str) -> np.ndarray:
    """The array in one of the original files.

    Two zero bytes, the type (8: bytes), the number of axes, each one's length in four bytes, then the data.
    """
    found = [path for ending in ("", ".gz") if (path := folder / (name + ending)).exists()]
    if not found:
        raise FileNotFoundError(f"there is neither {name} nor {name}.gz in {folder}")
    raw = found[0].read_bytes()
    if found[0].suffix == ".gz":
        raw = gzip.decompress(raw)
    if raw[:3] != b"\0\0\x08":
        raise ValueError(f"{found[0]} is not an IDX file of bytes: it begins with {raw[:4]!r}")
    shape = np.frombuffer(raw, ">u4", raw[3], offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


# --- Training ---------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Train two VAEs and an autoencoder; draw what they learned."""
    parser = options(__doc__, epochs=20)
    parser.add_argument("--data", type=Path, help="the full set: a .npz, or a folder of IDX files")
    parser.add_argument("--n-train", type=int, help="number of training images to use")
    args = parser.parse_args(argv)
    if args.quick:
        args.epochs, args.n_train = min(args.epochs, 2), 1000
    x_train, x_test, labels = load(args.data)
    x_train = x_train[: args.n_train]
    report = Report(
        args.out,
        "Variational autoencoder",
        f"{len(x_train):,} handwritten digits, {args.epochs} epochs; figures and pictures from "
        f"{len(x_test):,} others. One hidden layer of 500 on either side of 2 or of 20 latent numbers.",
    )
    pdist.random.seed(args.seed)

    # The decoder begins at the mean image. From zero its biases would take longer than the whole training to
    # say that most pixels are white, and one of the latents would have to say it for every image.
    mean = np.clip(x_train.mean(axis=0), 1e-3, 1 - 1e-3)
    bias = np.log(mean) - np.log1p(-mean)

    def networks(n_latent: int) -> tuple[Encoder, Decoder]:
        return Encoder(784, n_latent, 500), Decoder(784, n_latent, 500, bias)

    models: dict[str, Any] = {
        "ae": Autoencoder(*networks(2)),
        "vae": AvgELBOLoss(*networks(2), Prior(2)),
        "vae20": AvgELBOLoss(*networks(20), Prior(20)),
    }
    logs = {
        name: train(args, name, model, None, x_train, batch_size=100, validation_data=x_test)
        for name, model in models.items()
    }

    # Targets for 20 epochs of 5,000 images, or 5 of all.
    asked = {"vae": -170.0, "vae20": -124.0 if len(x_train) <= 5000 else -112.5}
    enough = args.epochs * len(x_train) >= 100_000
    for name, title in (("vae", "2 latents"), ("vae20", "20 latents")):
        last = plotting.read_log(logs[name])[-1]
        bound = asked[name] if enough else None
        report.figure(f"test ELBO, {title}", -last["validation/main/loss"], at_least=bound)
        report.figure(f"test log p(x | z), {title}", last["validation/main/reconstr"])
        report.figure(f"test KL(q(z | x) || p(z)), {title}", last["validation/main/kl_penalty"])
    last = plotting.read_log(logs["ae"])[-1]
    report.figure("test log p(x | z), autoencoder", -last["validation/main/loss"])

    with plotting.style():
        pictures(report, models, logs, x_test, labels, np.random.default_rng(args.seed))
    return report.close()


# --- Pictures ---------------------------------------------------------------------------------------


def pictures(
    report: Report, models: dict[str, Any], logs: dict[str, Path], x_test: Any, labels: Any, rng: Any
) -> None:
    """All pictures."""
    codes = {name: mean_code(models[name].encoder, x_test[:5000]) for name in models}
    decoders = {name: model.decoder for name, model in models.items()}
    picture_latent(report, codes, labels[:5000])
    shown = [int(np.flatnonzero(labels == digit)[0]) for digit in range(10)]
    rows = {"test digit": x_test[shown]}
    for name, title in (("ae", "autoencoder, 2"), ("vae", "VAE, 2"), ("vae20", "VAE, 20")):
        rows[title] = images(decoders[name], codes[name][shown])
    picture_reconstructions(report, rows)
    picture_planes(report, decoders, codes)
    picture_samples(report, decoders, rng)
    picture_training(report, logs)


def mean_code(encoder: Encoder, x: np.ndarray) -> np.ndarray:
    """The mean of q(z | x)."""
    with pdist.no_backprop_mode():
        return encoder(x).mean.array


def images(decoder: Decoder, z: np.ndarray) -> np.ndarray:
    """The decoder's probabilities of black for latent points ``[N, latent]``."""
    with pdist.no_backprop_mode():
        return decoder(z).mean.array


def picture_latent(report: Report, codes: dict[str, np.ndarray], labels: np.ndarray) -> None:
    """Where the test digits lie in the latent plane."""
    fig, axes = plotting.subplots(1, 3, size=(4.6, 4.5))
    cdf = D.Normal(np.float32(0), np.float32(1)).cdf(codes["vae"]).array
    shown = (("autoencoder", codes["ae"]), ("VAE", codes["vae"]), ("VAE, through the Normal's cdf", cdf))
    for ax, (title, z) in zip(axes, shown, strict=True):
        plotting.plot_points(z, labels, size=7, mark_centres=True, title=title, ax=ax)
        ax.set(xlabel="z0", ylabel="z1")
    for z, ax in zip((codes["ae"], codes["vae"]), axes, strict=False):
        (left, low), (right, high) = np.quantile(z, [0.002, 0.998], axis=0)
        ax.set(xlim=(left - 0.1 * (right - left), right + 0.1 * (right - left)))
        ax.set(ylim=(low - 0.1 * (high - low), high + 0.1 * (high - low)))
    report.picture(
        fig,
        "latent.png",
        "Where the test digits lie in the plane",
        "Each point is a test digit, coloured by its label, which training never saw. The autoencoder "
        "is free to spread them over the plane, with empty regions between. The VAE has to "
        "keep them near the origin, where the prior is; there similar digits meet. The cdf "
        "turns the prior into a uniform square, and shows which parts of it the digits fill.",
    )


def picture_reconstructions(report: Report, rows: dict[str, np.ndarray]) -> None:
    """Test digits and the models' reconstructions."""
    n = len(next(iter(rows.values())))
    fig, ax = plotting.subplots(size=(9.5, 0.95 * len(rows)))
    plotting.plot_images(np.concatenate(list(rows.values())), columns=n, row_labels=list(rows), ax=ax)
    report.picture(
        fig,
        "reconstructions.png",
        "Test digits and their reconstructions",
        "Two dimensions keep the kind of digit and its slant; twenty keep most of the handwriting.",
    )


def picture_planes(report: Report, decoders: dict[str, Decoder], codes: dict[str, np.ndarray]) -> None:
    """Digits decoded over the latent plane."""
    fig, axes = plotting.subplots(1, 2, size=(6.4, 6.7))
    n = 16
    p = np.linspace(0.02, 0.98, n)
    for ax, (kind, title) in zip(axes, (("ae", "autoencoder"), ("vae", "VAE")), strict=True):
        if kind == "vae":
            across = down = D.Normal(0.0, 1.0).icdf(p).array
        else:
            low, high = np.quantile(codes[kind], [0.02, 0.98], axis=0)
            across, down = np.linspace(low[0], high[0], n), np.linspace(low[1], high[1], n)
        z = np.stack(np.meshgrid(across, down[::-1]), axis=-1).reshape(-1, 2).astype(np.float32)
        plotting.plot_images(images(decoders[kind], z), columns=n, title=title, ax=ax)
        ax.set(xlabel="z0", ylabel="z1")
    report.picture(
        fig,
        "planes.png",
        "Digits decoded over the latent plane",
        "Every image is decoded from a point of a grid: for the VAE at equal steps of probability (by "
        "icdf), for the autoencoder over the rectangle where its codes lie. In the VAE's plane digits "
        "change smoothly into each other; the autoencoder's has regions without training codes, where "
        "no digit comes out.",
    )


def picture_samples(report: Report, decoders: dict[str, Decoder], rng: np.random.Generator) -> None:
    """Digits decoded from draws of the prior."""
    fig, axes = plotting.subplots(1, 2, size=(5.2, 5.4))
    for ax, (kind, title, size) in zip(
        axes, (("vae", "2 latents", 2), ("vae20", "20 latents", 20)), strict=True
    ):
        z = rng.standard_normal((100, size), dtype=np.float32)
        plotting.plot_images(images(decoders[kind], z), columns=10, title=title, ax=ax)
    report.picture(
        fig,
        "samples.png",
        "New digits, from the prior",
        "Decoded from draws of Normal(0, 1): digits that nobody wrote. With twenty latents they are "
        "sharper, but fewer of them look like digits, since the codes of real digits fill less of the "
        "space.",
    )


def picture_training(report: Report, logs: dict[str, Path]) -> None:
    """ELBO, reconstruction and divergence by epoch."""
    fig, axes = plotting.subplots(1, 3, size=(4.2, 3.2))
    shown = (("ELBO", "loss", -1), ("log p(x | z)", "reconstr", 1), ("KL(q(z | x) || p(z))", "kl_penalty", 1))
    for ax, (title, key, sign) in zip(axes, shown, strict=True):
        for i, (kind, label) in enumerate((("vae", "2 latents"), ("vae20", "20 latents"))):
            log = plotting.read_log(logs[kind])
            for part, line in (("main", "-"), ("validation/main", "--")):
                entries = [{"epoch": e["epoch"], "y": sign * e[f"{part}/{key}"]} for e in log]
                name = f"{label}, {'train' if part == 'main' else 'test'}"
                plotting.plot_log(entries, {"y": name}, linestyle=line, color=plotting.COLORS[i], ax=ax)
        ax.set_title(title)
    axes[0].set_ylabel("nats per image")
    for ax in axes[:-1]:  # the last has room between its curves
        ax.get_legend().remove()
    report.picture(
        fig,
        "training.png",
        "Training",
        "The bound, and the two terms whose difference it is: how well the code predicts the digit, "
        "minus how far the code's distribution is from the prior. Twenty latents say more about a "
        "digit, at a higher cost.",
    )


if __name__ == "__main__":
    main()
