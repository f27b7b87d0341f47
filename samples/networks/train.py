"""Trains the networks of this folder on ../scene.png alone, turned and mirrored.

    python3 samples/networks/train.py denoise|enlarge|edges [steps]

denoise.safetensors: a DnCNN of 9 layers with 8 channels, 4,531 weights, for Gaussian noise of a standard deviation of 10 to
30 levels. enlarge.safetensors: an ESPCN of 4 layers with 12 channels, 3,364 weights, that doubles the size of the luminance.
edges.safetensors: a U-Net of 2 levels with 6 channels, 16,771 weights, that finds the edges which a picture had before noise
of 5 to 50 levels was added to it.

Needs PyTorch, NumPy and Pillow. The seed is fixed; other versions of PyTorch may give other last digits.
"""
import json
import struct
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

folder = Path(__file__).resolve().parent
torch.manual_seed(1)
torch.set_num_threads(1)
random = np.random.default_rng(1)


class DnCnn(nn.Module):
    rate = 4e-3
    channels, size, side, steps = 3, 16, 40, 6000
    loss = staticmethod(functional.mse_loss)

    def __init__(self, channels=8, depth=9):
        super().__init__()
        layers = [nn.Conv2d(3, channels, 3, padding=1), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.Conv2d(channels, 3, 3, padding=1))

    def forward(self, x):
        return x - self.model(x)

    @staticmethod
    def pair(clean):
        return noisy(clean, 10, 30), clean


class Espcn(nn.Module):
    rate = 4e-3
    channels, size, side, steps = 1, 16, 64, 6000
    loss = staticmethod(functional.mse_loss)

    def __init__(self, channels=12):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 5, padding=2)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv3 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv4 = nn.Conv2d(channels, 4, 3, padding=1)

    def forward(self, x):
        for layer in (self.conv1, self.conv2, self.conv3):
            x = functional.relu(layer(x))
        return functional.pixel_shuffle(self.conv4(x), 2)

    @staticmethod
    def pair(clean):
        return functional.avg_pool2d(clean, 2), clean


class Unet(nn.Module):
    rate = 1e-2
    channels, size, side, steps = 3, 8, 128, 1500
    loss = staticmethod(functional.binary_cross_entropy)
    # its tensors do not say it
    meaning = {"convo.in-range": "0..1"}

    def __init__(self, features=6, levels=2):
        super().__init__()

        def block(name, short, taken, made):
            layers = []
            for i in (1, 2):
                layers.append((f"{short}conv{i}", nn.Conv2d(taken if i == 1 else made, made, 3, padding=1, bias=False)))
                layers.append((f"{short}norm{i}", nn.BatchNorm2d(made)))
                layers.append((f"{short}relu{i}", nn.ReLU()))
            self.add_module(name, nn.Sequential(OrderedDict(layers)))

        taken = 3
        self.levels = range(1, levels + 1)
        for i in self.levels:
            block(f"encoder{i}", f"enc{i}", taken, features << i - 1)
            taken = features << i - 1
        block("bottleneck", "bottleneck", taken, taken * 2)
        for i in reversed(self.levels):
            made = features << i - 1
            self.add_module(f"upconv{i}", nn.ConvTranspose2d(made * 2, made, 2, stride=2))
            block(f"decoder{i}", f"dec{i}", made * 2, made)
        self.conv = nn.Conv2d(features, 1, 1)

    def forward(self, x):
        beside = []
        for i in self.levels:
            beside.append(self.get_submodule(f"encoder{i}")(x))
            x = functional.max_pool2d(beside[-1], 2)
        x = self.bottleneck(x)
        for i in reversed(self.levels):
            x = torch.cat((self.get_submodule(f"upconv{i}")(x), beside.pop()), 1)
            x = self.get_submodule(f"decoder{i}")(x)
        return torch.sigmoid(self.conv(x))

    @staticmethod
    def pair(clean):
        """Crops of two scales and many contrasts and colours, with noise; and their edges without it."""
        clean = functional.avg_pool2d(clean, 2) if random.integers(0, 2) else clean[..., :64, :64]
        shape = (len(clean), 1, 1, 1)
        gain = torch.from_numpy(random.uniform(-1.2, 1.2, shape).astype(np.float32))
        middle = torch.from_numpy(random.uniform(0.3, 0.7, shape).astype(np.float32))
        clean = clean[:, torch.from_numpy(random.permutation(3))]
        clean = (middle + gain * (clean - clean.mean((1, 2, 3), keepdim=True))).clamp(0, 1)
        return noisy(clean, 5, 50), edges(clean)


def noisy(clean, least, most):
    """Adds Gaussian noise whose standard deviation is from `least` to `most` levels."""
    sigma = torch.from_numpy(random.uniform(least, most, (len(clean), 1, 1, 1)).astype(np.float32)) / 255
    return clean + sigma * torch.from_numpy(random.standard_normal(clean.shape).astype(np.float32))


def edges(clean):
    """Where the slope of a slightly blurred picture is steeper than on both sides: 1 at steep ones, 0 at gentle ones."""
    row = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    kernel = (row[:, None] * row).repeat(3, 1, 1, 1)
    padded = functional.pad(clean, (3, 3, 3, 3), mode="replicate")
    soft = functional.conv2d(padded, kernel, groups=3)
    dx = (soft[..., 1:-1, 2:] - soft[..., 1:-1, :-2]) / 2
    dy = (soft[..., 2:, 1:-1] - soft[..., :-2, 1:-1]) / 2
    squares, steepest = (dx**2 + dy**2).max(1, keepdim=True)
    slope = squares.sqrt()
    count, _, height, width = slope.shape
    across = torch.cat((dx.gather(1, steepest), dy.gather(1, steepest)), 1) / slope.clamp(min=1e-6)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")

    def beside(sign):
        at = torch.stack((x + sign * across[:, 0], y + sign * across[:, 1]), -1)
        at = at * torch.tensor([2 / (width - 1), 2 / (height - 1)]) - 1
        return functional.grid_sample(slope, at, padding_mode="border", align_corners=True)

    crest = (slope >= beside(1)) & (slope > beside(-1))
    line = crest * ((slope - 0.015) / 0.05).clamp(0, 1)
    return torch.maximum(line, functional.max_pool2d(line, 3, 1, 1) * 0.4)


kinds = {"denoise": DnCnn, "enlarge": Espcn, "edges": Unet}
name = sys.argv[1] if len(sys.argv) > 1 else ""
if name not in kinds:
    sys.exit(f"name one of {', '.join(kinds)}")
network = kinds[name]()
steps = int(sys.argv[2]) if len(sys.argv) > 2 else network.steps
mode = "RGB" if network.channels == 3 else "L"
picture = np.asarray(Image.open(folder.parent / "scene.png").convert("RGB").convert(mode), dtype=np.float32) / 255
picture = picture.reshape(*picture.shape[:2], network.channels)


def batch(size=network.size, side=network.side):
    crops = []
    for _ in range(size):
        y = random.integers(0, picture.shape[0] - side)
        x = random.integers(0, picture.shape[1] - side)
        crop = np.rot90(picture[y : y + side, x : x + side], random.integers(0, 4))
        crops.append(crop[:, ::-1] if random.integers(0, 2) else crop)
    clean = torch.from_numpy(np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2)))
    return network.pair(clean)


optimizer = torch.optim.Adam(network.parameters(), lr=network.rate)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
for step in range(steps):
    given, wanted = batch()
    loss = network.loss(network(given), wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 100 == 0:
        print(f"{step}: {loss.item():.6f}", flush=True)

about = {"format": "pt", "trained by": "samples/networks/train.py", **getattr(network, "meaning", {})}
header, blobs, start = {"__metadata__": about}, [], 0
for key, tensor in network.state_dict().items():
    if key.endswith("num_batches_tracked"):
        continue
    data = tensor.numpy().astype("<f4").tobytes()
    header[key] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [start, start + len(data)]}
    blobs.append(data)
    start += len(data)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
path = folder / f"{name}.safetensors"
path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
print(f"{path}: {sum(p.numel() for p in network.parameters())} weights")
