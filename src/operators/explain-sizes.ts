import { type Axis, type AxisChoice, correlationAxis, extent, transposedAxis } from '../conv/geometry.ts'
import { axisChoices, perAxis, wholeAtLeast } from '../conv/spec.ts'
import { ConvoError } from '../error.ts'
import { otherChannels } from './bank.ts'
import type { ExplainedName, Sizes } from './explain-formulas.ts'
import type { Layer } from './layer.ts'
import { poolAxis } from './max-pool.ts'

// The numbers of a layer, decided as the operators decide them.

/** Everything about a layer over an input. @throws ConvoError E_SHAPE, E_ARGUMENT */
export function sizesOf(name: ExplainedName, spatial: 2 | 3, input: readonly number[], layer: Layer): Sizes {
  const channels = input[0]!
  const shape = layer.kernel?.shape
  const isPool = name === 'maxpool' || name === 'unpool'
  const usual = isPool ? 2 : 3
  const kernel =
    name === 'pointwise'
      ? [1, 1]
      : (kernelSize(shape, spatial) ?? perAxis('size', layer.size ?? usual, spatial, 1))
  const multiplier = depthMultiplier(name, layer, channels)
  const groups = wholeAtLeast('groups', layer.groups ?? usualGroups(name, channels, shape), 1)
  const filters = filtersOf(name, layer, channels, groups)
  checkDivisible(groups, channels, 'input channels')
  checkDivisible(groups, filters, 'filters')
  if (shape !== undefined) checkSeen(name, shape, channels, groups)
  return {
    channels,
    filters,
    groups,
    multiplier,
    hidden: wholeAtLeast('hidden', layer.hidden ?? Math.max(1, Math.floor(channels / 4)), 1),
    kernel,
    each: layer.each === true,
    kernels: layer.kernels ?? 1,
    rule: layer.rule,
    smoothing: layer.smoothing?.shape,
    edge: layer.edge ?? 0,
    axes: axesOf(name, spatial, input.slice(1), kernel, layer),
  }
}

function axesOf(
  name: ExplainedName,
  spatial: 2 | 3,
  size: readonly number[],
  kernel: readonly number[],
  layer: Layer,
): Axis[] {
  const isPool = name === 'maxpool' || name === 'unpool'
  const { edge = 0, keep = false } = layer
  const dilation = perAxis('dilation', layer.dilation ?? (name === 'dilated' ? 2 : 1), spatial, 1)
  const choices = axisChoices(spatial, {
    stride: layer.stride ?? (isPool ? kernel : name === 'transposed' ? 2 : 1),
    dilation,
    padding: layer.padding ?? (name === 'involution' ? 'same' : keep && !isPool ? pads(kernel, dilation) : 0),
  })
  const outputPadding = perAxis('outputPadding', layer.outputPadding ?? 0, spatial, 0)
  return choices.map((choice, i) => {
    const label = ['depth', 'height', 'width'][i + 3 - spatial]!
    if (name === 'involution') return blocks(label, size[i]!, kernel[i]!, choice)
    if (name !== 'transposed' && !isPool) return correlationAxis(label, size[i]!, kernel[i]!, choice)
    const { stride, padding } = choice
    if (typeof padding === 'string') {
      const what = isPool ? 'a pooling' : 'a transposed convolution'
      throw new ConvoError('E_ARGUMENT', `padding of ${what} must be numbers, got "${padding}"`)
    }
    const numbers = { stride, dilation: dilation[i]!, padding }
    if (!isPool) {
      const how = { ...numbers, outputPadding: outputPadding[i]! }
      return transposedAxis(label, size[i]! + 2 * edge, kernel[i]!, how)
    }
    const { output } = poolAxis(label, size[i]!, kernel[i]!, numbers, layer.ceil === true)
    const [before, after] = padding
    return { ...numbers, input: size[i]!, kernel: kernel[i]!, before, after, output }
  })
}

/** The padding with which the middle tap stands on every sample. */
const pads = (kernel: readonly number[], dilation: readonly number[]): [before: number, after: number][] =>
  kernel.map((k, i) => {
    const before = Math.floor(k / 2) * dilation[i]!
    return [before, extent(k, dilation[i]!) - 1 - before]
  })

function checkDivisible(groups: number, n: number, what: string): void {
  if (n % groups !== 0) throw new ConvoError('E_SHAPE', `groups ${groups} do not divide the ${n} ${what}`)
}

/** @throws ConvoError E_SHAPE when a bank is for other channels than there are */
function checkSeen(name: ExplainedName, shape: readonly number[], channels: number, groups: number): void {
  const isMatrix = name === 'pointwise' && shape.length >= 2
  if (!isMatrix && (shape.length < 4 || name.startsWith('depthwise'))) return
  if (name === 'transposed') {
    if (shape[0] !== channels) throw otherChannels(shape, channels, 1, shape[0]!)
    return
  }
  if (shape[1] !== channels / groups) throw otherChannels(shape, channels, groups, shape[1]!)
}

/** An involution has a kernel for every whole block of stride x stride pixels. */
function blocks(label: string, input: number, kernel: number, choice: AxisChoice): Axis {
  const axis = correlationAxis(label, input, kernel, choice)
  const output = Math.floor(input / choice.stride)
  if (output >= 1) return { ...axis, output }
  throw new ConvoError('E_SHAPE', `stride ${choice.stride} leaves nothing of the ${label}, which is ${input}`)
}

/** The spatial sizes of a kernel, if it has them. */
function kernelSize(shape: readonly number[] | undefined, spatial: 2 | 3): readonly number[] | undefined {
  return shape === undefined || shape.length < spatial ? undefined : shape.slice(-spatial)
}

function usualGroups(name: ExplainedName, channels: number, shape: readonly number[] | undefined): number {
  if (name !== 'grouped') return 1
  return shape !== undefined && shape.length === 4 && channels % shape[1]! === 0
    ? channels / shape[1]!
    : channels
}

function depthMultiplier(name: ExplainedName, { kernel, multiplier }: Layer, channels: number): number {
  const filters = kernel !== undefined && kernel.shape.length === 4 ? kernel.shape[0]! : undefined
  if (filters === undefined || !name.startsWith('depthwise'))
    return wholeAtLeast('multiplier', multiplier ?? 1, 1)
  if (filters % channels === 0) return filters / channels
  throw new ConvoError(
    'E_SHAPE',
    `the kernel has ${filters} filters, which the ${channels} channels do not divide`,
  )
}

function filtersOf(
  name: ExplainedName,
  { kernel, filters }: Layer,
  channels: number,
  groups: number,
): number {
  const rank = kernel?.shape.length ?? 0
  const isBank = rank === 4 || rank === 5
  if (name === 'transposed' && isBank) return kernel!.shape[1]! * groups
  if (isBank && name !== 'depthwise-separable') return kernel!.shape[0]!
  if (name === 'pointwise' && rank === 2) return kernel!.shape[0]!
  return wholeAtLeast('filters', filters ?? channels, 1)
}
