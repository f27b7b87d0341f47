"""Trains denoise.safetensors: a DnCNN of 9 layers with 8 channels, 4,531 weights, that takes Gaussian noise off.

    python3 samples/networks/denoise.py [steps]

Needs PyTorch, NumPy and Pillow. It learns from scene.png of this folder's parent alone, turned and mirrored, with noise of a
standard deviation of 10 to 30 levels. The seed is fixed; other versions of PyTorch may give other last digits.
"""
import json
import struct
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

samples = Path(__file__).resolve().parent.parent
steps = int(sys.argv[1]) if len(sys.argv) > 1 else 2500
torch.manual_seed(1)
torch.set_num_threads(1)
random = np.random.default_rng(1)


class DnCnn(nn.Module):
    def __init__(self, channels=8, depth=9):
        super().__init__()
        layers = [nn.Conv2d(3, channels, 3, padding=1), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.Conv2d(channels, 3, 3, padding=1))

    def forward(self, x):
        return x - self.model(x)


picture = np.asarray(Image.open(samples / "scene.png").convert("RGB"), dtype=np.float32) / 255


def batch(size=16, side=40):
    crops = []
    for _ in range(size):
        y = random.integers(0, picture.shape[0] - side)
        x = random.integers(0, picture.shape[1] - side)
        crop = np.rot90(picture[y : y + side, x : x + side], random.integers(0, 4))
        crops.append(crop[:, ::-1] if random.integers(0, 2) else crop)
    clean = torch.from_numpy(np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2)))
    sigma = torch.from_numpy(random.uniform(10, 30, (size, 1, 1, 1)).astype(np.float32)) / 255
    noise = torch.from_numpy(random.standard_normal(clean.shape).astype(np.float32))
    return clean, clean + sigma * noise


network = DnCnn()
optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
for step in range(steps):
    clean, noisy = batch()
    loss = nn.functional.mse_loss(network(noisy), clean)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 100 == 0:
        print(f"{step}: {10 * np.log10(1 / loss.item()):.2f} dB", flush=True)

header, blobs, start = {"__metadata__": {"format": "pt", "trained by": "samples/networks/denoise.py"}}, [], 0
for name, tensor in network.state_dict().items():
    data = tensor.numpy().astype("<f4").tobytes()
    header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [start, start + len(data)]}
    blobs.append(data)
    start += len(data)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
path = samples / "networks" / "denoise.safetensors"
path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
print(f"{path}: {sum(p.numel() for p in network.parameters())} weights")
