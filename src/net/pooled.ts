import type { PoolAxes, PoolAxis } from '../definition/pool.ts'
import { poolAxis } from '../operators/max-pool.ts'
import { batchOf, batchValue, orOfRows } from './batch.ts'
import { countsOf, inNode, type Lowering, numberOf, type Turn, unfit, unsupported, valueAt } from './step.ts'
import { type Item, shapeOf } from './value.ts'
import { paddingOf, pairOf } from './weighted.ts'

// Operators over windows.

type Windows = {
  readonly axes: PoolAxes
  readonly kernel: readonly [number, number]
  readonly padding: readonly [readonly [number, number], readonly [number, number]]
  readonly stride: readonly [number, number]
}

/** The windows of a pooling on planes of this size. */
function windowsOf(turn: Turn, height: number, width: number): Windows {
  const [high, wide] = countsOf(turn, 'kernel_shape', 2, 1) ?? []
  if (high === undefined || wide === undefined)
    throw unsupported(turn, 'it has no windows', 'windows of pictures, [kH,kW]')
  const [before] = turn.declared?.inputs ?? []
  const isPadded =
    String(turn.node.attributes.get('auto_pad')).startsWith('SAME') ||
    (countsOf(turn, 'pads', 4, 0) ?? []).some((n) => n > 0)
  // a window over all of the declared picture is one over all of any picture
  const isAll =
    before !== undefined &&
    !isPadded &&
    !turn.node.outputs[1] &&
    String(shapeOf(before).slice(-2)) === String([high, wide])
  const kernel = isAll ? ([height, width] as const) : ([high, wide] as const)
  const stride = isAll ? kernel : pairOf(turn, 'strides', 1)
  const dilation = pairOf(turn, 'dilations', 1)
  const padding = paddingOf(turn, [height, width], kernel, stride, dilation)
  const isUp = numberOf(turn, 'ceil_mode', 0) === 1
  const axis = (i: 0 | 1, name: string, input: number): PoolAxis => {
    const choice = { stride: stride[i], dilation: dilation[i], padding: padding[i] }
    return inNode(turn, () => poolAxis(name, input, kernel[i], choice, isUp))
  }
  const flat = poolAxis('depth', 1, 1, { stride: 1, dilation: 1, padding: [0, 0] }, false)
  return { axes: [flat, axis(0, 'height', height), axis(1, 'width', width)], kernel, padding, stride }
}

const maxPool: Lowering = async (turn) => {
  const { planes, pictures } = await batchOf(turn)
  const { axes, kernel } = windowsOf(turn, planes.shape[1]!, planes.shape[2]!)
  const out: Item = batchValue(await turn.engine.layer('pool', [planes], { axes }), pictures)
  if (!turn.node.outputs[1]) return out
  const across = kernel[1]
  const places = batchValue(await turn.engine.layer('switches', [planes], { axes, across }), pictures)
  const isByColumns = numberOf(turn, 'storage_order', 0) !== 0
  return [out, { ...places, pooling: { axes, across, isByColumns } }]
}

const maxUnpool: Lowering = async (turn) => {
  const { planes, pictures } = await batchOf(turn)
  const switches = valueAt(turn, 1)
  const { pooling } = switches
  if (pooling === undefined)
    throw unsupported(
      turn,
      'its indices do not come from a MaxPool of this network',
      'the second output of the MaxPool',
    )
  const { axes, across, isByColumns } = pooling
  if (isByColumns)
    throw unsupported(
      turn,
      'indices that count down columns are not supported',
      'a MaxPool with storage_order 0',
    )
  if (axes[1].output !== planes.shape[1] || axes[2].output !== planes.shape[2])
    throw unfit(turn, `its indices are for ${axes[2].output}x${axes[1].output}`)
  const target =
    turn.inputs[2]?.kind === 'known' ? Array.from(turn.inputs[2].constant.data).slice(-2) : undefined
  const size = target ?? sizeByWindows(turn, planes.shape)
  if (size[0] !== axes[1].input || size[1] !== axes[2].input)
    throw unfit(
      turn,
      `makes ${size[1]}x${size[0]} of what a MaxPool took from ${axes[2].input}x${axes[1].input}: its indices would be different`,
    )
  const made = await turn.engine.layer('unpooled', [planes, switches.planes], { axes, across })
  return batchValue(made, pictures)
}

function sizeByWindows(turn: Turn, shape: readonly number[]): number[] {
  const kernel = pairOf(turn, 'kernel_shape', 1)
  const stride = pairOf(turn, 'strides', 1)
  const pads = countsOf(turn, 'pads', 4, 0) ?? [0, 0, 0, 0]
  return [0, 1].map((i) => (shape[i + 1]! - 1) * stride[i]! - pads[i]! - pads[i + 2]! + kernel[i]!)
}

const averagePool: Lowering = async (turn) => {
  const { planes, pictures } = await batchOf(turn)
  const { axes, kernel, padding, stride } = windowsOf(turn, planes.shape[1]!, planes.shape[2]!)
  const countsPadding = numberOf(turn, 'count_include_pad', 0) === 1
  const counts = (axis: PoolAxis, i: 0 | 1): Int32Array =>
    Int32Array.from({ length: axis.output }, (_, o) => {
      if (!countsPadding) return axis.high[o]! - axis.low[o]! + 1
      // if sizes are rounded up, the part of a window beyond the padding does not count
      const start = o * stride[i] - padding[i][0]
      const room = axis.input + padding[i][1] - start
      return Math.min(kernel[i], Math.ceil(room / axis.dilation))
    })
  const settings = { axes, rows: counts(axes[1], 0), columns: counts(axes[2], 1) }
  return batchValue(await turn.engine.layer('averaged', [planes], settings), pictures)
}

/** The operators over windows, by name. */
export const pooledLowerings: Readonly<Record<string, Lowering>> = {
  MaxPool: orOfRows(maxPool),
  MaxUnpool: maxUnpool,
  AveragePool: orOfRows(averagePool),
}
