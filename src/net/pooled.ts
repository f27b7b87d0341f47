import type { PoolAxes, PoolAxis } from '../definition/pool.ts'
import { poolAxis } from '../operators/max-pool.ts'
import type { Lowering, Turn } from './step.ts'
import { shapeOf } from './value.ts'
import { batchOf, batchValue, orOfRows, paddingOf } from './weighted.ts'

// Operators over windows.

/** The windows of a pooling on planes of this size. */
function windowsOf(turn: Turn, height: number, width: number) {
  const [high, wide] = turn.counts('kernel_shape', 2, 1) ?? []
  if (high === undefined || wide === undefined)
    throw turn.unsupported('it has no windows', 'windows of pictures, [kH,kW]')
  const [before] = turn.declared?.inputs ?? []
  const isPadded =
    String(turn.node.attributes.get('auto_pad')).startsWith('SAME') ||
    (turn.counts('pads', 4, 0) ?? []).some((n) => n > 0)
  // a window over all of the declared picture is one over all of any picture
  const isAll =
    before !== undefined &&
    !isPadded &&
    !turn.node.outputs[1] &&
    String(shapeOf(before).slice(-2)) === String([high, wide])
  const kernel = isAll ? ([height, width] as const) : ([high, wide] as const)
  const stride = isAll ? kernel : turn.pair('strides', 1)
  const dilation = turn.pair('dilations', 1)
  const padding = paddingOf(turn, [height, width], kernel, stride, dilation)
  const isUp = turn.flag('ceil_mode')
  const axis = (i: 0 | 1, name: string, input: number): PoolAxis => {
    const choice = { stride: stride[i], dilation: dilation[i], padding: padding[i] }
    return turn.inNode(() => poolAxis(name, input, kernel[i], choice, isUp))
  }
  const flat = poolAxis('depth', 1, 1, { stride: 1, dilation: 1, padding: [0, 0] }, false)
  const axes: PoolAxes = [flat, axis(0, 'height', height), axis(1, 'width', width)]
  return { axes, kernel, padding, stride }
}

const maxPool: Lowering = async (turn) => {
  const { planes, pictures } = await batchOf(turn)
  const { axes, kernel } = windowsOf(turn, planes.shape[1]!, planes.shape[2]!)
  const out = batchValue(await turn.engine.layer('pool', [planes], { axes }), pictures)
  if (!turn.node.outputs[1]) return out
  const across = kernel[1]
  const places = batchValue(await turn.engine.layer('switches', [planes], { axes, across }), pictures)
  const isByColumns = turn.number('storage_order', 0) !== 0
  return [out, { ...places, pooling: { axes, across, isByColumns } }]
}

const maxUnpool: Lowering = async (turn) => {
  const { planes, pictures } = await batchOf(turn)
  const switches = turn.value(1)
  const { pooling } = switches
  if (pooling === undefined)
    throw turn.unsupported(
      'its indices do not come from a MaxPool of this network',
      'the second output of the MaxPool',
    )
  const { axes, across, isByColumns } = pooling
  if (isByColumns)
    throw turn.unsupported(
      'indices that count down columns are not supported',
      'a MaxPool with storage_order 0',
    )
  if (axes[1].output !== planes.shape[1] || axes[2].output !== planes.shape[2])
    throw turn.unfit(`its indices are for ${axes[2].output}x${axes[1].output}`)
  const target =
    turn.inputs[2]?.kind === 'known' ? Array.from(turn.inputs[2].constant.data).slice(-2) : undefined
  const size = target ?? sizeByWindows(turn, planes.shape)
  if (size[0] !== axes[1].input || size[1] !== axes[2].input)
    throw turn.unfit(
      `makes ${size[1]}x${size[0]} of what a MaxPool took from ${axes[2].input}x${axes[1].input}: its indices would be different`,
    )
  const made = await turn.engine.layer('unpooled', [planes, switches.planes], { axes, across })
  return batchValue(made, pictures)
}

function sizeByWindows(turn: Turn, shape: readonly number[]): number[] {
  const kernel = turn.pair('kernel_shape', 1)
  const stride = turn.pair('strides', 1)
  const pads = turn.counts('pads', 4, 0) ?? [0, 0, 0, 0]
  return [0, 1].map((i) => (shape[i + 1]! - 1) * stride[i]! - pads[i]! - pads[i + 2]! + kernel[i]!)
}

const averagePool: Lowering = async (turn) => {
  const { planes, pictures } = await batchOf(turn)
  const { axes, kernel, padding, stride } = windowsOf(turn, planes.shape[1]!, planes.shape[2]!)
  const countsPadding = turn.flag('count_include_pad')
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
