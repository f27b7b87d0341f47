import type { RecipePlan } from '../../conv/plan.ts'
import { type PlaneKernel, type Recipe, sum } from '../../conv/recipe.ts'
import { ConvoError } from '../../error.ts'
import { namedKernels } from '../../filters/names.ts'
import { nodeOf, sourceNode, traced, tracer } from '../../graph/node.ts'
import { type Io, lineWidth, noteMessage } from '../../host/io.ts'
import { analyse, decomposeAhead, isRanked } from '../../kernel/analyse.ts'
import { type Kernel, kernel } from '../../kernel/kernel.ts'
import { loadKernel } from '../../kernel/source.ts'
import { type Explanation, explainOperator, layerRules } from '../../operators/explain.ts'
import { type Arithmetic, arithmetics, type Operator, type Step } from '../../operators/operator.ts'
import { type Params, resolve, type Values } from '../../params.ts'
import { dryRun, planStep } from '../../picture/dry-run.ts'
import { type Known, knownOf, knownVolume } from '../../picture/known.ts'
import { type Operation, takesVolume } from '../../picture/operations.ts'
import type { Layout } from '../../picture/run-settings.ts'
import {
  correlationSettings,
  kernelOptions,
  type Settings,
  sharedSettings,
  withBias,
} from '../../picture/settings.ts'
import { prepareOperation, withoutKernel } from '../../picture/words/prepare.ts'
import type { Given } from '../../picture/words/syntax.ts'
import { fullScale, hasAlpha } from '../../tensor/picture.ts'
import { pick } from '../../text/record.ts'
import { drawingFormat, writeDrawing } from '../draw/file.ts'
import type { FilterExplanation, LayerArithmetic, StepsExplanation } from './explanation.ts'
import { productsOf, type ReceptiveField, seenOf } from './seen.ts'
import { explainSettings } from './settings.ts'
import { bankFacts, ofSlices, planeOf, slicesOf, stripsOfRecipe } from './strips.ts'
import {
  explanationText,
  filterLines,
  type Line,
  operatorLines,
  type RunFacts,
  runLines,
  stepsLines,
} from './text.ts'

/** The shape of an input, [C,H,W] or [C,D,H,W], and the depth and peak of its samples. */
export type Input = { readonly shape: readonly number[]; readonly notes?: readonly string[] } & Pick<
  Known,
  'depth' | 'peak'
>

/** The step that the command would run, and its plan for a plane of the input. */
type Planned = { readonly step: Step; plan(): ReturnType<typeof planStep> }

/** Reports what an operation would do to an input. Returns the exit status. */
export async function explain(
  operation: Operation,
  path: string | undefined,
  given: Given,
  io: Io,
): Promise<number> {
  checkAsked(operation, given)
  const own = resolve(explainSettings, ownOf(operation, given))
  checkDrawing(own)
  const input = await inputOf(await meetsVolume(operation, given), path, own)
  const { draw, result, lines } = await explained(operation, input, given, path === undefined)
  const run = await runOver(operation, path, given)
  const { name, summary, formula } = operation
  return report(own, input, io, {
    draw,
    record: { ...result, formula, ...(run && { run }) },
    text() {
      const all = [...lines, ...(own.verbose && run !== undefined ? runLines(run) : [])]
      return explanationText(`${name}: ${summary}`, all, lineWidth())
    },
  })
}

/** Writes the drawing, prints the explanation unless the drawing is printed, and then the notes of the input. */
export async function report(
  { svg, json }: Pick<Values<typeof explainSettings>, 'svg' | 'json'>,
  { notes = [] }: Input,
  io: Io,
  made: { draw(): Promise<string>; readonly record: object; text(): string },
): Promise<number> {
  if (svg !== undefined) await writeDrawing(await made.draw(), svg)
  const record = { ...made.record, ...(notes.length > 0 && { notes }) }
  if (svg !== '-' && json) await io.out(`${JSON.stringify(record)}\n`)
  else if (svg !== '-') await io.page(made.text())
  for (const note of notes) io.err(noteMessage(note))
  return 0
}

/** @throws ConvoError E_OUTPUT for an unknown extension, E_USAGE if standard output would get both JSON and drawing */
export function checkDrawing({ svg, json }: Pick<Values<typeof explainSettings>, 'svg' | 'json'>): void {
  if (svg !== undefined) drawingFormat(svg)
  if (svg !== '-' || !json) return
  throw new ConvoError('E_USAGE', '--json and the drawing cannot both go to standard output', {
    fix: 'no --json',
  })
}

/** Settings of a layer. Each applies only to operators that list it in `asks` or have an option of that name. */
const layerSettings = ['size', 'filters', 'multiplier', 'hidden', 'stride', 'dilation', 'padding']

/** Whether a setting asks for a layer that the command has no option for. */
const asksForLayer = (operation: Operation, given: Given): boolean =>
  layerSettings.some((key) => ownOf(operation, given)[key] !== undefined)

/** Returns the threads and memory for writing a PNG; undefined for a layer, or if a required kernel is missing. */
export async function runOver(
  operation: Operation,
  path: string | undefined,
  given: Given,
): Promise<RunFacts | undefined> {
  const isOpen = operation.kernel === 'required' && given.kernel === undefined
  if (path === undefined || asksForLayer(operation, given) || isOpen) return undefined
  const { job } = await prepareOperation({ operation, given })
  const { threads, memory } = await dryRun(job(path, 'out.png'))
  return { threads, memory }
}

/** @throws ConvoError E_OPTION for a setting that does not apply to the operation */
export function checkAsked(operation: Operation, given: Given): void {
  const own = ownOf(operation, given)
  const asks: readonly string[] = layerRules(operation.name)?.asks ?? []
  const odd = layerSettings.find((key) => own[key] !== undefined && !asks.includes(key))
  if (odd === undefined) return
  throw new ConvoError('E_OPTION', `--${odd} does not apply to ${operation.name}`, {
    why: `convo explain ${operation.name} --help lists what does apply`,
  })
}

type Explained = {
  readonly result: (Explanation & LayerArithmetic) | FilterExplanation | StepsExplanation
  readonly lines: readonly Line[]
  draw(): Promise<string>
}

type Asked = {
  readonly values: Values<Params>
  readonly settings: Settings
  readonly kernel: Kernel | undefined
}

const givenTo = async ({ params }: Operation, given: Given): Promise<Pick<Asked, 'values' | 'kernel'>> => ({
  values: resolve(params, pick(given, params)),
  kernel:
    given.kernel === undefined
      ? undefined
      : await loadKernel(given.kernel as string | Kernel, { names: namedKernels }),
})

/** Whether the operation, with these options, takes all pages or slices of its input. */
export async function meetsVolume(operation: Operation, given: Given): Promise<boolean> {
  const { values, kernel } = await givenTo(operation, given)
  return takesVolume(operation, values, kernel)
}

/** Explains an operation on an input. `isLayer` means that there is no picture; then the default is no padding. */
export async function explained(
  operation: Operation,
  input: Input,
  given: Given,
  isLayer: boolean,
): Promise<Explained> {
  const rules = layerRules(operation.name)
  const { values, kernel } = await givenTo(operation, given)
  const asked = { values, settings: await withBias(settingsOf(operation, given)), kernel }
  const own = resolve(explainSettings, ownOf(operation, given))
  if (rules === undefined) {
    if (operation.kernel === 'required' && kernel === undefined) throw withoutKernel(operation)
    const run = await planned(operation, input, asked)
    const { step } = run
    const { output, arithmetic, recipe } = await run.plan()
    if (step.kernels === undefined || recipe === undefined)
      return explainedSteps(operation, run, input.shape, output, arithmetic)
    const { kernels } = step.kernels.recipe
    const result = await filterOf(operation, input, step.kernels.recipe, recipe)
    return {
      result,
      lines: filterLines(result, own.verbose),
      async draw() {
        const { drawFilter } = await import('./drawing.ts')
        return drawFilter(result, kernels, recipe.stride, own.verbose)
      },
    }
  }
  const result = await layerExplanation(operation, rules, input, asked, own, isLayer)
  return {
    result,
    lines: operatorLines(operation, result, own.verbose),
    async draw() {
      const { drawOperator } = await import('./drawing.ts')
      return drawOperator(operation, result, kernel, own.verbose)
    },
  }
}

async function layerExplanation(
  operation: Operation,
  rules: NonNullable<Operator['layer']>,
  input: Input,
  given: Asked,
  { size, filters, multiplier, hidden }: Values<typeof explainSettings>,
  isLayer: boolean,
): Promise<Explanation & LayerArithmetic> {
  const { values, settings, kernel } = given
  const isOpen = operation.kernel === 'required' && kernel === undefined
  const run = isOpen ? undefined : await planned(operation, input, given)
  const slices = operation.input === undefined ? slicesOf(input.shape) : undefined
  const seen = isLayer ? input.shape : seenBy(run, input.shape)
  const shape = slices === undefined ? seen : planeOf(seen)
  const asked = Object.entries({ size, filters, multiplier, hidden }).filter(
    ([, value]) => value !== undefined,
  )
  const isTextbook = kernel === undefined && (isLayer || operation.kernel === 'required' || asked.length > 0)
  const made = await rules.of({ values, kernel, settings: kernelOptions(settings), shape, isTextbook })
  for (const [key] of asked) {
    const settles = Object.entries(rules.settles ?? {}).find(
      ([option, settled]) => settled === key && values[option] !== undefined,
    )
    const other = kernel === undefined ? settles?.[0] : 'kernel'
    if (other === undefined) continue
    throw new ConvoError('E_OPTION', `--${key} and --${other} cannot be used together`, {
      fix: `no --${key}`,
    })
  }
  const layer = { ...made, ...Object.fromEntries(asked), keep: !isLayer }
  if (layer.kernel !== undefined && isRanked(layer.kernel)) await decomposeAhead(layer.kernel)
  const explanation = explainOperator(operation.name, shape, layer)
  const result = { ...explanation, ...(await arithmeticOf(run, explanation)) }
  return slices === undefined ? result : ofSlices(result, slices)
}

/** The given settings that are meant for explain: the operation has no option of that name, or explain owns it. */
const ownOf = ({ params, shared }: Operation, given: Given): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(pick(given, explainSettings)).filter(
      ([key]) =>
        ['depth', 'layout', 'json', 'svg', 'verbose'].includes(key) ||
        !(Object.hasOwn(params, key) || Object.hasOwn(shared, key)),
    ),
  )

/** The shared settings about kernels that were given. */
const settingsOf = ({ shared }: Operation, { kernel: _, ...given }: Given): Settings =>
  resolve(sharedSettings, pick(pick(given, shared), correlationSettings))

/** Returns the shape that an operator sees. An operator that mixes channels does not see the alpha of a picture. */
function seenBy(run: Planned | undefined, shape: readonly number[]): readonly number[] {
  const [channels = 1, ...size] = shape
  const isApart = run?.step.acts === 'colour' && size.length === 2
  return isApart && hasAlpha(channels) ? [channels - 1, ...size] : shape
}

/** Returns which loops an operator runs, and how its work is divided. */
async function arithmeticOf(run: Planned | undefined, explanation: Explanation): Promise<LayerArithmetic> {
  const recipe = run?.step.kernels && (await run.plan()).recipe
  if (recipe !== undefined) {
    const { algorithm, reason } = recipe.stencils[0]!
    return { algorithm, reason, strips: stripsOfRecipe(recipe) }
  }
  const arithmetic = run && (run.step.arithmetic ?? arithmetics.bank)
  if (arithmetic === undefined || arithmetic.algorithm === 'winograd') return bankFacts(explanation)
  return arithmetic.algorithm === 'bank' ? { ...bankFacts(explanation), ...arithmetic } : arithmetic
}

/** Explains an operation that runs as steps over planes: its output size, what it sees, and its arithmetic. */
async function explainedSteps(
  operation: Operation,
  run: Planned,
  input: readonly number[],
  [channels = 1, ...size]: readonly number[],
  { algorithm, reason }: Arithmetic,
): Promise<Explained> {
  const { name, summary, formula } = operation
  const result = {
    operation: name,
    summary,
    input,
    output: input.length === 4 ? [channels, input[1]!, ...size] : [channels, ...size],
    ...(await seenBySteps(run, input)),
    algorithm,
    reason,
  }
  return {
    result,
    lines: stepsLines(result, formula),
    draw: () => {
      throw new ConvoError('E_USAGE', `${operation.name} has no kernels to draw`, { fix: 'no --svg' })
    },
  }
}

/** Traces the steps and returns what they see. A volume is seen slice by slice. */
async function seenBySteps(run: Planned, shape: readonly number[]): Promise<ReceptiveField> {
  const isVolume = shape.length === 4
  const slices = isVolume ? shape[1]! : 1
  const plane = (isVolume ? [shape[0]!, ...shape.slice(2)] : shape) as [number, number, number]
  const colours = seenBy(run, plane) as [number, number, number]
  if (run.step.seesAll) {
    const multiplications = slices * (run.step.multiplications?.(colours) ?? 0)
    const receptiveField = [plane[1], plane[2]] as const
    return { receptiveField, step: [1, 1], multiplications, windows: [], borders: [], seesAll: true }
  }
  const seen = seenOf(nodeOf(await run.step.apply(traced(sourceNode(colours)), tracer)))
  return {
    ...seen,
    multiplications: slices * seen.multiplications,
    // `settle` runs at the end, and its result may depend on every sample
    ...(run.step.settle !== undefined && { receptiveField: [plane[1], plane[2]], seesAll: true }),
  }
}

async function filterOf(
  operation: Operation,
  input: Input,
  recipe: Recipe,
  plan: RecipePlan,
): Promise<FilterExplanation> {
  const [channels = 1] = input.shape
  const slices = slicesOf(input.shape)
  const lead = slices === undefined ? [] : [slices]
  return {
    operation: operation.name,
    summary: operation.summary,
    input: input.shape,
    output: [channels, ...lead, plan.outHeight, plan.outWidth],
    combine: recipe.combine.kind,
    kernels: await Promise.all(
      recipe.kernels.map(async (k, i) => {
        const { rank, ...facts } = await factsOf(k)
        const { algorithm, reason, kH, kW } = plan.stencils[i]!
        return { size: [kH, kW], ...facts, ...(rank !== undefined && { rank }), algorithm, reason }
      }),
    ),
    border: plan.border,
    samples: plan.samples,
    receptiveField: [plan.halo.top + plan.halo.bottom + 1, plan.halo.left + plan.halo.right + 1],
    step: plan.stride,
    strips: stripsOfRecipe(plan),
    multiplications: channels * (slices ?? 1) * productsOf(plan),
  }
}

/** Plans what the command would run on this input; a volume runs by slices. @throws ConvoError as the command does */
async function planned(
  operation: Operation,
  { shape, depth, peak }: Input,
  { values, settings, kernel }: Asked,
): Promise<Planned> {
  const full = fullScale(depth)
  const channels = shape[0]!
  const given = { values, kernel, settings: kernelOptions(settings), channels, full }
  const step = await operation.build(given)
  const [height, width] = shape.slice(-2) as [number, number]
  const isMaps = shape.length > 3 || channels > 4
  const known = { width, height, channels, depth, full, pages: 1, hasSlices: false, isMaps, peak }
  return { step, plan: () => planStep(step, known, settings) }
}

async function factsOf(k: PlaneKernel): Promise<{ sum: number; isInteger: boolean; rank?: number }> {
  if (k.form === 'separable') {
    const isInteger = [...k.col, ...k.row].every(Number.isInteger)
    return { sum: (sum(k.col) * sum(k.row)) / k.scale, isInteger, rank: 1 }
  }
  const { shape, weights, scale } = k.kernel
  if (!isRanked(k.kernel)) return { sum: sum(weights) / scale, isInteger: weights.every(Number.isInteger) }
  const plane = kernel(shape, weights)
  await decomposeAhead(plane)
  const { rank = 1, ...facts } = analyse(plane)
  return { sum: facts.sum / scale, isInteger: facts.isInteger, rank }
}

/** Returns the input: from the header of the picture, else from --input, else of the size of a small photograph. */
export async function inputOf(
  isVolume: boolean,
  path: string | undefined,
  own: Pick<Values<typeof explainSettings>, 'input' | 'depth'> & { readonly layout?: Layout },
): Promise<Input> {
  if (path !== undefined) {
    if (own.depth !== undefined) {
      throw new ConvoError('E_OPTION', `--depth ${own.depth} cannot be used with ${path}`, {
        why: '--depth describes the input of --input; a file has its own depth',
        fix: 'no --depth',
      })
    }
    const known = isVolume ? knownVolume : knownOf
    const { notes, ofPages, width, height, channels, depth, pages, hasSlices, peak } = await known(path, {
      ...resolve(sharedSettings, {}),
      'max-pixels': Number.MAX_SAFE_INTEGER,
      layout: own.layout ?? 'auto',
    })
    const shape = isVolume || hasSlices ? [channels, pages, height, width] : [channels, height, width]
    return { shape, depth, peak, notes: [...notes, ...(isVolume ? [] : ofPages)] }
  }
  const given = own.input ?? (isVolume ? [1, 16, 64, 64] : [3, 480, 640])
  const shape = given.length === 2 ? [1, ...given] : given
  return { shape, depth: own.depth ?? 8 }
}
