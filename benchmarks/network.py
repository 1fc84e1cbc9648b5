"""The block classifier as a torch module, how it is trained, and how its weights are written.

The same network as `dedupe.chrome.model`, which runs it in numpy. It is trained twice: what networks that
have not seen a page say of it softens the page's labels (gold disagrees on captions, headlines, credits) and
stands in for those that are unknown; then the final one learns from that. One thread and fixed seeds:
the same samples give the same weights.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from blockdata import Sample, token_weights
from torch import Tensor, nn

from dedupe.chrome import model
from dedupe.chrome.features.matrix import NAMES

NAME_COLUMNS = [at for at, name in enumerate(NAMES) if " " in name and "<" not in name]
LEXICON_COLUMNS = [at for at, name in enumerate(NAMES) if name.startswith("lexicon:")]
INNER_FOLDS, INNER_SALT = 3, "inner"
OWN_SHARE = {
    "generated": 0.6,
    "bare": 0.4,
    "twice": 1.5,
    "sites": 0.4,
    "clean": 0.3,
}  # what a page of these sets counts; else by the size of its set


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. `overlap` weighs the page's soft F1 against the blocks' cross entropy."""

    epochs: int = 16
    batch: int = 8
    rate: float = 2.5e-3
    decay: float = 3e-2
    dropout: float = 0.25
    column_dropout: float = 0.1
    overlap: float = 1.0
    blind: float = 0.25  # share of pages seen without class names (and half as many without lexicons)
    soften: float = 0.4  # share of a label that is the belief of networks which have not seen the page
    seed: int = 0


class Network(nn.Module):
    """Features of many pages, padded to one length, to log-odds a block."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        width, far, taps = model.WIDTH, model.FAR, model.TAPS
        self.first = nn.Linear(len(NAMES), width)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, taps, padding=taps // 2 * reach, dilation=reach)
            for reach in model.DILATIONS
        )
        self.far = nn.Linear(width, far)
        self.last = nn.Linear(2 * width + 2 * far, width)
        self.out = nn.Linear(width, 1)
        self.dropout = nn.Dropout(recipe.dropout)
        self.column_dropout = nn.Dropout(recipe.column_dropout)

    def forward(self, pages: Tensor, mask: Tensor) -> Tensor:
        """`pages` (pages, blocks, features) and `mask` (pages, blocks): log-odds (pages, blocks)."""
        there = mask.unsqueeze(-1)
        hidden = torch.relu(self.first(pages * _whole_columns(self.column_dropout, pages))) * there
        for convolution in self.convolutions:
            seen = (hidden * _whole_columns(self.dropout, hidden)).transpose(1, 2)
            hidden = hidden + torch.relu(convolution(seen)).transpose(1, 2) * there
        page = (hidden.sum(1, keepdim=True) / there.sum(1, keepdim=True)).expand_as(hidden)
        away = torch.relu(self.far(hidden)) * there
        above, below = torch.cummax(away, 1)[0], torch.cummax(away.flip(1), 1)[0].flip(1)
        seen = torch.relu(self.last(torch.cat([hidden, page, above, below], -1)))
        margins: Tensor = self.out(self.dropout(seen)).squeeze(-1)
        return margins


def _whole_columns(dropout: nn.Dropout, values: Tensor) -> Tensor:
    """A dropout mask that drops a value in all blocks of a page at once."""
    mask: Tensor = dropout(torch.ones(len(values), 1, values.shape[2]))
    return mask


def train(samples: Sequence[Sample], recipe: Recipe) -> model.Model:
    """Train a network on these samples, their labels softened by other networks."""
    if not recipe.soften:
        return train_once(samples, recipe)
    softened = list(samples)
    for fold in range(INNER_FOLDS):
        others = [sample for sample in samples if sample.fold(INNER_FOLDS, INNER_SALT) != fold]
        trained = train_once(others, recipe)
        for at, sample in enumerate(samples):
            if sample.fold(INNER_FOLDS, INNER_SALT) == fold:
                softened[at] = _softened(sample, trained.score(sample.matrix), recipe.soften)
    return train_once(softened, recipe)


def _softened(sample: Sample, beliefs: model.Array, share: float) -> Sample:
    """The sample with labels mixed with beliefs; unknown labels become beliefs, and count a third."""
    known = sample.labels >= 0
    if known.all():
        labels = (1 - share) * np.clip(sample.labels, 0, 1) + share * beliefs
        return replace(sample, labels=labels.astype(np.float32))
    mixed = np.where(known, (1 - share / 2) * sample.labels + share / 2 * beliefs, beliefs)
    weights = np.where(known, sample.weights, token_weights(beliefs, sample.tokens) / 3)
    return replace(sample, labels=mixed.astype(np.float32), weights=weights.astype(np.float32))


def train_once(samples: Sequence[Sample], recipe: Recipe) -> model.Model:
    """Train a network on these samples as they are labelled."""
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    network = Network(recipe)
    every = np.concatenate([sample.matrix for sample in samples])
    mean, deviation = every.mean(0), every.std(0) + 0.05
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps = recipe.epochs * -(-len(samples) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps, pct_start=0.15)
    counts = _shares(samples)
    for _ in range(recipe.epochs):
        for batch in _batches(samples, recipe.batch, rng):
            tensors = _tensors(batch, mean, deviation, recipe, rng)
            loss = (_losses(network, tensors, recipe) * torch.tensor([counts[s.group] for s in batch])).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return model.unpack(_flat(network.eval(), mean, deviation))


def _shares(samples: Sequence[Sample]) -> dict[str, float]:
    """Pages of small sets count more, as the sets count alike in the end: by the root of their size."""
    counts = Counter(sample.group for sample in samples)
    middle = len(samples) / len(counts)
    return {name: OWN_SHARE.get(name, (middle / count) ** 0.5) for name, count in counts.items()}


def _batches(samples: Sequence[Sample], size: int, rng: random.Random) -> list[list[Sample]]:
    ordered = sorted(samples, key=lambda sample: len(sample.labels) + rng.random() * 40)
    batches = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    rng.shuffle(batches)
    return batches


def _tensors(
    batch: Sequence[Sample], mean: Any, deviation: Any, recipe: Recipe, rng: random.Random
) -> list[Tensor]:
    """Features, labels, weights, mask and tokens of the pages, padded to the longest."""
    length = max(len(sample.labels) for sample in batch)
    pages = np.zeros((len(batch), length, len(NAMES)), np.float32)
    rest = np.zeros((4, len(batch), length), np.float32)
    for at, sample in enumerate(batch):
        count = len(sample.labels)
        values = (sample.matrix - mean) / deviation
        if rng.random() < recipe.blind:
            values[:, NAME_COLUMNS] = 0
        elif rng.random() < recipe.blind:
            values[:, rng.sample(NAME_COLUMNS, len(NAME_COLUMNS) // 4)] = 0
        if rng.random() < recipe.blind / 2:
            values[:, LEXICON_COLUMNS] = 0
        pages[at, :count] = values
        known = sample.case["kind"] in ("text", "labels")
        columns = (np.clip(sample.labels, 0, 1), sample.weights, 1, sample.tokens if known else 0)
        for row, column in zip(rest, columns, strict=True):
            row[at, :count] = column
    return [torch.from_numpy(pages), *(torch.from_numpy(row) for row in rest)]


def _losses(network: Network, tensors: Sequence[Tensor], recipe: Recipe) -> Tensor:
    """One loss a page: cross entropy of its blocks, and one minus its soft F1 where all gold is known."""
    pages, labels, weights, mask, tokens = tensors
    margins = network(pages, mask)
    entropy = nn.functional.binary_cross_entropy_with_logits(margins, labels, reduction="none")
    beliefs = torch.sigmoid(margins)
    gold = (labels * tokens).sum(1)
    overlap = 2 * (beliefs * labels * tokens).sum(1) / ((beliefs * tokens).sum(1) + gold + 1e-3)
    return (entropy * weights).sum(1) + recipe.overlap * (1 - overlap) * (gold > 0)


def _flat(network: Network, mean: Any, deviation: Any) -> npt.NDArray[np.float16]:
    """The weights in the order of `model.SHAPES`, with the scaling of the features folded in."""
    first = _array(network.first.weight).T
    parts = [mean, first / deviation[:, None], _array(network.first.bias) - (mean / deviation) @ first]
    for convolution in network.convolutions:
        parts += [_array(convolution.weight).transpose(2, 1, 0), _array(convolution.bias)]
    for layer in (network.far, network.last, network.out):
        parts += [_array(layer.weight).T, _array(layer.bias)]
    return np.concatenate([part.ravel() for part in parts]).astype(np.float16)


def _array(tensor: Any) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = tensor.detach().numpy().astype(np.float64)
    return values


def flat(trained: model.Model) -> npt.NDArray[np.float16]:
    """The vector of a weight file that holds this model."""
    return np.concatenate([array.ravel() for arrays in trained.networks for array in arrays]).astype(
        np.float16
    )
