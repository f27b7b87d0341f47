import { ownCopy } from '../error.ts'
import type { Explanation } from '../operators/explain.ts'
import { resolve } from '../params.ts'
import { readKernel } from '../picture/api/data.ts'
import { type KernelInput, kernelOf } from '../picture/api/kernel-input.ts'
import { checkText, commandOptions, libraryErrors, typedOptions } from '../picture/api/names.ts'
import type { DryRun } from '../picture/job.ts'
import type { Operation } from '../picture/operations.ts'
import { apart } from '../run/apart.ts'
import { optional } from '../text/record.ts'
import type { Scene } from './animate/scene.ts'
import type { Arithmetic, FilterExplanation, StepsExplanation } from './explain/explanation.ts'
import type { Facts } from './show/facts.ts'

/** What an operation does to an input, in numbers. */
export type Explained = ((Explanation & Arithmetic) | FilterExplanation | StepsExplanation) & {
  readonly formula?: string
  /** Threads and memory of a run over the picture, where the input is one. */
  readonly run?: Pick<DryRun, 'threads' | 'memory'>
  /** The drawing of `convo explain --svg`. */
  svg(): Promise<string>
}

/**
 * What an operation would do to an input: the shape that comes out with its formula, weights, multiplications, receptive
 * field, which arithmetic runs and why. Nothing is computed.
 *
 * @param input the path of a picture, of which the header is read, or a shape [C,H,W] or [C,D,H,W]
 * @param options those of the operation, and of a layer `size`, `filters`, `multiplier` and `hidden`
 * @throws ConvoError E_NAME for an operation that is not there, and as the operation does
 */
export const explain = (
  operation: string,
  input: string | readonly number[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<Explained> =>
  libraryErrors(async () => {
    const from = ownCopy('the input', input)
    const [{ explained, inputOf, meetsVolume, runOver }, { findOperation }, { explainSettings }] =
      await Promise.all([
        import('./explain/explain.ts'),
        import('../picture/operations.ts'),
        import('./explain/settings.ts'),
      ])
    const found: Operation = findOperation(checkText('the operation', operation))
    const { input: _, svg: __, json: ___, ...own } = explainSettings
    const given = typedOptions(options, { ...own, ...found.shared, ...found.params }, 'explain')
    const isLayer = Array.isArray(from) && from.every((size) => typeof size === 'number')
    if (!isLayer) checkText('the input', from)
    const asked = isLayer ? resolve(explainSettings, { input: from.join('x') }) : resolve(explainSettings, {})
    const shape = await inputOf(
      await meetsVolume(found, given),
      isLayer ? undefined : (from as string),
      asked,
    )
    const { result, draw } = await explained(found, shape, given, isLayer)
    const run = await runOver(found, isLayer ? undefined : (from as string), given)
    return { ...result, ...optional('formula', found.formula), ...optional('run', run), svg: draw }
  })

/**
 * A kernel drawn: its numbers, what it does to frequencies, and what it does to a picture.
 *
 * @throws ConvoError for a kernel that cannot be read
 */
export const show = (kernel: KernelInput): Promise<{ readonly facts: Facts; readonly svg: string }> =>
  libraryErrors(async () => {
    const { card } = await import('./show/show.ts')
    const read = typeof kernel === 'string' ? await readKernel(kernel) : kernelOf(kernel)
    return apart('show', card)(read, typeof kernel === 'string' ? kernel : (read.name ?? 'kernel'))
  })

/**
 * The animation of an operator on a small grid: every frame with its numbers, and an SVG that moves.
 *
 * @param options those of `convo animate <operator>`, such as `size` and `stride`
 * @throws ConvoError E_NAME for an operator that has none, E_OPTION, E_SHAPE for numbers that cannot be
 */
export const animate = (
  operator: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly scene: Scene; readonly svg: string }> =>
  libraryErrors(async () => {
    const { animation } = await import('./animate/animate.ts')
    return apart('animate', animation)(
      checkText('the operator', operator),
      commandOptions(options, 'animate'),
    )
  })
