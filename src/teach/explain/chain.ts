import { sourceNode, traced, tracer } from '../../graph/node.ts'
import type { Io } from '../../host/io.ts'
import type { NetColours } from '../../net/network.ts'
import { named } from '../../operators/net-steps.ts'
import { arithmetics } from '../../operators/operator.ts'
import { resolve } from '../../params.ts'
import type { Asked } from '../../picture/words/prepare.ts'
import type { Given } from '../../picture/words/syntax.ts'
import { hasAlpha } from '../../tensor/picture.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { pick } from '../../text/record.ts'
import { checkAsked, checkDrawing, explained, type Input, inputOf, meetsVolume, report } from './explain.ts'
import type { ChainExplanation, ChainStep } from './explanation.ts'
import { explainSettings } from './settings.ts'
import { chainRows, needsAll } from './text.ts'

/** Reports what a chain would do to an input, step by step. Returns the exit status. */
export async function explainChain(
  steps: readonly Asked[],
  path: string | undefined,
  given: Given,
  io: Io,
): Promise<number> {
  const own = resolve(explainSettings, given)
  checkDrawing(own)
  const volumes = await Promise.all(steps.map(({ operation, given }) => meetsVolume(operation, given)))
  const input = await inputOf(volumes.includes(true), path, own)
  const result = await chainOf(steps, input, path === undefined)
  return report(own, input, io, {
    draw: async () => (await import('./drawing.ts')).drawChain(result),
    record: result,
    text: () => chainText(result, own.verbose),
  })
}

/**
 * Explains the steps in order, and adds up their totals. If the receptive field so far is r, and neighbouring samples
 * are j input samples apart, a step with receptive field k and stride s makes these r + (k − 1)·j and j·s.
 */
async function chainOf(
  steps: readonly Asked[],
  { shape, depth, peak }: Input,
  isLayer: boolean,
): Promise<ChainExplanation> {
  const axes = shape.slice(1).map(() => 1)
  const start = { output: shape, parameters: 0, multiplications: 0, receptiveField: axes, step: axes }
  const done: ChainStep[] = []
  const kept = new Map<string, Tensor>()
  for (const [i, { operation, given, file }] of steps.entries()) {
    const before = done.at(-1) ?? { ...start, operation: 'input', algorithm: '' }
    const met: Input = i === 0 ? { shape, depth, peak } : { shape: before.output, depth: 32 }
    if (file === undefined) checkAsked(operation, given)
    const one = await (file === undefined
      ? oneStep(operation, given, met, isLayer, kept)
      : networkStep(file, given, met.shape))
    done.push({
      operation: operation.name,
      ...one,
      receptiveField: before.receptiveField.map((r, a) => r + (one.receptiveField[a]! - 1) * before.step[a]!),
      step: before.step.map((j, a) => j * one.step[a]!),
    })
  }
  const {
    operation: _,
    algorithm: __,
    seesAll: ___,
    ...last
  } = done.at(-1) ?? { ...start, operation: '', algorithm: '' }
  const total = (of: (step: ChainStep) => number) => done.reduce((sum, step) => sum + of(step), 0)
  return {
    operation: 'chain',
    input: shape,
    ...last,
    parameters: total((s) => s.parameters),
    multiplications: total((s) => s.multiplications),
    steps: done,
  }
}

/** Returns the output shape of a small step. Results that it saves by name are added to `kept`, for later steps. */
async function smallStep(
  operation: Asked['operation'],
  given: Given,
  shape: readonly number[],
  kept: Map<string, Tensor>,
): Promise<Pick<ChainStep, 'output' | 'seesAll'>> {
  const values = resolve(operation.params, pick(given, operation.params))
  const wanted = { values, kernel: undefined, settings: {}, channels: shape[0]!, full: 255 }
  const made = await operation.build(wanted)
  if (made.seesAll) return { output: shape, seesAll: true }
  if (shape.length === 4) return { output: shape }
  const find = (name: string): Tensor => kept.get(name) ?? named(name, undefined)
  const keep = (name: string, tensor: Tensor) => void kept.set(name, tensor)
  const source = traced(sourceNode(shape as [number, number, number]))
  const out = await made.apply(source, tracer, Object.assign(find, { keep }))
  if (made.keeps !== undefined) kept.set(made.keeps, out)
  return { output: out.shape }
}

/** Explains a network as a step. Its output may have colours or alpha that the network itself does not see. */
async function networkStep(
  file: string,
  given: Given,
  shape: readonly number[],
): Promise<Omit<ChainStep, 'operation'>> {
  const [{ openModel, netOperation }, { coloursOf }, { describeModel }] = await Promise.all([
    import('../../picture/net.ts'),
    import('../../net/through.ts'),
    import('../../net/describe.ts'),
  ])
  const [all = 1, ...sizes] = shape
  const [height, width] = sizes.slice(-2) as [number, number]
  const slices = shape.length === 4 ? sizes[0]! : 1
  const alpha = hasAlpha(all) && shape.length === 3 ? 1 : 0
  const model = await openModel(file, given)
  const operation = netOperation(model, file)
  const values = resolve(operation.params, pick(given, operation.params))
  const { channels } = coloursOf(model, all - alpha, { colours: values.colours as NetColours | undefined })
  const facts = await describeModel(model, [channels, height, width])
  const step = await operation.build({ values, kernel: undefined, settings: {}, channels: all, full: 255 })
  const seen = await step.apply(traced(sourceNode([all - alpha, height, width])), tracer)
  const [filters = 1, ...size] = seen.shape
  const isPicture = (filters === 1 || filters === 3) && step.givesPicture?.() !== false
  const made = [filters + (isPicture ? alpha : 0), ...(shape.length === 4 ? [slices] : []), ...size]
  const own = facts.receptive
  const lead = shape.length === 4 ? [1] : []
  return {
    algorithm: step.arithmetic!.algorithm,
    output: made,
    parameters: facts.parameters,
    multiplications: facts.multiplications * slices,
    receptiveField: [...lead, ...[height, width].map((n) => own ?? n)],
    step: sizes.map((n, i) => n / made[i + 1]!),
  }
}

/**
 * Explains one step on its own. Its receptive field and step are in samples of its own input. Steps of the group
 * `steps` see single samples, unless they pool or need all of their input.
 */
async function oneStep(
  operation: Asked['operation'],
  given: Given,
  input: Input,
  isLayer: boolean,
  kept: Map<string, Tensor>,
): Promise<Omit<ChainStep, 'operation'>> {
  const { shape } = input
  const ones = shape.slice(1).map(() => 1)
  if (operation.group === 'steps') {
    const { output, ...sees } = await smallStep(operation, given, shape, kept)
    const step = shape.slice(1).map((n, i) => n / output[i + 1]!)
    const { size } = resolve(operation.params, pick(given, operation.params)) as { size?: readonly number[] }
    const isPooled = size !== undefined
    const isAll = sees.seesAll || (output.length === 3 && output[1] === 1 && output[2] === 1)
    const receptiveField = isAll ? shape.slice(1) : isPooled ? [size[0]!, size[1] ?? size[0]!] : ones
    const { algorithm } = arithmetics.samples
    return { algorithm, output, parameters: 0, multiplications: 0, receptiveField, step, ...sees }
  }
  const { result: e } = await explained(operation, input, given, isLayer)
  const [parameters, multiplications] =
    'parameters' in e
      ? [e.parameters.count, e.multiplications.count]
      : ['kernels' in e ? e.kernels.reduce((n, { size }) => n + size[0] * size[1], 0) : 0, e.multiplications]
  const algorithm = 'kernels' in e ? [...new Set(e.kernels.map((k) => k.algorithm))].join(', ') : e.algorithm
  // a filter runs over a volume slice by slice
  const deep = (list: readonly number[]) => [...ones.slice(list.length), ...list]
  return {
    algorithm,
    output: e.output,
    parameters,
    multiplications,
    receptiveField: deep(e.receptiveField),
    step: deep(e.step),
    ...('seesAll' in e && e.seesAll && { seesAll: true as const }),
  }
}

function chainText(chain: ChainExplanation, isVerbose: boolean): string {
  const rows = chainRows(chain, isVerbose)
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 2 || i === 3 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
  const whole = chain.steps.filter(({ seesAll }) => seesAll)
  const lines = [...rows.map(line), ...whole.map(({ operation }) => `${operation} ${needsAll}`)]
  return `${lines.map((text) => `  ${text}`.trimEnd()).join('\n')}\n`
}
