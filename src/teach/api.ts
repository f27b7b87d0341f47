import { ownCopy } from '../error.ts'
import type { Explanation } from '../operators/explain.ts'
import { resolve } from '../params.ts'
import { readKernel } from '../picture/api/data.ts'
import {
  isWord,
  type KernelInput,
  kernelOf,
  kernelWord,
  operationOptions,
} from '../picture/api/kernel-input.ts'
import type {
  AnimateOptions,
  ExplainOptions,
  OperationOptions,
  PictureOptions,
} from '../picture/api/methods.ts'
import { checkPath, checkText, inWords, libraryErrors, libraryFunction } from '../picture/api/names.ts'
import type { DryRun } from '../picture/job.ts'
import type { Operation } from '../picture/operations.ts'
import { apart } from '../run/apart.ts'
import { optional } from '../text/record.ts'
import type { Scene } from './animate/scene.ts'
import type { FilterExplanation, LayerArithmetic, StepsExplanation } from './explain/explanation.ts'
import type { Facts } from './show/facts.ts'

/** What an operation would do to an input, in numbers. */
export type Explained = ((Explanation & LayerArithmetic) | FilterExplanation | StepsExplanation) & {
  /** The formula of the operation. */
  readonly formula?: string
  /** Threads and memory of a run over the picture, if the input is one. */
  readonly run?: Pick<DryRun, 'threads' | 'memory'>
  /** The drawing of `convo explain --svg`. */
  svg(): Promise<string>
}

/** The options that `explain` takes for the operation with this name. */
export type ExplainOptionsOf<N extends string> = N extends keyof OperationOptions
  ? OperationOptions[N] & Omit<ExplainOptions & PictureOptions, keyof OperationOptions[N]>
  : Readonly<Record<string, unknown>>

/**
 * Explains what an operation would do to an input: the size of the output with its formula, weights, multiplications,
 * receptive field, which algorithm runs and why. No picture is computed.
 *
 * @param input the path of a picture, whose header is read, or a shape [C,H,W] or [C,D,H,W]
 * @param options those of the operation, and for a layer `size`, `filters`, `multiplier` and `hidden`
 * @throws ConvoError E_NAME for an operation that does not exist, and as the operation does
 */
export const explain = libraryFunction(
  'explain',
  3,
  async <const N extends string>(
    operation: N | keyof OperationOptions,
    input: string | URL | readonly number[],
    options: ExplainOptionsOf<N> = {} as ExplainOptionsOf<N>,
  ): Promise<Explained> => {
    const from = ownCopy('the input', input)
    const [{ explained, inputOf, meetsVolume, runOver }, { findOperation }, { explainSettings }] =
      await Promise.all([
        import('./explain/explain.ts'),
        import('../picture/operations.ts'),
        import('./explain/settings.ts'),
      ])
    const found: Operation = findOperation(checkText('the operation', operation))
    const { input: _, svg: __, json: ___, ...settings } = explainSettings
    const known = { ...settings, ...found.shared, ...found.params }
    const typed = operationOptions(options, known, 'explain')
    const { kernel } = typed
    const given = typeof kernel === 'string' ? { ...typed, kernel: await readKernel(kernel) } : typed
    const isLayer = Array.isArray(from) && from.every((size) => typeof size === 'number')
    const path = isLayer
      ? undefined
      : checkPath('the input', from, 'a path, a file: URL or sizes such as [3, 480, 640]')
    const asked = isLayer ? resolve(explainSettings, { input: from }) : resolve(explainSettings, {})
    const shape = await inputOf(await meetsVolume(found, given), path, asked)
    const { result, draw } = await explained(found, shape, given, isLayer)
    const run = await runOver(found, path, given)
    return {
      ...result,
      ...optional('formula', found.formula && inWords(found.formula)),
      ...optional('run', run),
      svg: () => libraryErrors(draw),
    }
  },
)

/**
 * Draws a kernel: its numbers, its frequency response, and what it does to a picture.
 *
 * @throws ConvoError for a kernel that cannot be read
 */
export const show = libraryFunction(
  'show',
  1,
  async (
    kernel: KernelInput,
  ): Promise<{
    /** The kernel in numbers. */
    readonly facts: Facts
    /** The drawing. */
    readonly svg: string
  }> => {
    const { card } = await import('./show/show.ts')
    if (isWord(kernel)) return apart('show', card)(await readKernel(kernel), kernelWord(kernel))
    const read = kernelOf(kernel)
    return apart('show', card)(read, read.name ?? 'kernel')
  },
)

/**
 * Returns the animation of an operator on a small grid: every frame with its numbers, and an animated SVG.
 *
 * @param options those of `convo animate <operator>`, such as `size` and `stride`
 * @throws ConvoError E_NAME for an operator without an animation, E_OPTION, E_SHAPE for impossible numbers
 */
export const animate = libraryFunction(
  'animate',
  2,
  async (
    operator: string,
    options: AnimateOptions = {},
  ): Promise<{
    /** Every frame with its numbers. */
    readonly scene: Scene
    /** The animated picture. */
    readonly svg: string
  }> => {
    const [{ animation }, { sceneSettings }] = await Promise.all([
      import('./animate/animate.ts'),
      import('./animate/settings.ts'),
    ])
    return apart('animate', animation)(
      checkText('the operator', operator),
      operationOptions(options, sceneSettings, 'animate'),
    )
  },
)
