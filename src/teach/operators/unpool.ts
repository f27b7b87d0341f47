import { ConvoError } from '../../error.ts'
import { maxUnpool2d } from '../../operators/max-unpool.ts'
import { Tensor } from '../../tensor/tensor.ts'
import {
  type Cell,
  correlated,
  type Frame,
  inputPanel,
  kernelPanel,
  outputPanel,
  type Panel,
  passOf,
  type Scene,
  show,
  sign,
  sizes,
  slide,
} from '../animate/scene.ts'
import { exampleWeights, type SceneOptions, tent, weightsOf } from '../animate/settings.ts'
import { kernel, kernelWords, tensor } from '../explain/solids.ts'
import { inputAt, poolAt, pooled, poolFrames, windowPiece } from './maxpool.ts'
import type { Teaching } from './teaching.ts'

async function scene(options: SceneOptions): Promise<Scene> {
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
  const size = sizes(...x.shape.slice(1))
  const { pass } = await passOf(up, weight, how, () => ({
    input: `unpooled ${size}`,
    inputTone: 'between',
    kernel: 'kernel',
    output: `output ${size}`,
  }))
  const pooledAt = (k: number) =>
    [inputAt(pooling, -1), sign('→'), poolAt(pool, pool.output.data.length, k), sign('→')] as const
  const { row, column } = pass
  // the padding is drawn from the first frame, so nothing jumps when the convolution starts
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
      parts: [...pooledAt(k), ...correlated(unpooled(k + 1), k0, none)],
      caption: [`${show(value)} goes back to place ${pool.indices.data[k]}; the rest of its window stays 0`],
    }),
  )
  return {
    title: `${size} → pooled ${sizes(...pool.output.shape.slice(1))} → unpooled ${size} → ${size}`,
    formula:
      'pooling records the position of each maximum; unpooling puts it back there; a convolution fills the gaps',
    frames: [
      ...poolFrames(pooling, (input, maxima) => [
        input,
        sign('→'),
        maxima,
        sign('→'),
        ...correlated(unpooled(0), k0, none),
      ]),
      ...unpooling,
      ...slide(pass, (...panels) => [...pooledAt(-1), ...correlated(...panels)]),
    ],
  }
}

export const teaching: Teaching = {
  animations: { unpool: { takes: ['size', 'kernel', 'kernel-size', 'stride'], scene } },
  between(e) {
    const pooled = [e.input[0]!, ...e.sizes.map((s) => Math.ceil(s.input / s.stride))]
    return [
      windowPiece(e),
      '→',
      { ...tensor(pooled), title: 'pooled', tone: 'between' },
      '→',
      kernel('switches', kernelWords(e).front, 'put it back\nat its position'),
    ]
  },
  isWindowless: true,
}

/** Returns the weights: a 3x3 tent, which fills the gaps between maxima, or the example weights for other sizes. */
const smooth = (shape: readonly number[]): Tensor =>
  shape.slice(2).join() === '3,3' ? new Tensor(shape, tent(3, 3).data) : exampleWeights(shape)
