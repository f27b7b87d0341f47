import type { Padding } from '../conv/geometry.ts'
import type { PaddingOption } from '../conv/spec.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Params, Values } from '../params.ts'
import { pair, triple } from './bank.ts'
import { sharpen } from './depthwise.ts'
import { readMatrix } from './depthwise-separable.ts'
import type { ExplainedName } from './explain-formulas.ts'
import { groupedBank } from './grouped.ts'
import { generatorSizes, readGenerator } from './involution-weights.ts'
import type { Layer } from './layer.ts'
import { tent } from './max-unpool.ts'
import type { KernelOptions } from './operator.ts'
import { presetKernel } from './pointwise.ts'
import { binomial } from './separable.ts'
import { separateKernel } from './separate.ts'
import { upsamplingCrop, upsamplingRow } from './upsample.ts'
import { volumeKernels } from './volume.ts'

// What the commands would run, as layers that can be explained. Apart from the operators, as no run needs it.

/** What a command was told, and what it would meet. */
export type LayerGiven = {
  readonly values: Values<Params>
  readonly kernel: Kernel | undefined
  readonly settings: KernelOptions
  /** Of the input, [C,H,W] or [C,D,H,W]. */
  readonly shape: readonly number[]
  /** Without a kernel: the layer of the textbook, by default 3x3, instead of what the command does to pictures. */
  readonly isTextbook: boolean
}

/** The layer that a command comes to. @throws ConvoError as the command does */
export const layerOf = async (name: ExplainedName, given: LayerGiven): Promise<Layer> => makers[name](given)

const makers: Readonly<Record<ExplainedName, (given: LayerGiven) => Layer | Promise<Layer>>> = {
  conv2d: ({ kernel, settings }) => correlation(summed(kernel), settings),
  dilated: ({ kernel, settings, values, isTextbook }) => ({
    ...correlation(summed(kernel) ?? (isTextbook ? undefined : sharpen), settings),
    dilation: pair(values.dilation),
  }),
  grouped({ kernel, settings, shape, isTextbook }) {
    if (kernel === undefined && isTextbook) return correlation(undefined, settings)
    const bank = groupedBank(kernel, shape[0]!)
    return correlation({ ...bank.kernel, shape: bank.shape }, settings)
  },
  depthwise: ({ kernel, settings, isTextbook }) =>
    correlation(eachOwn(kernel) ?? (isTextbook ? undefined : sharpen), settings),
  async 'depthwise-separable'({ kernel, settings, values, isTextbook }) {
    const depthwise = correlation(eachOwn(kernel) ?? (isTextbook ? undefined : sharpen), settings)
    if (values.pointwise === undefined) return depthwise
    const { shape } = await readMatrix(values.pointwise)
    return { ...depthwise, filters: shape.length === 3 ? 1 : shape[0] }
  },
  pointwise({ kernel, shape, values, isTextbook }) {
    if (kernel !== undefined) return { kernel: kernel.shape.length === 3 ? summed(kernel) : kernel }
    if (isTextbook && values.preset === undefined) return {}
    return { kernel: presetKernel(values.preset ?? 'sepia', shape[0]!) }
  },
  separable({ kernel, settings, values, isTextbook }) {
    const { col, row, rank } = values
    const written = correlation(undefined, settings)
    if (col !== undefined && row !== undefined) return { ...written, size: [col.length, row.length] }
    if (kernel === undefined && isTextbook && rank === undefined) return written
    const plane = kernel ?? binomial
    const { terms, error } = separateKernel(plane, { rank })
    return { ...written, kernel: plane, kernels: terms.length, ...(rank !== undefined && { error }) }
  },
  transposed({ kernel, settings, values, isTextbook }) {
    const stride = pair(values.stride)
    if (kernel !== undefined || (isTextbook && values.upsample === undefined)) {
      const bank = correlation(eachOwn(kernel), settings)
      return { padding: 0, ...bank, stride, outputPadding: pair(values['output-padding']) }
    }
    const kind = values.upsample ?? 'bilinear'
    const size = stride.map((s) => upsamplingRow(kind, s).length)
    const padding = stride.map((s, i) => upsamplingCrop(kind, size[i]!, s))
    return { each: true, size, stride, padding, edge: kind === 'nearest' ? 0 : 1 }
  },
  maxpool({ values: { size, stride = size, padding, dilation, ceil }, shape }) {
    const sides = (list: readonly number[], neutral: number) =>
      shape.length === 4 ? triple(list, neutral) : pair(list)
    return {
      size: sides(size, 1),
      stride: sides(stride, 1),
      padding: sides(padding, 0),
      dilation: sides(dilation, 1),
      ceil,
    }
  },
  unpool({ kernel, values }) {
    const size = pair(values.size)
    return { size, ceil: true, smoothing: values.bare ? undefined : (kernel ?? tent(size)) }
  },
  async involution({ values, shape, isTextbook }) {
    const { size, dilation, stride, weights, generator } = values
    if (weights !== undefined) {
      const made = await readGenerator(weights)
      const { kernelSize, groups } = generatorSizes(made, size, shape[0]!, weights)
      return { size: kernelSize, groups, hidden: made.reduceWeight.shape[0]!, dilation, stride }
    }
    if (isTextbook && generator === undefined) return { size, dilation, stride }
    return { size: size ?? 5, dilation, rule: generator ?? 'bilateral' }
  },
  conv3d({ kernel, settings, values, isTextbook }) {
    const { filter, sigma, stride, dilation, padding } = values
    const isNamed = kernel === undefined && !(isTextbook && (filter ?? sigma) === undefined)
    const kernels = isNamed ? volumeKernels(filter ?? 'gaussian', sigma ?? 1) : [kernel]
    return {
      kernel: kernels[0],
      each: kernels[0]?.shape.length === 3,
      kernels: kernels.length,
      stride: triple(stride, 1),
      dilation: triple(dilation, 1),
      padding: padding && optionOf(padding),
      groups: settings.groups,
    }
  },
}

/** A kernel [C,kH,kW] as the bank of one filter that it is; others are themselves. */
const summed = (kernel: Kernel | undefined): Kernel | undefined =>
  kernel?.shape.length === 3 ? { ...kernel, shape: [1, ...kernel.shape] } : kernel

/** A kernel [C,kH,kW] as a bank with one for each channel. */
const eachOwn = (kernel: Kernel | undefined): Kernel | undefined =>
  kernel?.shape.length === 3 ? { ...kernel, shape: [kernel.shape[0]!, 1, ...kernel.shape.slice(1)] } : kernel

function correlation(kernel: Kernel | undefined, settings: KernelOptions): Layer {
  const { stride, dilation, padding, groups } = settings
  return {
    kernel,
    each: kernel?.shape.length === 2,
    ...(stride && { stride }),
    ...(dilation && { dilation }),
    ...(padding && { padding: optionOf(padding) }),
    ...(groups !== undefined && { groups }),
  }
}

/** A rule is the same for every axis. */
function optionOf(padding: readonly Padding[]): PaddingOption {
  const [first] = padding
  return typeof first === 'string' ? first : (padding as readonly (readonly [number, number])[])
}
