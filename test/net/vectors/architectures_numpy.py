"""Makes architectures-numpy.json: networks as they were published, in NumPy and float64, with the weights of architectures.py.

    python3 test/net/vectors/architectures_numpy.py

For networks that were added where PyTorch was not at hand: every layer is written out here.
"""
import json
import math
import os

import numpy as np
from scipy.special import erf


def numbers(count, seed):
    k = (np.arange(count, dtype=np.uint64) * 2654435761 + seed * 40503 + 12345) & 0xFFFFFFFF
    k = (k ^ (k >> np.uint64(15))) * 2246822519 & 0xFFFFFFFF
    return (k >> np.uint64(16)).astype(np.float64) / 32768 - 1


def weights(shape, seed, gain):
    count = math.prod(shape)
    x = numbers(count, seed)
    if len(shape) > 1:
        halvings = 0
        while 4 ** (halvings + 1) <= count // shape[0]:
            halvings += 1
        x = x * gain * 2.0**-halvings
    else:
        x = x / 4
    return x.reshape(shape).astype(np.float32).astype(np.float64)


class Net:
    """Tensors by name, made when they are first asked for: their order is that of the layers."""

    def __init__(self, gain):
        self.gain = gain
        self.held = {}

    def get(self, name, *shape):
        if name not in self.held:
            self.held[name] = weights(shape, len(self.held), self.gain)
        return self.held[name]

    def conv(self, name, x, out, k=3, groups=1):
        c, h, w = x.shape
        weight = self.get(name + '.weight', out, c // groups, k, k)
        bias = self.get(name + '.bias', out)
        p = k // 2
        padded = np.pad(x, ((0, 0), (p, p), (p, p)))
        y = np.zeros((out, h, w)) + bias[:, None, None]
        for o in range(out):
            first = o // (out // groups) * (c // groups)
            for i in range(c // groups):
                for u in range(k):
                    for v in range(k):
                        y[o] += weight[o, i, u, v] * padded[first + i, u : u + h, v : v + w]
        return y


def gelu(x):
    return x * (1 + erf(x / math.sqrt(2))) / 2


def mish(x):
    return x * np.tanh(np.logaddexp(0, x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def shuffle(x, r):
    c, h, w = x.shape
    return x.reshape(c // r**2, r, r, h, w).transpose(0, 3, 1, 4, 2).reshape(c // r**2, h * r, w * r)


def repeated(x, r):
    return x.repeat(r, axis=1).repeat(r, axis=2)


def group_norm(net, name, x, groups):
    c = x.shape[0]
    parts = x.reshape(groups, -1)
    y = (parts - parts.mean(1, keepdims=True)) / np.sqrt(parts.var(1, keepdims=True) + 1e-5)
    return y.reshape(x.shape) * net.get(name + '.weight', c)[:, None, None] + net.get(name + '.bias', c)[:, None, None]


def channel_norm(net, name, x):
    c = x.shape[0]
    y = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-6)
    return y * net.get(name + '.weight', c)[:, None, None] + net.get(name + '.bias', c)[:, None, None]


def plksr(net, x, dim=8, blocks=2, up=2, kernel=7, part=2, real=False, mixer=(3, 3), attends=True):
    """dslisleedh/PLKSR, plksr_arch.py; with `real`, realplksr of neosr."""
    y = net.conv('feats.0', x, dim)
    for b in range(1, blocks + 1):
        name = f'feats.{b}.'
        mix = name + ('channel_mixer' if real else 'channe_mixer')
        z = net.conv(mix + '.0', y, dim * 2, mixer[0])
        z = net.conv(mix + '.2', mish(z) if real else gelu(z), dim, mixer[1])
        z = np.concatenate([net.conv(name + 'lk.conv', z[:part], part, kernel), z[part:]])
        if attends:
            z = z * sigmoid(net.conv(name + 'attn.f.0', z, dim))
        z = net.conv(name + 'refine', z, dim, 1)
        if real:
            z = group_norm(net, name + 'norm', z, 4)
        y = z + y
    last = blocks + (2 if real else 1)
    # every channel of the picture r * r times, then the shuffle
    return shuffle(net.conv(f'feats.{last}', y, 3 * up**2) + x.repeat(up**2, axis=0), up)


def safmn(net, x, dim=8, blocks=2, up=2, levels=4):
    """sunny2109/SAFMN, basicsr/archs/safmn_arch.py, for sizes that are multiples of 8."""
    y = first = net.conv('to_feat', x, dim)
    part = dim // levels
    for b in range(blocks):
        name = f'feats.{b}.'
        z = channel_norm(net, name + 'norm1', y)
        seen = []
        for i in range(levels):
            s, size = z[i * part : (i + 1) * part], 2**i
            c, h, w = s.shape
            s = s.reshape(c, h // size, size, w // size, size).max((2, 4))
            seen.append(repeated(net.conv(name + f'safm.mfr.{i}', s, part, 3, part), size))
        y = gelu(net.conv(name + 'safm.aggr', np.concatenate(seen), dim, 1)) * z + y
        z = net.conv(name + 'ccm.ccm.0', channel_norm(net, name + 'norm2', y), dim * 2)
        y = net.conv(name + 'ccm.ccm.2', gelu(z), dim, 1) + y
    return shuffle(net.conv('to_img.0', y + first, 3 * up**2), up)


def case(name, file, run, size, gain=1.0, **options):
    net = Net(gain)
    x = ((numbers(math.prod(size), 1000).reshape(size) + 1) / 2).astype(np.float32).astype(np.float64)
    y = run(net, x, **options)
    step = max(1, y.size // 48)
    return {
        'name': name,
        'file': file,
        'gain': gain,
        'tensors': [[k, k, list(v.shape)] for k, v in net.held.items()],
        'input': list(size),
        'output': list(y.shape),
        'step': step,
        'largest': float(abs(y).max()),
        'samples': [float(f'{v:.9g}') for v in y.ravel()[::step]],
    }


cases = [
    case('PLKSR', 'plksr.safetensors', plksr, (3, 8, 9)),
    case('PLKSR', 'iccm.safetensors', plksr, (3, 8, 9), up=3, part=8, mixer=(1, 3), attends=False),
    case('RealPLKSR', 'realplksr.safetensors', plksr, (3, 8, 9), up=4, real=True),
    case('SAFMN', 'safmn.safetensors', safmn, (3, 16, 24)),
    case('SAFMN', 'safmn_x4.safetensors', safmn, (3, 8, 8), dim=12, blocks=1, up=4, levels=3),
]
with open(os.path.join(os.path.dirname(__file__), 'architectures-numpy.json'), 'w') as out:
    out.write('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]\n')
