import { describe, expect, it } from 'vitest'
import { extent, multiplications } from '../src/conv/geometry.ts'
import { correlationOf } from '../src/conv/spec.ts'
import {
  conv2d,
  conv3d,
  convTranspose2d,
  depthwiseConv2d,
  depthwiseSeparableConv2d,
  maxPool2d,
  maxUnpool2d,
  pointwiseConv2d,
  separableConv2d,
  Tensor,
} from '../src/index.ts'
import * as oracle from './oracle.ts'

// The worked examples with which the kinds of convolution are usually taught. All numbers are whole, so results must be
// exactly equal.

/** Reads a tensor drawn as on paper: a line for each row, planes apart. */
function tensor(shape: readonly number[], drawing: string): Tensor {
  return new Tensor(shape, Float32Array.from(drawing.match(/-?\d+/g) ?? [], Number))
}

/** Whole numbers from -3 to 3 that look random but never change. */
function noise(...shape: number[]): Tensor {
  let state = shape.reduce((seed, n) => seed * 31 + n, 7)
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return ((state >>> 16) % 7) - 3
  })
  return new Tensor(shape, data)
}

/** A tensor filled with ones. */
const ones = (...shape: number[]) => tensor(shape, '1 '.repeat(shape.reduce((a, b) => a * b, 1)))

function equal(got: oracle.Grid, want: oracle.Grid): void {
  expect({ shape: [...got.shape], data: Array.from(got.data) }).toEqual({
    shape: [...want.shape],
    data: Array.from(want.data),
  })
}

describe('one channel', () => {
  const x = tensor(
    [1, 5, 5],
    `3 3 2 1 0
     0 0 1 3 1
     3 1 2 2 3
     2 0 0 2 2
     2 0 0 0 1`,
  )
  const w = tensor(
    [1, 1, 3, 3],
    `0 1 2
     2 2 0
     0 1 2`,
  )

  it('5x5 with a 3x3 kernel gives 3x3', async () => {
    const want = tensor(
      [1, 3, 3],
      `12 12 17
       10 17 19
        9  6 14`,
    )
    equal(await conv2d(x, w), want)
  })

  it('stride 2 and padding 1 give 3x3', async () => {
    const want = tensor(
      [1, 3, 3],
      `6 17  3
       8 17 13
       6  4  4`,
    )
    equal(await conv2d(x, w, { stride: 2, padding: 1 }), want)
  })

  it('padding 1 keeps 5x5', async () => {
    const want = tensor(
      [1, 5, 5],
      ` 6 14 17 11  3
       14 12 12 17 11
        8 10 17 19 13
       11  9  6 14 12
        6  4  4  6  4`,
    )
    equal(await conv2d(x, w, { padding: 1 }), want)
    equal(await conv2d(x, w, { padding: 'same' }), want)
  })
})

describe('several channels', () => {
  const x = tensor(
    [3, 5, 5],
    `3 2 2 3 2
     3 3 0 0 1
     1 3 3 0 1
     3 0 3 0 1
     3 1 1 1 2

     1 3 1 1 2
     2 2 2 3 3
     3 2 2 1 3
     1 0 3 0 3
     2 0 0 1 0

     0 2 3 1 3
     3 3 2 1 2
     1 1 1 0 3
     0 0 0 3 2
     3 0 2 1 1`,
  )
  const w = tensor(
    [1, 3, 3, 3],
    `-1  1  2
      1 -1  1
      0  2  2

     -1  1  2
      2  1  1
     -1  1  0

     -1 -1  1
      1  1  1
      2  1  0`,
  )
  const sum = tensor(
    [1, 3, 3],
    `38 29 27
     19 17 26
     29  9 36`,
  )

  it('5x5x3 with 3x3x3 gives 3x3x1: the sum over the channels', async () => {
    equal(await conv2d(x, w), sum)
  })

  it('each channel alone gives the parts of that sum', async () => {
    const parts = tensor(
      [3, 3, 3],
      `15 15  8
        7  3  8
       18  1  9

       11  9 13
       13 16 12
        6  5 15

       12  5  6
       -1 -2  6
        5  3 12`,
    )
    equal(await depthwiseConv2d(x, new Tensor([3, 1, 3, 3], w.data)), parts)
    const added = [...sum.data].map((_, i) => parts.data[i]! + parts.data[i + 9]! + parts.data[i + 18]!)
    expect(added).toEqual([...sum.data])
  })

  it('a bias of 1 is added last', async () => {
    const plusOne = new Tensor(
      sum.shape,
      sum.data.map((v) => v + 1),
    )
    equal(await conv2d(x, w, { bias: Float32Array.of(1) }), plusOne)
  })

  it('128 filters 3x3x3 on 7x7x3 give 5x5x128', async () => {
    const [big, bank] = [noise(3, 7, 7), noise(128, 3, 3, 3)]
    const got = await conv2d(big, bank)
    expect(got.shape).toEqual([128, 5, 5])
    equal(got, oracle.correlate(big, bank))
  })
})

describe('1x1', () => {
  it('a 1x1xD filter maps HxWxD to HxWx1', async () => {
    const x = tensor(
      [3, 2, 3],
      `1 2 3
       4 5 6

       0 1 0
       1 0 1

       2 2 2
       3 3 3`,
    )
    const want = tensor(
      [1, 2, 3],
      `-1 2 1
        3 2 5`,
    )
    equal(await pointwiseConv2d(x, tensor([1, 3, 1, 1], '1 2 -1')), want)
  })

  it('N filters give depth N, at any D', async () => {
    for (const [depth, filters] of [
      [3, 4],
      [8, 1],
      [5, 128],
    ] as const) {
      const [x, w] = [noise(depth, 4, 6), noise(filters, depth, 1, 1)]
      const got = await pointwiseConv2d(x, w)
      expect(got.shape).toEqual([filters, 4, 6])
      equal(got, oracle.correlate(x, w))
      equal(got, await conv2d(x, w))
    }
  })
})

describe('three dimensions', () => {
  it('a filter less deep than the input slides along the depth too: 7x6x5 with 3x3x3 gives 5x4x3', async () => {
    const [x, w] = [noise(1, 7, 6, 5), noise(1, 1, 3, 3, 3)]
    const got = await conv3d(x, w)
    expect(got.shape).toEqual([1, 5, 4, 3])
    equal(got, oracle.correlate(x, w))
  })

  it('depth counts: a box of eight neighbours', async () => {
    const x = tensor(
      [1, 2, 2, 3],
      `1 2 3
       4 5 6

       7 8 9
       1 2 3`,
    )
    equal(await conv3d(x, ones(1, 1, 2, 2, 2)), tensor([1, 1, 1, 2], '30 38'))
  })
})

describe('separable', () => {
  const x = tensor(
    [1, 6, 7],
    `7 3 2 4 6 2 4
     3 7 4 0 0 4 3
     0 2 3 5 1 7 6
     5 6 5 0 5 1 2
     7 3 7 7 2 8 4
     1 2 0 1 8 1 7`,
  )
  const sobel = tensor(
    [1, 1, 3, 3],
    `1 0 -1
     2 0 -2
     1 0 -1`,
  )
  const want = tensor(
    [1, 4, 5],
    ` 0 10  6 -8  -9
     -7  7  8 -9 -10
     -3  5  7 -5  -1
      1 -1  2 -3   0`,
  )

  it('Sobel with 9 numbers, and as a column and a row with 6', async () => {
    equal(await conv2d(x, sobel), want)
    equal(await separableConv2d(x, tensor([3], '1 2 1'), tensor([3], '1 0 -1')), want)
  })
})

describe('depthwise separable', () => {
  it('7x7x3 goes through 5x5x3 to 5x5x128', async () => {
    const [x, depthwise, pointwise] = [noise(3, 7, 7), noise(3, 1, 3, 3), noise(128, 3, 1, 1)]
    const { intermediate, output } = oracle.depthwiseSeparable(x, depthwise, pointwise)
    expect(intermediate.shape).toEqual([3, 5, 5])
    equal(await depthwiseConv2d(x, depthwise), intermediate)
    const got = await depthwiseSeparableConv2d(x, depthwise, pointwise)
    expect(got.shape).toEqual([128, 5, 5])
    equal(got, output)
  })
})

describe('grouped', () => {
  it('two groups: each half of the filters sees its own half of the channels', async () => {
    const [x, w] = [noise(4, 5, 5), noise(6, 2, 3, 3)]
    const half = (t: Tensor, i: number) => {
      const length = t.data.length / 2
      return new Tensor([t.shape[0]! / 2, ...t.shape.slice(1)], t.data.slice(i * length, (i + 1) * length))
    }
    const got = await conv2d(x, w, { groups: 2 })
    expect(got.shape).toEqual([6, 3, 3])
    equal(half(got, 0), await conv2d(half(x, 0), half(w, 0)))
    equal(half(got, 1), await conv2d(half(x, 1), half(w, 1)))
    equal(got, oracle.correlate(x, w, { groups: 2 }))
  })
})

describe('dilated', () => {
  const x = tensor(
    [1, 8, 8],
    `-1  0  1 -1 -1 -1 -2 -1
      1 -1  0  0 -2 -2 -2  1
     -1 -2 -2  0 -2  1  1 -2
      2  0  2  0  2  0 -1  2
      2  1  1 -2  1  2  1  0
      1  1 -2 -2 -1  0 -1  1
      1  1 -1  2 -1 -1  2  2
     -2  0  2  1  0  2  0  0`,
  )
  const w = tensor(
    [1, 1, 3, 3],
    ` 2  2 2
      2 -1 2
     -1 -1 0`,
  )
  const want = tensor(
    [1, 4, 4],
    `-9 -5 -6 -11
      5 -5 -5   4
     -5  3 -1  -9
     14  3 -1  -1`,
  )

  it('a 3x3 kernel at dilation 2 covers 5x5', async () => {
    expect(extent(3, 2)).toBe(5)
    equal(await conv2d(x, w, { dilation: 2 }), want)
  })

  it('which is a 5x5 kernel with zeros between', async () => {
    const spread = tensor(
      [1, 1, 5, 5],
      ` 2 0  2 0 2
        0 0  0 0 0
        2 0 -1 0 2
        0 0  0 0 0
       -1 0 -1 0 0`,
    )
    equal(await conv2d(x, spread), want)
  })

  it('dilation 4 covers 9x9, and padding 4 keeps 8x8', async () => {
    const got = await conv2d(x, w, { dilation: 4, padding: 4 })
    expect(got.shape).toEqual([1, 8, 8])
    equal(
      got,
      oracle.correlate(x, w, {
        dilation: [4, 4],
        pads: [
          [4, 4],
          [4, 4],
        ],
      }),
    )
  })
})

describe('transposed', () => {
  const x = tensor(
    [1, 2, 2],
    `3 4
     1 3`,
  )

  it('2x2 with a 4x4 kernel at stride 3 gives 7x7; the copies overlap in one row and one column', async () => {
    const w = tensor(
      [1, 1, 4, 4],
      ` 2  0  3  2
       -2 -2  2  0
        2  2 -2  2
        3  2  0  0`,
    )
    const want = tensor(
      [1, 7, 7],
      ` 6  0  9 14  0 12  8
       -6 -6  6 -8 -8  8  0
        6  6 -6 14  8 -8  8
       11  6  3 20  8  9  6
       -2 -2  2 -6 -6  6  0
        2  2 -2  8  6 -6  6
        3  2  0  9  6  0  0`,
    )
    equal(await convTranspose2d(x, w, { stride: 3 }), want)
  })

  it('2x2 with a 3x3 kernel gives 4x4, or 5x5 at stride 2', async () => {
    const first = tensor(
      [1, 1, 3, 3],
      `-1 0 -2
       -1 2 -1
        0 2  1`,
    )
    const small = tensor(
      [1, 4, 4],
      `-3 -4 -6  -8
       -4 -1  3 -10
       -1  5 16   1
        0  2  7   3`,
    )
    equal(await convTranspose2d(x, first), small)
    const second = tensor(
      [1, 1, 3, 3],
      `0 -1  0
       1  1  0
       2  2 -2`,
    )
    const large = tensor(
      [1, 5, 5],
      `0 -3 0 -4  0
       3  3 4  4  0
       6  5 2  5 -8
       1  1 3  3  0
       2  2 4  6 -6`,
    )
    equal(await convTranspose2d(x, second, { stride: 2 }), large)
  })

  it('ones show how often the kernel lands: the checkerboard of a 3x3 kernel at stride 2', async () => {
    const odd = '1 1 2 1 2 1 2 1 1\n'
    const even = '2 2 4 2 4 2 4 2 2\n'
    const want = tensor([1, 9, 9], `${odd}${odd}${(even + odd).repeat(3)}${odd}`)
    equal(await convTranspose2d(ones(1, 4, 4), ones(1, 1, 3, 3), { stride: 2 }), want)
  })

  it('padding 1 and output padding 1 double the size', async () => {
    const small = tensor(
      [1, 3, 4],
      ` 1 2  2 -1
       -2 0 -3 -1
        3 2  3 -3`,
    )
    const w = tensor(
      [1, 1, 3, 3],
      `1 -2  3
       1  2 -1
       1  3  0`,
    )
    const want = tensor(
      [1, 6, 8],
      `  2  1  4  0   4  -3 -2  1
         7 -4  6 -1  12 -11 -1 -3
        -4  2  0 -3  -6   2 -2  1
       -12 11 -4  6 -15   5  3 -9
         6 -1  4  1   6  -6 -6  3
         9  2  6  3   9  -3 -9  0`,
    )
    equal(await convTranspose2d(small, w, { stride: 2, padding: 1, outputPadding: 1 }), want)
  })
})

describe('pooling and unpooling', () => {
  const x = tensor(
    [1, 4, 4],
    `1 3 2 9
     7 4 1 5
     8 5 2 3
     4 2 1 4`,
  )
  const maxima = tensor(
    [1, 2, 2],
    `7 9
     8 4`,
  )
  const back = tensor(
    [1, 4, 4],
    `0 0 0 9
     7 0 0 0
     8 0 0 0
     0 0 0 4`,
  )

  it('the switches say where the maxima were, and put them back', async () => {
    const { output, indices } = await maxPool2d(x, { kernelSize: 2, stride: 2, returnIndices: true })
    equal(output, maxima)
    equal(indices, tensor([1, 2, 2], '4 3, 8 15'))
    equal(await maxUnpool2d(output, indices, { outputSize: [4, 4], kernelSize: 2, stride: 2 }), back)
  })
})

describe('what it costs', () => {
  /** Returns O · C/groups · kernel size, from the sizes that a correlation worked out. */
  const weights = (input: number[], bank: number[], groups = 1) => {
    const c = correlationOf(2, Tensor.zeros(input), Tensor.zeros(bank), { groups })
    return c.axes.reduce((product, a) => product * a.kernel, (c.filters * c.channels) / c.groups)
  }
  const products = (input: number[], bank: number[], groups = 1) =>
    multiplications(correlationOf(2, Tensor.zeros(input), Tensor.zeros(bank), { groups }))

  it('16 -> 32 channels, 3x3: 4,608 parameters, 656 when depthwise separable', () => {
    expect(weights([16, 8, 8], [32, 16, 3, 3])).toBe(4608)
    expect(weights([16, 8, 8], [16, 1, 3, 3], 16) + weights([16, 8, 8], [32, 16, 1, 1])).toBe(656)
  })

  it('7x7x3 -> 5x5x128: 86,400 multiplications, 675 + 9,600 when depthwise separable', () => {
    expect(products([3, 7, 7], [128, 3, 3, 3])).toBe(86400)
    expect(products([3, 7, 7], [3, 1, 3, 3], 3)).toBe(675)
    expect(products([3, 5, 5], [128, 3, 1, 1])).toBe(9600)
  })

  it('two groups halve the parameters', () => {
    expect(weights([4, 5, 5], [6, 2, 3, 3], 2)).toBe(weights([4, 5, 5], [6, 4, 3, 3]) / 2)
  })
})
