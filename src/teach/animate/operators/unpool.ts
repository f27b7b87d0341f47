import { referenceEngine } from '../../../definition/engine.ts'
import { ConvoError } from '../../../error.ts'
import { conv2d } from '../../../operators/conv2d.ts'
import { maxPool2d, type Pooled } from '../../../operators/max-pool.ts'
import { maxUnpool2d } from '../../../operators/max-unpool.ts'
import { Tensor } from '../../../tensor/tensor.ts'
import { exampleWeights, noise, tent } from '../examples.ts'
import { type Cell, type Frame, type Panel, show, sign, sizes, type Tone } from '../scene.ts'
import { perAxis, type SceneOptions, weightsOf } from '../settings.ts'
import { inputPanel, kernelPanel, outputPanel, pass2d, slide } from '../slide.ts'
import type { Animation } from './entry.ts'

/** A pooling: its windows, and how far they lie apart. */
type Pooling = {
  readonly x: Tensor
  readonly pool: Pooled
  readonly window: readonly [rows: number, columns: number]
  readonly stride: number
}

const panel = (
  title: string,
  tone: Tone,
  [, rows, columns]: readonly number[],
  cells: readonly Cell[],
): Panel => ({
  kind: 'panel',
  title,
  tone,
  planes: [{ rows: rows!, columns: columns!, cells }],
})

async function pooled(
  { size }: SceneOptions,
  window: readonly [number, number],
  stride: number,
): Promise<Pooling> {
  const [height, width] = perAxis('size', size, [4, 4]) as [number, number]
  const x = noise([1, height, width], 0, 9)
  return { x, pool: await maxPool2d(x, { kernelSize: window, stride }), window, stride }
}

/** The input with one window marked. */
function inputAt({ x, pool, window: [rows, columns], stride }: Pooling, k: number): Panel {
  const width = x.shape[2]!
  const out = pool.output.shape[2]!
  const [top, left] = [Math.floor(k / out) * stride, (k % out) * stride]
  const cells = Array.from(x.data, (value, i): Cell => {
    const [y, column] = [Math.floor(i / width) - top, (i % width) - left]
    const isIn = k >= 0 && y >= 0 && column >= 0 && y < rows && column < columns
    return { value, mark: !isIn ? undefined : i === pool.indices.data[k] ? 'now' : 'window' }
  })
  return panel(`input ${sizes(...x.shape.slice(1))}`, 'input', x.shape, cells)
}

/** The maxima up to `count`, each with its switch. */
function poolAt({ output, indices }: Pooled, count: number, now: number): Panel {
  const cells = Array.from(
    output.data,
    (value, i): Cell =>
      i >= count ? {} : { value, corner: `#${indices.data[i]}`, mark: i === now ? 'now' : undefined },
  )
  return panel(`maxima #switch`, 'between', output.shape, cells)
}

/** Frames of the pooling; `parts` sets the panels among others. */
const poolFrames = (pooling: Pooling, parts: (input: Panel, maxima: Panel) => Frame['parts']): Frame[] =>
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

export const maxpoolAnimation: Animation = {
  takes: ['size', 'kernel-size', 'stride'],
  async scene(options) {
    const window = perAxis('kernel-size', options['kernel-size'], [2, 2]) as [number, number]
    const pooling = await pooled(options, window, options.stride ?? Math.max(...window))
    const { x, pool, stride } = pooling
    const apart = window.every((n) => n === stride) ? '' : `, stride ${stride}`
    return {
      title: `${sizes(...x.shape.slice(1))}, windows ${sizes(...window)}${apart} → ${sizes(...pool.output.shape.slice(1))}`,
      formula: 'a switch is the place of the maximum, counted row by row from 0',
      frames: poolFrames(pooling, (input, maxima) => [input, sign('→'), maxima]),
    }
  },
}

export const unpoolAnimation: Animation = {
  takes: ['size', 'kernel', 'kernel-size', 'stride'],
  async scene(options) {
    const { stride = 2 } = options
    const pooling = await pooled(options, [stride, stride], stride)
    const { x, pool } = pooling
    if (x.shape.slice(1).some((n) => n % stride !== 0)) {
      throw new ConvoError(
        'E_OPTION',
        `--size must be a multiple of the windows of ${sizes(stride, stride)}, got ${x.shape.slice(1).join(',')}`,
        { fix: `--size ${2 * stride}` },
      )
    }
    const up = await maxUnpool2d(pool.output, pool.indices, { kernelSize: stride })
    const weight = await weightsOf(options, 1, 1, [3, 3], smooth)
    const how = { padding: 'same' as const }
    const out = await conv2d(referenceEngine, up, weight, how)
    const size = sizes(...x.shape.slice(1))
    const pass = pass2d([up, weight, out], how, {
      input: `unpooled ${size}`,
      inputTone: 'between',
      kernel: 'kernel',
      output: `output ${size}`,
    })
    const still = [
      inputAt(pooling, -1),
      sign('→'),
      poolAt(pool, pool.output.data.length, -1),
      sign('→'),
    ] as const
    const rest = (unpooled: Panel, kernel: Panel, output: Panel) => [
      unpooled,
      sign('∗'),
      kernel,
      sign('='),
      output,
    ]
    const { row, column } = pass
    // the padding is drawn from the beginning, so that nothing jumps when the kernel comes
    const unpooled = (count: number): Panel => {
      const placed = new Set(pool.indices.data.slice(0, count))
      const last = pool.indices.data[count - 1]
      const { planes, ...whole } = inputPanel(pass)
      const columns = column.before + column.input + column.after
      const cells = planes[0]!.cells.map((cell, k): Cell => {
        if (cell.mark === 'pad') return cell
        const i = (Math.floor(k / columns) - row.before) * column.input + (k % columns) - column.before
        if (count === 0) return {}
        return placed.has(i) ? { value: cell.value, mark: i === last ? 'now' : undefined } : { value: 0 }
      })
      return { ...whole, planes: [{ ...planes[0]!, cells }] }
    }
    const [k0, none] = [kernelPanel(pass, 0), outputPanel(pass, 'none')]
    const unpooling = Array.from(
      pool.output.data,
      (value, k): Frame => ({
        parts: [
          inputAt(pooling, -1),
          sign('→'),
          poolAt(pool, pool.output.data.length, k),
          sign('→'),
          ...rest(unpooled(k + 1), k0, none),
        ],
        caption: [
          `${show(value)} goes back to place ${pool.indices.data[k]}; the other places of its window hold 0`,
        ],
      }),
    )
    return {
      title: `${size} → pooled ${sizes(...pool.output.shape.slice(1))} → unpooled ${size} → ${size}`,
      formula:
        'pooling remembers where each maximum stood; unpooling puts it back there; a convolution fills the gaps',
      frames: [
        ...poolFrames(pooling, (input, maxima) => [
          input,
          sign('→'),
          maxima,
          sign('→'),
          ...rest(unpooled(0), k0, none),
        ]),
        ...unpooling,
        ...slide(pass, ({ input, kernel, output }) => [...still, ...rest(input, kernel, output)]),
      ],
    }
  },
}

/** The tent that reaches from one window to the next. */
const smooth = (shape: readonly number[]): Tensor =>
  shape.slice(2).join() === '3,3' ? new Tensor(shape, tent(3, 3).data) : exampleWeights(shape)
