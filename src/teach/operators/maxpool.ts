import type { Explanation } from '../../operators/explain.ts'
import { maxPool2d, type Pooled } from '../../operators/max-pool.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import {
  type Cell,
  type Frame,
  type Panel,
  planePanel,
  type Scene,
  show,
  sign,
  sizes,
  type Tone,
} from '../animate/scene.ts'
import { noise, perAxis, type SceneOptions } from '../animate/settings.ts'
import { kernel, kernelWords, type Solid } from '../explain/solids.ts'
import type { Teaching } from './teaching.ts'

type Pooling = Awaited<ReturnType<typeof pooled>>

const plane = (title: string, tone: Tone, { shape }: Tensor, cells: readonly Cell[]): Panel =>
  planePanel(title, tone, [shape[1]!, shape[2]!], cells)

/** Pools the example input with windows of a size, at a distance. */
export async function pooled({ size }: SceneOptions, window: readonly [number, number], stride: number) {
  const [height, width] = perAxis('size', size, [4, 4])
  const x = noise([1, height, width], 0, 9)
  return { x, pool: await maxPool2d(x, { kernelSize: window, stride }), window, stride }
}

/** Returns the input with window k marked; no window for k = -1. */
export function inputAt({ x, pool, window: [rows, columns], stride }: Pooling, k: number): Panel {
  const width = x.shape[2]!
  const out = pool.output.shape[2]!
  const [top, left] = [Math.floor(k / out) * stride, (k % out) * stride]
  const cells = Array.from(x.data, (value, i): Cell => {
    const [y, column] = [Math.floor(i / width) - top, (i % width) - left]
    const isIn = k >= 0 && y >= 0 && column >= 0 && y < rows && column < columns
    return { value, mark: !isIn ? undefined : i === pool.indices.data[k] ? 'now' : 'window' }
  })
  return plane(`input ${sizes(...x.shape.slice(1))}`, 'input', x, cells)
}

/** Returns the first `count` maxima, each with its switch. The one at `now` is marked. */
export function poolAt({ output, indices }: Pooled, count: number, now: number): Panel {
  const cells = Array.from(
    output.data,
    (value, i): Cell =>
      i >= count ? {} : { value, corner: `#${indices.data[i]}`, mark: i === now ? 'now' : undefined },
  )
  return plane('maxima #switch', 'between', output, cells)
}

/** Returns the frames of the pooling. `parts` arranges the two panels, with others if needed. */
export const poolFrames = (
  pooling: Pooling,
  parts: (input: Panel, maxima: Panel) => Frame['parts'],
): Frame[] =>
  Array.from(pooling.pool.output.data, (value, k) => {
    const { pool } = pooling
    const input = inputAt(pooling, k)
    const seen = input.planes[0]!.cells.filter(({ mark }) => mark !== undefined).map((cell) =>
      show(cell.value!),
    )
    return {
      parts: parts(input, poolAt(pool, k + 1, k)),
      caption: [
        `max(${seen.join(', ')}) = ${show(value)}, its switch: place ${pool.indices.data[k]} of the input`,
      ],
    }
  })

export function windowPiece(e: Explanation): Solid {
  const { front, size } = kernelWords(e)
  return kernel('window', front, `${size}\nthe largest stays`)
}

async function scene(options: SceneOptions): Promise<Scene> {
  const window = perAxis('kernel-size', options['kernel-size'], [2, 2])
  const pooling = await pooled(options, window, options.stride ?? Math.max(...window))
  const { x, pool, stride } = pooling
  const apart = window.every((n) => n === stride) ? '' : `, stride ${stride}`
  return {
    title: `${sizes(...x.shape.slice(1))}, windows ${sizes(...window)}${apart} → ${sizes(...pool.output.shape.slice(1))}`,
    formula: 'a switch is the position of a maximum, counted row by row from 0',
    frames: poolFrames(pooling, (input, maxima) => [input, sign('→'), maxima]),
  }
}

export const teaching: Teaching = {
  animations: { maxpool: { takes: ['size', 'kernel-size', 'stride'], scene } },
  between: (e) => [windowPiece(e)],
}
