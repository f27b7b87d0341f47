import { type FormulaName, faint } from '../definition/formulas.ts'
import { type FunctionName, parametersOf } from '../definition/functions.ts'
import type { Shape } from '../definition/layer.ts'
import { type LayerWork, runLayer, scaleFree } from '../definition/layers.ts'
import type { Rows } from '../definition/rows.ts'
import type { Summary } from '../definition/summary.ts'
import type { Address } from '../graph/address.ts'
import { prepareBlend } from './blend.ts'
import type { WasmExports } from './engine.ts'
import { operationNumbers, prepareEither, preparePair } from './pairs.ts'
import { type Compute, type PlacedRows, rowAt } from './placed-rows.ts'
import { preparePooling } from './pooling.ts'
import { prepareRanked } from './ranked.ts'
import { prepareAcross, prepareDown } from './resample.ts'
import {
  prepareEvened,
  prepareOverChannels,
  preparePlaced,
  prepareProduct,
  prepareRearranged,
  prepareResized,
  prepareUnpooled,
} from './shaping.ts'
import { prepareKernels } from './similarity.ts'

/** Prepares a layer. It runs in its own loop if it has one, otherwise as its definition. */
export function prepareLayer(
  work: LayerWork,
  shape: Shape,
  shapes: readonly Shape[],
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const data = new Float32Array(wasm.memory.buffer)
  const asDefined: Compute = (to, from, span) => {
    const rows = from.map((one) => rowsIn(data, one))
    runLayer(work, rowsIn(data, to), rows, span, shapes, shape)
  }
  return prepareLoop(work, shape, shapes, wasm, scratch, asDefined) ?? asDefined
}

/** The number of each function in the WebAssembly loop. */
const functionNumbers: { readonly [K in FunctionName]?: number } = {
  sigmoid: 0,
  silu: 1,
  tanh: 2,
  exp: 3,
  elu: 4,
  erf: 5,
  gelu: 6,
  'gelu-tanh': 7,
  hardsigmoid: 8,
  hardswish: 9,
  sqrt: 10,
  abs: 11,
  neg: 12,
  reciprocal: 13,
  log: 14,
  softplus: 15,
  mish: 16,
  selu: 17,
  celu: 18,
  softsign: 19,
  thresholded: 20,
  floor: 21,
  ceil: 22,
  round: 23,
  trunc: 24,
}

/** The number of the function that returns its second parameter if a sample is above the first, otherwise 0. */
const aboveNumber = 25

/** Functions that may return doubles unrounded. Multiplied by a unit, these differ from a float32 times the unit. */
const unrounded: ReadonlySet<FunctionName> = new Set<FunctionName>([
  'elu',
  'celu',
  'thresholded',
  'floor',
  'ceil',
  'round',
  'trunc',
])

/** The number of each summary of a row in the WebAssembly loop. */
const summaryNumbers: { readonly [K in Summary]: number } = {
  sum: 0,
  mean: 0,
  l2: 1,
  max: 2,
  min: 3,
  moments: 4,
}

/** The bytes of scratch memory that softmax needs. */
export const softmaxBytes = ([channels]: Shape): number => (channels + 2) * 64 * 8

/** The number of each formula in the WebAssembly loop; `damped` has its own loop. */
const formulaNumbers: { readonly [K in Exclude<FormulaName, 'damped'>]: number } = {
  times: 0,
  minus: 1,
  share: 2,
  line: 3,
  rest: 4,
  slope: 5,
  larger: 6,
  smaller: 7,
  coherence: 8,
  direction: 9,
  harris: 10,
  corner: 11,
  ratio: 12,
  refined: 13,
  length: 14,
}

/** Returns the loop of a layer, or undefined if the layer runs as its definition. */
function prepareLoop(
  work: LayerWork,
  shape: Shape,
  shapes: readonly Shape[],
  wasm: WasmExports,
  scratch: Address,
  asDefined: Compute,
): Compute | undefined {
  const [, , n] = shape
  const [given = shape] = shapes
  switch (work.name) {
    case 'affine': {
      const { scale, bias } = work.settings
      return eachRow(shape, (c, to, from) => wasm.affineRow(to, from!, n, scale?.[c] ?? 1, bias?.[c] ?? 0))
    }
    case 'kernels':
      return prepareKernels(work.settings, shape, given, wasm)
    case 'leveled': {
      const { levels } = work.settings
      if (!levels.every(({ kind }) => kind === 'legible' || kind === 'stretched')) return undefined
      return eachRow(shape, (c, to, from) => {
        const by = levels[c]!
        if (by.kind === 'legible') wasm.legibleRow(to, from!, n, by.low, by.gain, by.full)
        else if (by.kind === 'stretched') wasm.stretchedRow(to, from!, n, by.min, by.gain)
      })
    }
    case 'activate':
      return prepareFunction(work.settings, shape, wasm)
    case 'paired':
      return preparePair(work.settings.operation, shape, shapes, wasm)
    case 'either':
      return prepareEither(shape, shapes, wasm)
    case 'argmax': {
      const { sign, isLast } = work.settings
      return (to, [from], [first, end]) => {
        for (let y = first; y < end; y++)
          wasm.argmaxRow(rowAt(to, 0, y), rowAt(from!, 0, y), from!.plane, given[0], n, sign, isLast)
      }
    }
    case 'withNumber': {
      const { operation, numbers, isFirst } = work.settings
      const number = operationNumbers[operation]
      if (number === undefined) return undefined
      const of = (c: number) => numbers[numbers.length === 1 ? 0 : c]!
      return eachRow(shape, (c, to, from) => wasm.numberRow(to, from!, n, number, of(c), isFirst))
    }
    case 'prelu': {
      const { slope } = work.settings
      const of = (c: number) => slope[slope.length === 1 ? 0 : c]!
      return eachRow(shape, (c, to, from) => wasm.preluRow(to, from!, n, of(c)))
    }
    case 'normalized': {
      const { mean, root, gamma, beta } = work.settings
      return eachRow(shape, (c, to, from) =>
        wasm.normalizedRow(to, from!, n, mean[c]!, root[c]!, gamma[c]!, beta[c]!),
      )
    }
    case 'rectified': {
      if (work.settings.mean !== undefined) return undefined
      return eachRow(shape, (_, to, from) => wasm.reluRow(to, from!, n))
    }
    case 'standardized': {
      const { epsilon, gamma, beta } = work.settings
      const data = new Float32Array(wasm.memory.buffer)
      return (to, [from, moments], [first, end]) => {
        for (let c = 0; c < shape[0]; c++) {
          const at = rowAt(moments!, c, 0) / 4
          const [mean, root] = [data[at]! + data[at + 1]!, Math.sqrt(data[at + 2]! + epsilon)]
          for (let y = first; y < end; y++)
            wasm.normalizedRow(rowAt(to, c, y), rowAt(from!, c, y), n, mean, root, gamma[c]!, beta[c]!)
        }
      }
    }
    case 'rowSummary': {
      const number = summaryNumbers[work.settings.of]
      return (to, [from], [first, end]) => {
        const { pitch } = from!
        for (let c = 0; c < shape[0]; c++)
          wasm.rowSummaries(
            rowAt(to, c, first),
            to.pitch,
            rowAt(from!, c, first),
            pitch,
            given[2],
            end - first,
            number,
          )
      }
    }
    case 'interleaved':
      return (to, [from], [first, end]) => {
        const [channels, , width] = given
        for (let y = first; y < end; y++)
          wasm.joinPlanes(rowAt(to, 0, y), rowAt(from!, 0, y), from!.plane, width, channels)
      }
    case 'parted':
      return (to, [from], [first, end]) => {
        for (let y = first; y < end; y++)
          wasm.splitPlanes(rowAt(to, 0, y), to.plane, rowAt(from!, 0, y), n, work.settings.channels)
      }
    case 'blend':
      return prepareBlend(work.settings, shape, given[0], wasm, scratch)
    case 'formula':
      return formulaRows(work.settings, shape, wasm)
    case 'ranked':
      return prepareRanked(shape, work.settings, wasm, scratch)
    case 'thinned':
      return prepareThinned(work.settings, shape, wasm)
    case 'resampledAcross': {
      const rows = prepareAcross(work.settings, shape[0], wasm, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'resampledDown': {
      const rows = prepareDown(work.settings, shape[0], n, wasm, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'placed':
      return preparePlaced(work.settings, wasm, scratch)
    case 'product':
    case 'productRows':
      return prepareProduct(shape, shapes, wasm, asDefined)
    case 'rearranged':
      return prepareRearranged(work.settings, wasm, scratch, asDefined)
    case 'resized':
      return prepareResized(work.settings, shape, wasm, scratch)
    case 'across':
      return prepareOverChannels(work.settings, given, wasm, scratch)
    case 'evened':
      return prepareEvened(work.settings, shape, wasm, scratch)
    case 'unpooled':
      return prepareUnpooled(work.settings, shape, wasm, scratch)
    case 'softmax':
      if (work.settings.isLog) return undefined
      return (to, [from], [first, end]) => {
        for (let y = first; y < end; y++)
          wasm.softmaxRow(rowAt(to, 0, y), to.plane, rowAt(from!, 0, y), from!.plane, shape[0], n, scratch)
      }
    case 'threshold': {
      const { level, keep, full } = work.settings
      const number = keep ? functionNumbers.thresholded! : aboveNumber
      return eachRow(shape, (_, to, from) => wasm.functionRow(to, from!, n, number, level, full, 1))
    }
    case 'pool':
    case 'pooled':
    case 'switches':
    case 'averaged':
      return preparePooling(work, shape, shapes, wasm, scratch)
    case 'maxima': {
      const { size, mark } = work.settings
      const [high, wide] = size
      return (to, [from], [first, end]) => {
        const [channels, height] = shape
        for (let c = 0; c < channels; c++) {
          for (let y = first; y < end; y++) {
            const top = y - (y % high)
            const rows = Math.min(high, height - top)
            wasm.maximaRow(rowAt(to, c, y), rowAt(from!, c, top), from!.pitch, rows, y - top, wide, n, mark)
          }
        }
      }
    }
    default:
      return undefined
  }
}

/** Runs a loop over the rows at the same position in all inputs. The loop receives the channel and the addresses. */
const eachRow =
  ([channels]: Shape, loop: (channel: number, to: Address, ...from: Address[]) => void): Compute =>
  (to, from, [first, end]) => {
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) loop(c, rowAt(to, c, y), ...from.map((one) => rowAt(one, c, y)))
    }
  }

/** A formula over up to four rows: 12 megapixels of `refined` take 30 ms instead of 330. */
function formulaRows(
  { name, full = 1, by = 0 }: Extract<LayerWork, { name: 'formula' }>['settings'],
  shape: Shape,
  wasm: WasmExports,
): Compute {
  const [, , n] = shape
  if (name === 'damped')
    return eachRow(shape, (_, to, a, b) => wasm.dampedRow(to, a!, b!, n, faint(full), by))
  const number = name === 'ratio' ? faint(full) : by
  return eachRow(shape, (_, to, a = to, b = a, c = a, d = a) =>
    wasm.formulaRow(to, a, b, c, d, n, formulaNumbers[name], full, number),
  )
}

/** Ridges of a gradient. canny takes 0.7 s of processor time at 12 megapixels instead of 1.2. */
function prepareThinned(
  { low, high }: Extract<LayerWork, { name: 'thinned' }>['settings'],
  [channels, height, n]: Shape,
  wasm: WasmExports,
): Compute {
  const data = new Float32Array(wasm.memory.buffer)
  return (to, [gx, gy], [first, end]) => {
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const row = rowAt(to, c, y)
        if (y === 0 || y === height - 1 || n < 3) data.fill(0, row / 4, row / 4 + n)
        else wasm.thinRow(row, rowAt(gx!, c, y), gx!.pitch, rowAt(gy!, c, y), gy!.pitch, n, low, high)
      }
    }
  }
}

/** Returns a function of single samples as its own loop, or undefined if it has none. */
function prepareFunction(
  { name, unit, a, b }: Extract<LayerWork, { name: 'activate' }>['settings'],
  shape: Shape,
  wasm: WasmExports,
): Compute | undefined {
  const [, , n] = shape
  if (name === 'relu') return eachRow(shape, (_, to, from) => wasm.reluRow(to, from!, n))
  if (name === 'leakyrelu' && a !== undefined && a === Math.fround(a))
    return eachRow(shape, (_, to, from) => wasm.preluRow(to, from!, n, a))
  if (name === 'clip') {
    const [low, high] = parametersOf(name, a, b)
    if (unit === 1) return eachRow(shape, (_, to, from) => wasm.clipRow(to, from!, n, low, high))
    return eachRow(shape, (_, to, from) => wasm.clipScaledRow(to, from!, n, low, high, unit))
  }
  const number = functionNumbers[name]
  if (number === undefined || (unit !== 1 && unrounded.has(name))) return undefined
  const [first, second] = parametersOf(name, a, b)
  const one = scaleFree.has(name) ? 1 : unit
  return eachRow(shape, (_, to, from) => wasm.functionRow(to, from!, n, number, first, second, one))
}

const rowsIn = (data: Float32Array, buffer: PlacedRows): Rows => ({
  data,
  at: (c, y) => rowAt(buffer, c, y) / 4,
})
