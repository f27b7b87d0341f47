import { type Explanation, layerRules } from '../../operators/explain.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import type { Box } from '../draw/svg.ts'
import type { Teaching } from '../operators/teaching.ts'
import type { Piece, Solid } from './solids.ts'
import { sizes } from './text.ts'

/** Returns the tensors of an operator and the pieces between them, from left to right. */
export function operatorPieces(
  e: Explanation,
  { between = bankBetween, isWindowless }: Teaching,
): readonly Piece[] {
  const { read, written } = isWindowless ? {} : windowsOf(e)
  const from: Solid = { ...tensor(e.input), title: 'input', tone: 'input', ...(read && { window: read }) }
  const to: Solid = {
    ...tensor(e.output),
    title: 'output',
    tone: 'output',
    ...(written && { window: written }),
  }
  const [meets, gives] = layerRules(e.operator)?.pools ? ['→', '→'] : ['∗', '=']
  return [from, meets, ...between(e), gives, to]
}

/** Returns a tensor [C,H,W] or [C,D,H,W] as a solid, without title and tone. */
export const tensor = (shape: readonly number[]) => {
  const [height, width] = [shape.at(-2)!, shape.at(-1)!]
  const depth = sizeOf(shape.slice(0, -2))
  const [channels = 1, slices] = shape.slice(0, -2)
  const many = `${channels} ${channels === 1 ? 'channel' : 'channels'}`
  return {
    height,
    width,
    depth,
    caption: `${sizes(shape)}\n${slices === undefined ? many : `${slices} slices, ${many}`}`,
  }
}

export const kernel = (
  title: string,
  [height, width]: readonly [number, number],
  caption: string,
  { depth = 1, count = 1, spread = 1 } = {},
): Solid => ({ title, tone: 'kernel', height, width, depth, count, spread, caption })

/**
 * The description of a kernel in drawings: its front, its size, rate and groups in words, and the spread of its taps.
 */
export function kernelWords({ kernel: size, sizes: axes, groups }: Explanation) {
  const rate = Math.max(...axes.map((s) => s.dilation))
  return {
    front: [size.at(-2)!, size.at(-1)!] as const,
    size: sizes(size),
    at: rate > 1 ? `, rate ${rate}` : '',
    inGroups: groups > 1 ? `, ${groups} groups` : '',
    spread: axes.every((s) => s.dilation === rate) ? rate : 1,
  }
}

/** Returns a bank of filters as one kernel with a count. */
function bankBetween(e: Explanation): Piece[] {
  const { input, output, groups, kernel: taps } = e
  const { front, size, at, inGroups, spread } = kernelWords(e)
  const depth = input[0]! / groups
  const caption = `${output[0]} of ${size}${depth > 1 ? `x${depth}` : ''}${at}${inGroups}`
  const behind = taps.length === 3 ? taps[0]! : 1
  const title = output[0] === 1 ? 'kernel' : 'filters'
  return [kernel(title, front, caption, { depth: depth * behind, count: output[0]!, spread })]
}

/**
 * Returns a window of each tensor: one sample of the output and what it reads, or one sample of the input and what it
 * paints. The sample is a little above and left of the middle.
 */
function windowsOf({ operator, sizes: axes }: Explanation): { read: Box; written: Box } {
  const [y, x] = axes.slice(-2) as [(typeof axes)[number], (typeof axes)[number]]
  const paints = layerRules(operator)?.paints
  const at = (n: number) => Math.floor((n - 1) * 0.4)
  const [i, j] = paints ? [at(y.input), at(x.input)] : [at(y.output), at(x.output)]
  const one = { x: j, y: i, width: 1, height: 1 }
  const many = {
    x: j * x.stride - x.padding[0],
    y: i * y.stride - y.padding[0],
    width: x.dilation * (x.kernel - 1) + 1,
    height: y.dilation * (y.kernel - 1) + 1,
  }
  return paints ? { read: one, written: many } : { read: many, written: one }
}
