import { type Lowering, numberOf, unfit, unsupported, valueAt, wordOf } from './step.ts'
import { arranged, pictureValue, plain, shapeOf } from './value.ts'

// Operators that sample at computed positions.

/** The modes by their names in ONNX, since opset 20 and before. */
const modes = {
  linear: 'linear',
  nearest: 'nearest',
  cubic: 'cubic',
  bilinear: 'linear',
  bicubic: 'cubic',
} as const
const words = Object.keys(modes) as (keyof typeof modes)[]

const gridSample: Lowering = async (turn) => {
  const [value, grid] = [valueAt(turn, 0), valueAt(turn, 1)]
  const [shape, places] = [shapeOf(value), shapeOf(grid)]
  if (shape.length !== 4 || shape[0] !== 1)
    throw unsupported(turn, `its input is [${shape}], but only pictures [1,C,H,W] are supported`)
  if (places.length !== 4 || places[0] !== 1 || places[3] !== 2)
    throw unfit(turn, `its grid is [${places}], not [1,H,W,2]`)
  const mode = modes[wordOf(turn, 'mode', words)]
  const outside = wordOf(turn, 'padding_mode', ['zeros', 'border', 'reflection'])
  const { planes } = await plain(turn.engine, value)
  const { planes: wanted } = await arranged(turn.engine, grid, [[3], [0, 1], [2]])
  const settings = { mode, outside, aligned: numberOf(turn, 'align_corners', 0) === 1 }
  return pictureValue(await turn.engine.layer('sampled', [planes, wanted], settings))
}

/** The sampling operators, by name. */
export const sampledLowerings: Readonly<Record<string, Lowering>> = { GridSample: gridSample }
