import { type Bias, biasOf, checkRank, checkTensor, correlationOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import type { Activation } from '../definition/functions.ts'
import { ConvoError } from '../error.ts'
import { type Kernel, kernel as makeKernel, showShape } from '../kernel/kernel.ts'
import { checkOptions, choice } from '../params.ts'
import { Tensor } from '../tensor/tensor.ts'
import { activate, activationParam, checkActivation } from './activation.ts'
import { type Bank, bankOf, correlateBank, notWithKernel } from './bank.ts'
import { summed, times } from './layer.ts'
import { type KernelOptions, operator } from './operator.ts'

/** The options of the 1x1 convolution. */
export type PointwiseOptions = {
  /** Bias added to every sample of an output channel: one number for each. Default: 0. */
  readonly bias?: Bias | undefined
  /** Applied to every result. Default: `none`. */
  readonly activation?: Activation | undefined
}

/**
 * 1x1 convolution of x [C,H,W] with [O,C,1,1] or [O,C]. It mixes the channels of each pixel:
 *
 *     out[o,i,j] = f(bias[o] + Σ over c of weight[o,c] · x[c,i,j])
 *
 * Size: H x W x C becomes H x W x O. Weights: O·C, and O biases; multiplications: O·C·H·W. After Lin, Chen and Yan
 * 2013.
 *
 * @returns [O,H,W]
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export async function pointwiseConv2d(
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: PointwiseOptions = {},
): Promise<Tensor> {
  checkOptions(options, 'pointwiseConv2d', ['bias', 'activation'])
  checkRank('x', x, 3, '[C,H,W]')
  const activation = checkActivation(options.activation ?? 'none')
  const bank = pointwiseBank(weight)
  const c = correlationOf(2, x, bank, {})
  return activate(engine, await engine.correlate(x, bank, biasOf(options.bias, c.filters), c), activation)
}

/** Returns a weight [O,C] as [O,C,1,1], and one of that shape unchanged. @throws ConvoError E_SHAPE */
export function pointwiseBank(weight: Tensor, name = 'weight'): Tensor {
  checkTensor(name, weight)
  if (weight.shape.length === 2) return new Tensor([...weight.shape, 1, 1], weight.data)
  checkRank(name, weight, 4, '[O,C,1,1] (or 2, [O,C])')
  const [, , kH, kW] = weight.shape
  if (kH !== 1 || kW !== 1) {
    throw new ConvoError('E_SHAPE', `${name} must be 1x1, [O,C,1,1], got [${weight.shape}]`, {
      fix: 'conv2d for larger kernels',
    })
  }
  return weight
}

/** Matrices on RGB by name. On gray their row sums are used, because all channels are equal. */
const presets = {
  sepia: {
    rows: [
      [0.393, 0.769, 0.189],
      [0.349, 0.686, 0.168],
      [0.272, 0.534, 0.131],
    ],
    level: 0,
  },
  gray: { rows: [[0.2126, 0.7152, 0.0722]], level: 0 },
  swap: {
    rows: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    level: 0,
  },
  invert: {
    rows: [
      [-1, 0, 0],
      [0, -1, 0],
      [0, 0, -1],
    ],
    level: 255,
  },
} as const

export type Preset = keyof typeof presets

export const pointwiseCommand = operator({
  summary: 'mixes the channels of each pixel: colour matrices and 1x1 layers',
  formula:
    'out[o,i,j] = f(bias[o] + Σ weight[o,c] · x[c,i,j] over c); H x W x C becomes H x W x O, weights O·C',
  source:
    'Lin, Chen and Yan 2013. sepia: the matrix from Microsoft’s samples; gray: Rec. 709; swap: red and blue; invert: 255 − x. ' +
    'A kernel has a row for each output channel and a column for each input channel',
  group: 'operators',
  params: {
    preset: {
      ...choice('a named matrix', Object.keys(presets) as Preset[]),
      unset: 'sepia, or none with --kernel',
    },
    activation: activationParam,
  },
  kernel: 'optional',
  takes: ['scale', 'normalize', 'bias'],
  build: ({ kernel, values, settings, full, unit = full }) => {
    const { preset, activation } = values
    if (kernel !== undefined && preset !== undefined) throw notWithKernel(`preset ${preset}`)
    return {
      acts: 'colour',
      async apply(x, engine) {
        const matrix = kernel ?? presetKernel(preset ?? 'sepia', x.shape[0]!)
        const bank = matrixBank('pointwise', matrix, settings)
        const mixed = await correlateBank(engine, x, bank, { ...settings, usual: 'constant', full })
        return activate(engine, mixed, activation, unit)
      },
    }
  },
  layer: {
    asks: ['filters'],
    kernel: [1, 1],
    bank: ([filters = 1, seen = 1, ...rest], channels, groups) =>
      rest.length === 1 ? undefined : { filters, seen, of: channels / groups },
    of({ kernel, shape, values, isTextbook }) {
      if (kernel !== undefined) return { kernel: summed(kernel) }
      if (isTextbook && values.preset === undefined) return {}
      return { kernel: presetKernel(values.preset ?? 'sepia', shape[0]!) }
    },
    weights: ({ channels: c, filters: o }) => ['O·C', times(o, c), o * c],
  },
  animations: { pointwise: '3 channels of 4x4 with two 1x1 filters: the output has 2 channels' },
})

/** Returns the matrix of a preset for a picture of one or three channels. */
function presetKernel(name: Preset, channels: number): Kernel {
  const { rows, level } = presets[name]
  if (channels === 3) return makeKernel([rows.length, 3], rows.flat(), { offset: level })
  if (channels !== 1 || name === 'swap') {
    const what = `the preset ${name} needs 3 colour channels, but the picture has ${channels}`
    throw new ConvoError('E_SHAPE', what, {
      fix: channels === 1 ? '--preset invert' : 'a picture of 3 colours',
    })
  }
  // Rounded, so that the rows of a matrix that keeps gray unchanged sum to exactly 1.
  const sums = rows.map((row: readonly number[]) => Number(row.reduce((a, b) => a + b, 0).toFixed(9)))
  const isGray = sums.every((s) => s === sums[0])
  return makeKernel([isGray ? 1 : sums.length, 1], isGray ? [sums[0]!] : sums, { offset: level })
}

/**
 * Makes a bank [O,C,1,1] from a matrix [O,C], a row [C,1,1] or a bank; ignores the anchor. @throws ConvoError
 * E_KERNEL_SHAPE
 */
export const matrixBank = (name: string, { anchor: _, ...matrix }: Kernel, settings: KernelOptions): Bank =>
  bankOf(matrix, matrixShape(name, matrix), settings)

function matrixShape(name: string, { shape }: Kernel): readonly number[] {
  const [, , kH, kW] = shape
  if (shape.length === 2) return [...shape, 1, 1]
  if (shape.length === 3 && shape[1] === 1 && shape[2] === 1) return [1, ...shape]
  if (shape.length === 4 && kH === 1 && kW === 1) return shape
  const what = `${name} takes a matrix [O,C] or a bank [O,C,1,1], got ${showShape(shape)}`
  throw new ConvoError('E_KERNEL_SHAPE', what, {
    why: 'a row for each output channel, a column for each input channel',
  })
}
