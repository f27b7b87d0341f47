import type { Explanation } from '../../operators/explain.ts'
import type { Piece, Solid, Window } from './solids.ts'
import { sizes } from './text.ts'

/** The tensors of an operator and what is between them, from left to right. */
export function operatorPieces(e: Explanation): readonly Piece[] {
  const { input, output, operator } = e
  const { read, written } = windowsOf(e)
  const from: Solid = { ...tensor(input), title: 'input', tone: 'input', ...(read && { window: read }) }
  const to: Solid = {
    ...tensor(output),
    title: 'output',
    tone: 'output',
    ...(written && { window: written }),
  }
  const between = betweenOf(e)
  const isPool = operator === 'maxpool' || operator === 'unpool'
  return [from, isPool ? '→' : '∗', ...between, isPool ? '→' : '=', to]
}

/** A tensor [C,H,W] or [C,D,H,W] as a solid. */
export const tensor = (shape: readonly number[]) => {
  const [height, width] = [shape.at(-2)!, shape.at(-1)!]
  const depth = shape.slice(0, -2).reduce((a, b) => a * b, 1)
  const [channels = 1, slices] = shape.slice(0, -2)
  const many = `${channels} ${channels === 1 ? 'channel' : 'channels'}`
  return {
    height,
    width,
    depth,
    caption: `${sizes(shape)}\n${slices === undefined ? many : `${slices} slices, ${many}`}`,
  }
}

/** A kernel: height, width, and what lies behind its front. */
function kernel(
  title: string,
  [height, width]: readonly [number, number],
  caption: string,
  { depth = 1, count = 1, spread = 1 } = {},
): Solid {
  return { title, tone: 'kernel', height, width, depth, count, spread, caption }
}

/** What stands between input and output. */
function betweenOf(e: Explanation): Piece[] {
  const { operator, kernel: size, input, output, groups, multiplier } = e
  const [kH, kW] = [size.at(-2)!, size.at(-1)!]
  const front = [kH, kW] as const
  const channels = input[0]!
  const rate = Math.max(...e.sizes.map((s) => s.dilation))
  const spread = e.sizes.every((s) => s.dilation === rate) ? rate : 1
  const at = rate > 1 ? `, rate ${rate}` : ''
  const inGroups = groups > 1 ? `, ${groups} groups` : ''
  const behind = size.length === 3 ? size[0]! : 1
  const times = (list: readonly number[]) => list.join('x')
  switch (operator) {
    case 'separable':
      return [kernel('column', [kH, 1], `1x${kH}`), '∗', kernel('row', [1, kW], `${kW}x1`)]
    case 'depthwise':
      return [
        kernel('filters', front, `${channels * multiplier} of ${times(size)}${at}\none channel each`, {
          count: channels,
          spread,
        }),
      ]
    case 'depthwise-separable': {
      const rows = e.sizes.map((s) => s.output)
      return [
        kernel('depthwise', front, `${channels * multiplier} of ${times(size)}${at}`, {
          count: channels,
          spread,
        }),
        '=',
        { ...tensor([channels * multiplier, ...rows]), title: 'between', tone: 'between' },
        '∗',
        kernel('pointwise', [1, 1], `${output[0]} of 1x1x${channels * multiplier}`, {
          depth: channels * multiplier,
          count: output[0]!,
        }),
      ]
    }
    case 'maxpool':
      return [kernel('window', front, `${times(size)}\nthe largest stays`)]
    case 'unpool': {
      const pooled = [channels, ...e.sizes.map((s) => Math.ceil(s.input / s.stride))]
      return [
        kernel('window', front, `${times(size)}\nthe largest stays`),
        '→',
        { ...tensor(pooled), title: 'pooled', tone: 'between' },
        '→',
        kernel('switches', front, 'put it back\nwhere it stood'),
      ]
    }
    case 'involution':
      return [
        kernel('kernels', front, `${times(size)}, one for\nevery pixel and group`, {
          count: e.sizes[0]!.output,
        }),
      ]
    case 'transposed':
      return [
        kernel('kernel', front, `${times(size)}${at}${inGroups}\npainted by every pixel`, {
          depth: Math.max(1, output[0]! / groups),
          count: channels,
          spread,
        }),
      ]
    default: {
      const depth = channels / groups
      return [
        kernel(
          output[0] === 1 ? 'kernel' : 'filters',
          front,
          `${output[0]} of ${times(size)}${depth > 1 ? `x${depth}` : ''}${at}${inGroups}`,
          { depth: depth * behind, count: output[0]!, spread },
        ),
      ]
    }
  }
}

/** What one sample of the output sees of the input, a little above and left of the middle. */
function windowsOf(e: Explanation): { read?: Window; written?: Window } {
  if (e.operator === 'unpool') return {}
  const [y, x] = e.sizes.slice(-2)
  if (y === undefined || x === undefined) return {}
  if (e.operator === 'transposed') {
    const at = (n: number) => Math.floor((n - 1) * 0.4)
    const [i, j] = [at(y.input), at(x.input)]
    return {
      read: { x: j, y: i, width: 1, height: 1 },
      written: {
        x: j * x.stride - x.padding[0],
        y: i * y.stride - y.padding[0],
        width: x.dilation * (x.kernel - 1) + 1,
        height: y.dilation * (y.kernel - 1) + 1,
      },
    }
  }
  const at = (n: number) => Math.floor((n - 1) * 0.4)
  const [i, j] = [at(y.output), at(x.output)]
  const [height, width] = [y.dilation * (y.kernel - 1) + 1, x.dilation * (x.kernel - 1) + 1]
  return {
    read: { x: j * x.stride - x.padding[0], y: i * y.stride - y.padding[0], width, height },
    written: { x: j, y: i, width: 1, height: 1 },
  }
}
