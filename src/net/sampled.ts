import type { Sampling } from '../definition/sampled.ts'
import { type Lowering, numberOf, textOf, unfit, unsupported, valueAt } from './step.ts'
import { arranged, pictureValue, plain, shapeOf } from './value.ts'

// Operators that take samples from places that are computed.

/** ONNX's names before and since opset 20. */
const modes: Readonly<Record<string, Sampling['mode']>> = {
  nearest: 'nearest',
  bilinear: 'linear',
  linear: 'linear',
  bicubic: 'cubic',
  cubic: 'cubic',
}

const isOutside = (name: string): name is Sampling['outside'] =>
  name === 'zeros' || name === 'border' || name === 'reflection'

const gridSample: Lowering = async (turn) => {
  const [value, grid] = [valueAt(turn, 0), valueAt(turn, 1)]
  const [shape, places] = [shapeOf(value), shapeOf(grid)]
  if (shape.length !== 4 || shape[0] !== 1)
    throw unsupported(turn, `its input is [${shape}], but only pictures [1,C,H,W] are supported`)
  if (places.length !== 4 || places[0] !== 1 || places[3] !== 2)
    throw unfit(turn, `its grid is [${places}], not [1,H,W,2]`)
  const [mode, outside] = [textOf(turn, 'mode', 'linear'), textOf(turn, 'padding_mode', 'zeros')]
  if (!Object.hasOwn(modes, mode))
    throw unsupported(turn, `the mode "${mode}" is not supported`, 'linear, nearest or cubic')
  if (!isOutside(outside))
    throw unsupported(turn, `the padding "${outside}" is not supported`, 'zeros, border or reflection')
  const { planes } = await plain(turn.engine, value)
  const { planes: wanted } = await arranged(turn.engine, grid, [[3], [0, 1], [2]])
  const settings = { mode: modes[mode]!, outside, aligned: numberOf(turn, 'align_corners', 0) === 1 }
  return pictureValue(await turn.engine.layer('sampled', [planes, wanted], settings))
}

/** Operators that sample by name. */
export const sampledLowerings: Readonly<Record<string, Lowering>> = { GridSample: gridSample }
