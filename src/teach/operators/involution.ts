import { correlationOf } from '../../conv/spec.ts'
import { referenceEngine } from '../../definition/engine.ts'
import { ConvoError } from '../../error.ts'
import { involution2d } from '../../operators/involution.ts'
import { pointwiseConv2d } from '../../operators/pointwise.ts'
import { Tensor } from '../../tensor/tensor.ts'
import {
  equals,
  type Frame,
  momentOf,
  type Pass,
  type Plane,
  passTo,
  type Scene,
  show,
  sign,
  sizes,
} from '../animate/scene.ts'
import { noise, oneDilation, perAxis, type SceneOptions } from '../animate/settings.ts'
import { kernel, kernelWords } from '../explain/solids.ts'
import type { Teaching } from './teaching.ts'

async function scene(options: SceneOptions): Promise<Scene> {
  const [height, width] = perAxis('size', options.size, [4, 4])
  const [size, other] = perAxis('kernel-size', options['kernel-size'], [3, 3])
  if (size !== other || size % 2 === 0) {
    const what = `--kernel-size of an involution must be one odd number, got ${size},${other}`
    throw new ConvoError('E_OPTION', what)
  }
  const dilation = oneDilation(options)
  const { channels = 2, groups = 1, stride = 1 } = options
  const x = noise([channels, height, width], 0, 2)
  const reduceWeight = new Tensor(
    [1, channels, 1, 1],
    Float32Array.from({ length: channels }, () => 1),
  )
  const taps = size * size
  const spanWeight = noise([groups * taps, 1, 1, 1], -1, 1)
  const generator = { kernelSize: size, stride, groups, dilation, reduceWeight, spanWeight }
  const out = await involution2d(referenceEngine, x, generator)
  const [, rows, columns] = out.shape as [number, number, number]
  const places = rows * columns
  const mean = await referenceEngine.layer('means', [x], { s: stride })
  const hidden = await pointwiseConv2d(referenceEngine, mean, reduceWeight, { activation: 'relu' })
  const kernels = await pointwiseConv2d(referenceEngine, hidden, spanWeight)
  const groupOf = (channel: number) => Math.floor(channel / (channels / groups))
  const weightAt = (k: number, channel: number, tap: number) =>
    kernels.data[(groupOf(channel) * taps + tap) * places + k]!
  const half = ((size - 1) / 2) * dilation
  const maker = stride === 1 ? 'pixel' : 'block'
  /** Returns a pass with the kernel of place k everywhere. Only place k of it is used. */
  const passAt = (k: number): Pass => {
    const bank = new Tensor(
      [channels, 1, size, size],
      Float32Array.from({ length: channels * taps }, (_, t) => weightAt(k, Math.floor(t / taps), t % taps)),
    )
    const how = { padding: half, stride, dilation, groups: channels }
    const pass = passTo([x, bank, out], correlationOf(2, x, bank, how), {
      input: `input ${x.shape.join('x')}`,
      kernel: 'kernel of this pixel',
      output: `output ${out.shape.join('x')}`,
    })
    // an incomplete block has no kernel, so it has no output
    return { ...pass, row: { ...pass.row, output: rows }, column: { ...pass.column, output: columns } }
  }
  const frames = Array.from({ length: places }, (_, k): Frame => {
    const pass = passAt(k)
    const [i, j] = [Math.floor(k / columns), k % columns]
    const moments = pass.outputs.map((_place, o) => momentOf(pass, { o, i, j }))
    const pixel = Array.from({ length: channels }, (__, c) => mean.data[c * places + k]!)
    const block = { y: i * stride + half, x: j * stride + half, side: stride }
    return {
      parts: [
        { ...moments[0]!.input, planes: moments.map((m, c) => withBlock(m.input.planes[c]!, block)) },
        sign('∗'),
        {
          ...moments[0]!.kernel,
          title: groups > 1 ? `kernels of this ${maker}` : `kernel of this ${maker}`,
          planes: Array.from({ length: groups }, (__, g): Plane => {
            const [first, last] = [(g * channels) / groups + 1, ((g + 1) * channels) / groups]
            const title =
              groups === 1 ? undefined : first === last ? `channel ${first}` : `channels ${first} to ${last}`
            return { ...moments[first - 1]!.kernel.planes[0]!, title }
          }),
        },
        sign('='),
        {
          ...moments[0]!.output,
          planes: pass.outputs.map((plane, c) => ({
            ...moments[c]!.output.planes[c]!,
            cells: Array.from(plane, (value, p) =>
              p > k ? {} : { value, mark: p === k ? ('now' as const) : undefined },
            ),
          })),
        },
      ],
      caption: [
        `row ${i + 1}, column ${j + 1}: relu(${pixel.map(show).join(' + ')}) ${equals(...pixel, hidden.data[k]!)} ${show(hidden.data[k]!)}; ${madeOf(spanWeight, groups, hidden.data[k]!)}`,
        ...moments.map((m, c) => `channel ${c + 1}: ${m.caption[0]}`),
      ],
    }
  })
  return {
    title: `${x.shape.join('x')}, kernels ${sizes(size, size)} made from the ${maker}s → ${out.shape.join('x')}`,
    formula: `kernel = span · relu(reduce · ${stride === 1 ? 'pixel' : 'mean of the block'}): unlike in a convolution, it is different for each ${maker} and shared by all channels${groups === 1 ? '' : ' of a group'}`,
    frames,
  }
}

export const teaching: Teaching = {
  animations: {
    involution: { takes: ['size', 'kernel-size', 'stride', 'dilation', 'channels', 'groups'], scene },
  },
  between(e) {
    const { front, size } = kernelWords(e)
    return [
      kernel('kernels', front, `${size}, one for\nevery pixel and group`, { count: e.sizes[0]!.output }),
    ]
  },
}

/** Formats how a kernel is made, as `kernel = 3 · (1 0 −1)`, with one bracket for each group. */
function madeOf(span: Tensor, groups: number, value: number): string {
  const taps = span.data.length / groups
  const lists = Array.from({ length: groups }, (_, g) =>
    Array.from(span.data.subarray(g * taps, (g + 1) * taps), show).join(' '),
  )
  return `${groups === 1 ? 'kernel' : 'kernels'} = ${show(value)} · (${lists.join('), (')})`
}

type Block = { readonly y: number; readonly x: number; readonly side: number }

/** Returns the plane with the pixels marked from which the kernel is made. */
const withBlock = (plane: Plane, { y, x, side }: Block): Plane => ({
  ...plane,
  cells: plane.cells.map((cell, k) => {
    const [row, column] = [Math.floor(k / plane.columns) - y, (k % plane.columns) - x]
    return row >= 0 && row < side && column >= 0 && column < side ? { ...cell, mark: 'now' } : cell
  }),
})
