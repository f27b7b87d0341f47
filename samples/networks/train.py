"""Trains the networks of this folder on ../scene.png alone, turned and mirrored.

    python3 samples/networks/train.py denoise|enlarge [steps]

denoise.safetensors: a DnCNN of 9 layers with 8 channels, 4,531 weights, for Gaussian noise of a standard deviation of 10 to
30 levels. enlarge.safetensors: an ESPCN of 4 layers with 12 channels, 3,364 weights, that doubles the size of the luminance.

Needs PyTorch, NumPy and Pillow. The seed is fixed; other versions of PyTorch may give other last digits.
"""
import json
import struct
import sys
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
    channels, side = 3, 40

    def __init__(self, channels=8, depth=9):
        super().__init__()
        layers = [nn.Conv2d(3, channels, 3, padding=1), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.Conv2d(channels, 3, 3, padding=1))

    def forward(self, x):
        return x - self.model(x)

    @staticmethod
    def worsen(clean):
        sigma = torch.from_numpy(random.uniform(10, 30, (len(clean), 1, 1, 1)).astype(np.float32)) / 255
        return clean + sigma * torch.from_numpy(random.standard_normal(clean.shape).astype(np.float32))


class Espcn(nn.Module):
    rate = 4e-3
    channels, side = 1, 64

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
    def worsen(clean):
        return functional.avg_pool2d(clean, 2)


kinds = {"denoise": DnCnn, "enlarge": Espcn}
name = sys.argv[1] if len(sys.argv) > 1 else ""
if name not in kinds:
    sys.exit(f"name one of {', '.join(kinds)}")
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 6000
network = kinds[name]()
mode = "RGB" if network.channels == 3 else "L"
picture = np.asarray(Image.open(folder.parent / "scene.png").convert("RGB").convert(mode), dtype=np.float32) / 255
picture = picture.reshape(*picture.shape[:2], network.channels)


def batch(size=16, side=network.side):
    crops = []
    for _ in range(size):
        y = random.integers(0, picture.shape[0] - side)
        x = random.integers(0, picture.shape[1] - side)
        crop = np.rot90(picture[y : y + side, x : x + side], random.integers(0, 4))
        crops.append(crop[:, ::-1] if random.integers(0, 2) else crop)
    clean = torch.from_numpy(np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2)))
    return clean, network.worsen(clean)


optimizer = torch.optim.Adam(network.parameters(), lr=network.rate)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
for step in range(steps):
    clean, worse = batch()
    loss = functional.mse_loss(network(worse), clean)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 100 == 0:
        print(f"{step}: {10 * np.log10(1 / loss.item()):.2f} dB", flush=True)

header, blobs, start = {"__metadata__": {"format": "pt", "trained by": "samples/networks/train.py"}}, [], 0
for key, tensor in network.state_dict().items():
    data = tensor.numpy().astype("<f4").tobytes()
    header[key] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [start, start + len(data)]}
    blobs.append(data)
    start += len(data)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
path = folder / f"{name}.safetensors"
path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
print(f"{path}: {sum(p.numel() for p in network.parameters())} weights")
