import type { PlaneKernel, Recipe } from '../conv/recipe.ts'
import { namedKernels } from '../filters/names.ts'
import { operators } from '../operators/index.ts'
import { type Operation, sampleKernel } from '../picture/operations.ts'
import { animations } from '../teach/operators/index.ts'
import { definitions } from '../text/layout.ts'
import { shortNumber } from './kernel-text.ts'

/** Describes the defaults of an operation: border, range and gain. */
export function defaultsText({ name, shared, recipe }: Operation, width: number): string {
  const rows: (readonly [string, string])[] = []
  if (Object.hasOwn(shared, 'border') && recipe !== undefined) {
    rows.push(['border', 'replicate: the edge sample, repeated'])
  }
  if (recipe !== undefined) rows.push(['gain', gainText(name, recipe())])
  if (Object.hasOwn(shared, 'range')) {
    rows.push(['range', 'clamp: samples below black or above white are clipped, and a note counts them'])
  }
  return definitions(rows, width)
}

/** Describes the range of results for samples from black to white. */
function gainText(name: string, { kernels, combine, scale }: Recipe): string {
  const reach = kernels.map(reachOf)
  const low = Math.min(...reach.map(([least]) => least)) / scale
  const high = Math.max(...reach.map(([, most]) => most)) / scale
  const range = `${shortNumber(low)} to ${shortNumber(high)} times white`
  if (combine.kind === 'only') return `results range from ${range}`
  if (combine.kind === 'share') return 'results range from black to white, whatever the contrast'
  return `results of each kernel of ${name} range from ${range}, before they are combined`
}

/** Returns the sums of the negative and of the positive weights, after the division. */
function reachOf(k: PlaneKernel): readonly [least: number, most: number] {
  const halves = (list: Float64Array) =>
    [list.reduce((s, w) => s + Math.min(0, w), 0), list.reduce((s, w) => s + Math.max(0, w), 0)] as const
  if (k.form === 'dense') {
    const [negative, positive] = halves(k.kernel.weights)
    return ordered(negative / k.kernel.scale, positive / k.kernel.scale)
  }
  const [[a, b], [c, d]] = [halves(k.col), halves(k.row)]
  return ordered((a * d + b * c) / k.scale, (a * c + b * d) / k.scale)
}

const ordered = (a: number, b: number): readonly [number, number] => [Math.min(a, b), Math.max(a, b)]

/** Returns the examples of a command that are listed with the operators. */
export const examplesOf = (command: string): string[] =>
  Object.values(operators).flatMap(({ examples = [] }) =>
    examples.filter((line) => line.startsWith(`convo ${command} `)),
  )

/**
 * Returns commands that illustrate an operation: its kernel, its steps on a small grid, and its effect on a picture.
 */
export function pictureCommands(operation: Operation): string[] {
  const { name, recipe } = operation
  const named = [name, `${name}-x`, `${name}-n`, `${name}-1`].find((one) => Object.hasOwn(namedKernels, one))
  const drawn = recipe !== undefined && named !== undefined ? [`convo show ${named} ${named}.png`] : []
  const moving = Object.hasOwn(animations, name) ? [`convo animate ${name} ${name}.gif`] : []
  const needs = sampleKernel(operation)
    .map((word) => ` ${word}`)
    .join('')
  // a filter that takes steps has nothing to draw
  const drawing = recipe !== undefined || moving.length > 0 ? ` --svg ${name}.svg` : ''
  const isExplained = operation.kind === 'filter' || moving.length > 0
  const chained = (operation.examples ?? []).filter((line) => line.startsWith('convo chain '))
  return [
    ...drawn,
    ...moving,
    ...chained,
    ...(isExplained ? [`convo explain ${name} in.png${needs}${drawing}`] : []),
  ]
}
