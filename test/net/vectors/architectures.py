"""Makes architectures.json: networks as they were published, in PyTorch, with weights by a formula, and what they give.

    python3 test/net/vectors/architectures.py

The weights are made again by test/net/architectures.test.ts from names and shapes, so that none are kept.
"""
import json
import math
import os
import re
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class SRVGG(nn.Module):

    def __init__(s, n=8, k=3, up=2, ch=3):
        super().__init__()
        s.up = up
        b = [nn.Conv2d(ch, n, 3, 1, 1), nn.PReLU(n)]
        for i in range(k):
            b += [nn.Conv2d(n, n, 3, 1, 1), nn.PReLU(n)]
        b += [nn.Conv2d(n, ch * up * up, 3, 1, 1)]
        s.body = nn.ModuleList(b)
        s.ps = nn.PixelShuffle(up)

    def forward(s, x):
        o = x
        for l in s.body:
            o = l(o)
        return s.ps(o) + F.interpolate(x, scale_factor=s.up, mode='nearest')


class RDB(nn.Module):

    def __init__(s, n, g):
        super().__init__()
        for i in range(5):
            setattr(s, f'conv{i + 1}', nn.Conv2d(n + i * g, g if i < 4 else n, 3, 1, 1))

    def forward(s, x):
        ps = [x]
        for i in range(4):
            ps.append(F.leaky_relu(getattr(s, f'conv{i + 1}')(torch.cat(ps, 1)), 0.2))
        return s.conv5(torch.cat(ps, 1)) * 0.2 + x


class RRDB(nn.Module):

    def __init__(s, n, g):
        super().__init__()
        s.rdb1, s.rdb2, s.rdb3 = (RDB(n, g), RDB(n, g), RDB(n, g))

    def forward(s, x):
        return s.rdb3(s.rdb2(s.rdb1(x))) * 0.2 + x


class RRDBNet(nn.Module):

    def __init__(s, scale=4, n=8, g=4, nb=2):
        super().__init__()
        s.scale = scale
        ic = {4: 3, 2: 12, 1: 48}[scale]
        s.conv_first = nn.Conv2d(ic, n, 3, 1, 1)
        s.body = nn.Sequential(*[RRDB(n, g) for _ in range(nb)])
        s.conv_body = nn.Conv2d(n, n, 3, 1, 1)
        s.conv_up1 = nn.Conv2d(n, n, 3, 1, 1)
        s.conv_up2 = nn.Conv2d(n, n, 3, 1, 1)
        s.conv_hr = nn.Conv2d(n, n, 3, 1, 1)
        s.conv_last = nn.Conv2d(n, 3, 3, 1, 1)

    def forward(s, x):
        if s.scale == 2:
            x = F.pixel_unshuffle(x, 2)
        if s.scale == 1:
            x = F.pixel_unshuffle(x, 4)
        f = s.conv_first(x)
        f = f + s.conv_body(s.body(f))
        l = lambda t: F.leaky_relu(t, 0.2)
        f = l(s.conv_up1(F.interpolate(f, scale_factor=2, mode='nearest')))
        f = l(s.conv_up2(F.interpolate(f, scale_factor=2, mode='nearest')))
        return s.conv_last(l(s.conv_hr(f)))


class C3(nn.Module):

    def __init__(s, i, o, g=2):
        super().__init__()
        s.sk = nn.Conv2d(i, o, 1)
        s.conv = nn.Sequential(nn.Conv2d(i, i * g, 1), nn.Conv2d(i * g, o * g, 3), nn.Conv2d(o * g, o, 1))
        s.eval_conv = nn.Conv2d(i, o, 3, 1, 1)

    def forward(s, x):
        i = x.shape[1]
        w1, w2, w3 = [c.weight for c in s.conv]
        b1, b2, b3 = [c.bias for c in s.conv]
        w = torch.einsum('om,mnhw,nc->ochw', w3[:, :, 0, 0], w2, w1[:, :, 0, 0]).clone()
        w[:, :, 1, 1] += s.sk.weight[:, :, 0, 0]
        b = b3 + w3[:, :, 0, 0] @ (b2 + (w2 * b1.reshape(1, -1, 1, 1)).sum((1, 2, 3))) + s.sk.bias
        return F.conv2d(x, w, b, padding=1)


class SPAB(nn.Module):

    def __init__(s, n):
        super().__init__()
        s.c1_r, s.c2_r, s.c3_r = (C3(n, n), C3(n, n), C3(n, n))

    def forward(s, x):
        a = s.c1_r(x)
        c = s.c3_r(F.silu(s.c2_r(F.silu(a))))
        t = torch.sigmoid(c) - 0.5
        return ((c + x) * t, a)


class SPAN(nn.Module):

    def __init__(s, n=6, up=2, norm=True):
        super().__init__()
        s.norm = norm
        s.up = up
        if not norm:
            s.register_buffer('no_norm', torch.zeros(1))
        s.conv_1 = C3(3, n)
        for i in range(6):
            setattr(s, f'block_{i + 1}', SPAB(n))
        s.conv_cat = nn.Conv2d(4 * n, n, 1)
        s.conv_2 = C3(n, n)
        s.upsampler = nn.Sequential(nn.Conv2d(n, 3 * up * up, 3, 1, 1), nn.PixelShuffle(up))

    def forward(s, x):
        if s.norm:
            x = (x - torch.tensor([0.4488, 0.4371, 0.404], dtype=x.dtype).view(1, 3, 1, 1)) * 255.0
        f = s.conv_1(x)
        o = f
        outs = []
        for i in range(6):
            o, a = getattr(s, f'block_{i + 1}')(o)
            outs.append(o)
        return s.upsampler(s.conv_cat(torch.cat([f, s.conv_2(o), outs[0], a], 1)))


class DnCNN(nn.Module):

    def __init__(s, c=1, n=6, k=10, bn=True, name='model', extra=0):
        super().__init__()
        s.r = extra == 0
        l = [nn.Conv2d(c + extra, n, 3, 1, 1), nn.ReLU()]
        for i in range(k - 2):
            l += [nn.Conv2d(n, n, 3, 1, 1, bias=not bn)] + ([nn.BatchNorm2d(n)] if bn else []) + [nn.ReLU()]
        l += [nn.Conv2d(n, c, 3, 1, 1)]
        setattr(s, name, nn.Sequential(*l))
        s.m = name

    def forward(s, x):
        n = getattr(s, s.m)(x)
        return x - n if s.r else n


class SRCNN(nn.Module):

    def __init__(s):
        super().__init__()
        s.conv1 = nn.Conv2d(1, 8, 9, padding=4)
        s.conv2 = nn.Conv2d(8, 4, 5, padding=2)
        s.conv3 = nn.Conv2d(4, 1, 5, padding=2)

    def forward(s, x):
        return s.conv3(F.relu(s.conv2(F.relu(s.conv1(x)))))


class ESPCN(nn.Module):

    def __init__(s, up=3):
        super().__init__()
        s.first_part = nn.Sequential(nn.Conv2d(1, 8, 5, padding=2), nn.Tanh(), nn.Conv2d(8, 4, 3, padding=1), nn.Tanh())
        s.last_part = nn.Sequential(nn.Conv2d(4, up * up, 3, padding=1), nn.PixelShuffle(up))

    def forward(s, x):
        return s.last_part(s.first_part(x))


class ESPCN2(nn.Module):

    def __init__(s, up=3):
        super().__init__()
        s.conv1 = nn.Conv2d(1, 8, 5, padding=2)
        s.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        s.conv3 = nn.Conv2d(8, 4, 3, padding=1)
        s.conv4 = nn.Conv2d(4, up * up, 3, padding=1)
        s.ps = nn.PixelShuffle(up)

    def forward(s, x):
        return s.ps(s.conv4(F.relu(s.conv3(F.relu(s.conv2(F.relu(s.conv1(x))))))))


class FSRCNN(nn.Module):

    def __init__(s, up=3, d=8, q=4, m=2):
        super().__init__()
        s.first_part = nn.Sequential(nn.Conv2d(1, d, 5, padding=2), nn.PReLU(d))
        l = [nn.Conv2d(d, q, 1), nn.PReLU(q)]
        for _ in range(m):
            l += [nn.Conv2d(q, q, 3, padding=1), nn.PReLU(q)]
        l += [nn.Conv2d(q, d, 1), nn.PReLU(d)]
        s.mid_part = nn.Sequential(*l)
        s.last_part = nn.ConvTranspose2d(d, 1, 9, stride=up, padding=4, output_padding=up - 1)

    def forward(s, x):
        return s.last_part(s.mid_part(s.first_part(x)))


class DC(nn.Module):

    def __init__(s, i, o, m=None):
        super().__init__()
        m = m or o
        s.double_conv = nn.Sequential(nn.Conv2d(i, m, 3, padding=1, bias=False), nn.BatchNorm2d(m), nn.ReLU(), nn.Conv2d(m, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU())

    def forward(s, x):
        return s.double_conv(x)


class Down(nn.Module):

    def __init__(s, i, o):
        super().__init__()
        s.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DC(i, o))

    def forward(s, x):
        return s.maxpool_conv(x)


class Up(nn.Module):

    def __init__(s, i, o, bi):
        super().__init__()
        if bi:
            s.up = nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True)
            s.conv = DC(i, o, i // 2)
        else:
            s.up = nn.ConvTranspose2d(i, i // 2, 2, stride=2)
            s.conv = DC(i, o)

    def forward(s, a, b):
        a = s.up(a)
        dy = b.size(2) - a.size(2)
        dx = b.size(3) - a.size(3)
        a = F.pad(a, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return s.conv(torch.cat([b, a], 1))


class OutC(nn.Module):

    def __init__(s, i, o):
        super().__init__()
        s.conv = nn.Conv2d(i, o, 1)

    def forward(s, x):
        return s.conv(x)


class UNet(nn.Module):

    def __init__(s, bi, n=4, c=3, k=2):
        super().__init__()
        f = 2 if bi else 1
        s.inc = DC(c, n)
        s.down1 = Down(n, 2 * n)
        s.down2 = Down(2 * n, 4 * n)
        s.down3 = Down(4 * n, 8 * n)
        s.down4 = Down(8 * n, 16 * n // f)
        s.up1 = Up(16 * n, 8 * n // f, bi)
        s.up2 = Up(8 * n, 4 * n // f, bi)
        s.up3 = Up(4 * n, 2 * n // f, bi)
        s.up4 = Up(2 * n, n, bi)
        s.outc = OutC(n, k)

    def forward(s, x):
        a = s.inc(x)
        b = s.down1(a)
        c = s.down2(b)
        d = s.down3(c)
        e = s.down4(d)
        return s.outc(s.up4(s.up3(s.up2(s.up1(e, d), c), b), a))


class Brain(nn.Module):

    def __init__(s, c=3, o=1, n=4):
        super().__init__()
        bl = lambda i, f, nm: nn.Sequential(OrderedDict([(nm + 'conv1', nn.Conv2d(i, f, 3, padding=1, bias=False)), (nm + 'norm1', nn.BatchNorm2d(f)), (nm + 'relu1', nn.ReLU()), (nm + 'conv2', nn.Conv2d(f, f, 3, padding=1, bias=False)), (nm + 'norm2', nn.BatchNorm2d(f)), (nm + 'relu2', nn.ReLU())]))
        for i in range(4):
            setattr(s, f'encoder{i + 1}', bl(c if i == 0 else n * 2 ** (i - 1), n * 2 ** i, f'enc{i + 1}'))
        s.bottleneck = bl(n * 8, n * 16, 'bottleneck')
        for i in range(4, 0, -1):
            setattr(s, f'upconv{i}', nn.ConvTranspose2d(n * 2 ** i, n * 2 ** (i - 1), 2, stride=2))
            setattr(s, f'decoder{i}', bl(n * 2 ** i, n * 2 ** (i - 1), f'dec{i}'))
        s.conv = nn.Conv2d(n, o, 1)

    def forward(s, x):
        e = []
        for i in range(4):
            x = getattr(s, f'encoder{i + 1}')(x)
            e.append(x)
            x = F.max_pool2d(x, 2)
        x = s.bottleneck(x)
        for i in range(4, 0, -1):
            x = getattr(s, f'decoder{i}')(torch.cat((getattr(s, f'upconv{i}')(x), e[i - 1]), 1))
        return torch.sigmoid(s.conv(x))


def old_names(sd, nb, ups):
    o = OrderedDict()
    for k, v in sd.items():
        k = k.replace('conv_first', 'model.0').replace('conv_body', f'model.1.sub.{nb}')
        k = re.sub('body\\.(\\d+)\\.rdb(\\d)\\.conv(\\d)\\.', 'model.1.sub.\\1.RDB\\2.conv\\3.0.', k)
        k = re.sub('conv_up(\\d)', lambda m: f'model.{3 * int(m[1])}', k)
        k = k.replace('conv_hr', f'model.{3 * ups + 2}').replace('conv_last', f'model.{3 * ups + 4}')
        o[k] = v
    return o


def mid_names(sd):
    return OrderedDict(((re.sub('body\\.(\\d+)\\.rdb(\\d)', 'RRDB_trunk.\\1.RDB\\2', k).replace('conv_body', 'trunk_conv').replace('conv_up', 'upconv').replace('conv_hr', 'HRconv'), v) for k, v in sd.items()))


def numbers(count, seed):
    """Numbers from -1 to below 1 in steps of 2^-15."""
    k = (np.arange(count, dtype=np.uint64) * 2654435761 + seed * 40503 + 12345) & 0xFFFFFFFF
    k = (k ^ (k >> np.uint64(15))) * 2246822519 & 0xFFFFFFFF
    return (k >> np.uint64(16)).astype(np.float64) / 32768 - 1


def weights(name, shape, seed, gain):
    count = math.prod(shape)
    x = numbers(count, seed)
    if name.endswith('running_var'):
        x = x / 4 + 1
    elif len(shape) > 1:
        halvings = 0
        while 4 ** (halvings + 1) <= count // shape[0]:
            halvings += 1
        x = x * gain * 2.0**-halvings
    else:
        x = x / 4
    return torch.tensor(x.reshape(shape), dtype=torch.float32)


def case(name, file, net, size, rename=lambda d: d, gain=1.0):
    held = net.state_dict()
    keys = [k for k in held if held[k].dim() > 0]
    for i, k in enumerate(keys):
        held[k] = weights(k, tuple(held[k].shape), i, gain)
    net.load_state_dict(held)
    net.eval()
    shape = (1, *size)
    x = torch.tensor((numbers(math.prod(shape), 1000).reshape(shape) + 1) / 2, dtype=torch.float32)
    with torch.no_grad():
        # in float64: what is compared with it is not compared with the rounding of another
        y = net.double()(x.double()).numpy()
    names = list(rename(OrderedDict((k, k) for k in keys)).keys())
    step = max(1, y.size // 48)
    return {
        'name': name,
        'file': file,
        'gain': gain,
        'tensors': [[n, k, list(held[k].shape)] for n, k in zip(names, keys)],
        'input': list(size),
        'output': list(y.shape[1:]),
        'step': step,
        'largest': float(abs(y).max()),
        'samples': [float(f'{v:.9g}') for v in y.ravel()[::step]],
    }


module = lambda d: OrderedDict(('module.' + k, v) for k, v in d.items())


def renamed(**names):
    def change(d):
        def name(k):
            for old, new in names.items():
                if k.startswith(old + '.'):
                    return new + k[len(old) :]
            return k

        return OrderedDict((name(k), v) for k, v in d.items())

    return change


cases = [
    case('SRVGG', 'x.safetensors', SRVGG(up=2), (3, 7, 9)),
    case('SRVGG', 'y.safetensors', SRVGG(n=4, k=1, up=4), (3, 5, 6), module),
    case('ESRGAN', 'new.safetensors', RRDBNet(4, n=6, g=4, nb=2), (3, 5, 6)),
    case('ESRGAN', 'x2.safetensors', RRDBNet(2, n=6, g=4, nb=1), (3, 6, 8)),
    case('ESRGAN', 'x1.safetensors', RRDBNet(1, n=6, g=4, nb=1), (3, 8, 12)),
    case('ESRGAN', 'old.safetensors', RRDBNet(4, n=6, g=4, nb=2), (3, 5, 6), lambda d: old_names(d, 2, 2)),
    case('ESRGAN', 'middle.safetensors', RRDBNet(4, n=6, g=4, nb=1), (3, 5, 6), mid_names),
    case('SPAN', 'span.safetensors', SPAN(n=4, up=2), (3, 6, 7), gain=0.03125),
    case('SPAN', 'plain.safetensors', SPAN(n=4, up=4, norm=False), (3, 6, 7), gain=0.5),
    case('DnCNN', 'gray.safetensors', DnCNN(1, n=4), (1, 7, 9)),
    case('DnCNN', 'colour.safetensors', DnCNN(3, n=4, bn=False), (3, 7, 9)),
    case('DnCNN', 'named.safetensors', DnCNN(1, n=4, name='dncnn'), (1, 7, 9), module),
    case('SRCNN', 'srcnn.safetensors', SRCNN(), (1, 11, 12)),
    case('SRCNN', 'named.srcnn', SRCNN(), (1, 11, 12), renamed(conv1='features.0', conv2='map.0', conv3='reconstruction')),
    case('ESPCN', 'espcn.safetensors', ESPCN(3), (1, 7, 8)),
    case('ESPCN', 'named.espcn', ESPCN(2), (1, 7, 8), renamed(first_part='feature_maps', last_part='sub_pixel')),
    case('ESPCN', 'example.safetensors', ESPCN2(4), (1, 7, 8)),
    case('FSRCNN', 'fsrcnn_x3.safetensors', FSRCNN(3), (1, 7, 8)),
    case(
        'FSRCNN',
        'named_x2.fsrcnn',
        FSRCNN(2),
        (1, 7, 8),
        renamed(
            **{'first_part': 'feature_extraction', 'mid_part.0': 'shrink.0', 'mid_part.1': 'shrink.1'},
            **{'mid_part.2': 'map.0', 'mid_part.3': 'map.1', 'mid_part.4': 'map.2', 'mid_part.5': 'map.3'},
            **{'mid_part.6': 'expand.0', 'mid_part.7': 'expand.1', 'last_part': 'deconv'},
        ),
    ),
    case('FSRCNN', '2x_fsrcnn.safetensors', FSRCNN(2), (1, 7, 8)),
    case('U-Net', 'unet.safetensors', UNet(False, n=2), (3, 19, 21)),
    case('U-Net', 'bilinear.safetensors', UNet(True, n=2), (3, 18, 35)),
    case('U-Net of one class', 'brain.safetensors', Brain(n=2), (3, 16, 32)),
]
with open(os.path.join(os.path.dirname(__file__), 'architectures.json'), 'w') as out:
    out.write('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]\n')
