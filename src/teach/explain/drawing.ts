import { type Combine, combinations, type PlaneKernel } from '../../conv/recipe.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Explanation } from '../../operators/explain.ts'
import type { Plain } from '../../operators/layer.ts'
import type { Operation } from '../../picture/operations.ts'
import { grouped } from '../../text/count.ts'
import { colours } from '../draw/palette.ts'
import { fittedText, moved, svgDocument, text } from '../draw/svg.ts'
import { materials } from '../operators/index.ts'
import { heatMap, layoutHeat } from '../show/heat.ts'
import { largest, type Plane } from '../show/planes.ts'
import type { ChainExplanation, FilterExplanation, LayerArithmetic } from './explanation.ts'
import { type Bar, type Block, drawBars, drawStrips, drawTable, type Row } from './panels.ts'
import { drawSolids, kernel, operatorPieces, type Piece, tensor } from './solids.ts'
import { bytes, chainRows, filterLines, operatorLines, pictureSize, present, samplesText } from './text.ts'

const width = 960
const margin = 32
/** The width between the margins, in pixels. */
export const across = width - 2 * margin

/** Draws an operator over an input as an SVG: shapes, counts, the arithmetic, and how the work is divided. */
export async function drawOperator(
  operation: Operation,
  e: Explanation & LayerArithmetic,
  source: Kernel | undefined,
  isVerbose: boolean,
): Promise<string> {
  const { teaching } = await materials[e.operator]!()
  const [height, width] = e.output.slice(-2) as [number, number]
  const stride = e.step.slice(-2) as [number, number]
  return document(operation.name, operation.summary, [
    ['shapes', drawSolids(operatorPieces(e, teaching), across)],
    source?.shape.length === 2 && ['weights', drawPlanes([planeOf(source)])],
    ['counts', drawBars(operatorBars(e), across)],
    isVerbose &&
      e.strips && [
        `strips: ${e.algorithm}`,
        drawStrips(e.strips, { height, width, stride, border: '' }, across),
      ],
    ['in numbers', drawTable(operatorLines(operation, e, isVerbose), across)],
  ])
}

/** Draws a filter over a picture as an SVG. */
export function drawFilter(
  e: FilterExplanation,
  kernels: readonly PlaneKernel[],
  stride: readonly [number, number],
  isVerbose: boolean,
): string {
  const [channels = 1] = e.input
  const [height = 1, columns = 1] = e.input.slice(-2)
  const [outHeight = 1, outWidth = 1] = e.output.slice(-2)
  const planes = kernels.map(planeOfRecipe)
  const combined = e.combine === 'only' ? [] : [combinations[e.combine as Combine['kind']]]
  const solid = { depth: channels } as const
  const { top, bottom, left, right } = e.strips.halo
  const [i, j] = [Math.floor((outHeight - 1) * 0.4), Math.floor((outWidth - 1) * 0.4)]
  const read = {
    x: j * stride[1] - left,
    y: i * stride[0] - top,
    width: left + right + 1,
    height: top + bottom + 1,
  }
  const pieces: Piece[] = [
    {
      ...solid,
      title: 'input',
      tone: 'input',
      height,
      width: columns,
      window: read,
      caption: `${pictureSize(e.input)}\n${samplesText(e.samples)}`,
    },
    '∗',
    ...e.kernels.slice(0, 3).map((k, i) => {
      const more = isVerbose ? `${k.rank === undefined ? '' : `, rank ${k.rank}`}\n${k.algorithm}` : ''
      const title = e.kernels.length === 1 ? 'kernel' : `kernel ${i + 1}`
      return kernel(title, k.size, `${k.size[1]}x${k.size[0]}${more}`)
    }),
    ...(e.kernels.length > 3 ? ['…'] : []),
    '=',
    {
      ...solid,
      title: 'output',
      tone: 'output',
      height: outHeight,
      width: outWidth,
      window: { x: j, y: i, width: 1, height: 1 },
      caption: [pictureSize(e.output), ...combined.map((word) => `combined by ${word}`)].join('\n'),
    },
  ]
  const shown = planes.filter((p) => p.weights.length <= 25 * 25)
  return document(e.operation, e.summary, [
    ['shapes', drawSolids(pieces, across)],
    shown.length > 0 && ['weights', drawPlanes(shown)],
    isVerbose && [
      `strips: ${[...new Set(e.kernels.map((k) => k.algorithm))].join(', ')}`,
      drawStrips(
        e.strips,
        { height: outHeight, width: outWidth, stride, border: `the border ${e.border}` },
        across,
      ),
    ],
    ['in numbers', drawTable(filterLines(e, isVerbose), across)],
  ])
}

export type Section = readonly [title: string, block: Block]

/** Draws sections, each under its title, as one SVG. Missing sections are skipped. */
export function document(
  name: string,
  summary: string,
  sections: readonly (Section | false | undefined)[],
): string {
  let y = 96
  const blocks = present(sections).map(([title, { markup, height }]) => {
    const top = y
    y += height + 52
    return moved(
      margin,
      top,
      text(title, 0, 0, { size: 14, bold: true, fill: colours.ink }),
      moved(0, 16, markup),
    )
  })
  return svgDocument(
    width,
    Math.ceil(y),
    { title: `convo explain ${name}` },
    fittedText(name, margin, 40, across, { size: 22, bold: true, fill: colours.ink, smallest: 12 }),
    fittedText(summary, margin, 62, across, { size: 13, fill: colours.faint, smallest: 9 }),
    ...blocks,
  )
}

/**
 * Returns bars that compare the operator with a plain conv2d, and bars of its memory. Without a plain conv2d to compare
 * with, counts get no bars: a single bar shows nothing.
 */
function operatorBars(e: Explanation): { title: string; bars: readonly Bar[] }[] {
  const both = (title: string, of: keyof Plain) => {
    const [{ count, filled }, plain] = [e[of], e.plain![of]]
    const own = {
      label: e.operator,
      value: count,
      words: `${grouped(count)} = ${filled}`,
      colour: colours.blue,
    }
    const other = { label: 'plain conv2d', value: plain, words: grouped(plain), colour: colours.grid }
    return { title, bars: [own, other] }
  }
  const { input, weights, output } = e.memory
  const held = (label: string, value: number, colour: string) => ({
    label,
    value,
    words: bytes(value),
    colour,
  })
  return [
    ...(e.plain ? [both('weights', 'parameters'), both('multiplications', 'multiplications')] : []),
    {
      title: 'memory, as float32',
      bars: present([
        held('input', input, colours.sky),
        weights > 0 && held('weights', weights, colours.yellow),
        held('output', output, colours.green),
      ]),
    },
  ]
}

/** Draws planes of weights side by side, up to four in a row. */
function drawPlanes(planes: readonly Plane[]): Block {
  const most = Math.max(...planes.map((p) => largest(p.weights)))
  const columns = Math.min(planes.length, 4)
  const tile = planes.length === 1 ? 240 : Math.min(200, (across - 24 * (columns - 1)) / columns)
  const layouts = planes.map((p) => layoutHeat(p, tile, tile))
  const high = Math.max(...layouts.map(({ height }) => height)) + 26
  const markup = planes.map((plane, i) =>
    moved(
      (i % columns) * (tile + 24),
      Math.floor(i / columns) * high,
      text(plane.label, 0, 10, { size: 11, fill: colours.faint }),
      moved(0, 16, heatMap(plane, layouts[i]!, most)),
    ),
  )
  return { markup: markup.join(''), height: Math.ceil(planes.length / columns) * high }
}

const planeOf = ({ shape, weights }: Kernel): Plane => ({
  label: '',
  height: shape.at(-2)!,
  width: shape.at(-1)!,
  weights,
})

function planeOfRecipe(k: PlaneKernel, i: number): Plane {
  const label = `kernel ${i + 1}`
  if (k.form === 'dense') return { ...planeOf(k.kernel), label }
  const { col, row } = k
  const weights = Float64Array.from(
    { length: col.length * row.length },
    (_, n) => col[Math.floor(n / row.length)]! * row[n % row.length]!,
  )
  return { label, height: col.length, width: row.length, weights }
}

/** The number of results in a row of the drawing. */
const perRow = 4

/** Draws a chain over an input as an SVG: the output and the cost of each step. */
export function drawChain(e: ChainExplanation): string {
  const pieces: Piece[] = [
    { ...tensor(e.input), title: 'input', tone: 'input' },
    ...e.steps.map(
      ({ operation, output }): Piece => ({ ...tensor(output), title: operation, tone: 'output' }),
    ),
  ]
  const starts = Array.from({ length: Math.ceil(e.steps.length / perRow) }, (_, i) => i * perRow)
  const bars = (of: (step: ChainExplanation['steps'][number]) => number) =>
    e.steps.map((step) => ({
      label: step.operation,
      value: of(step),
      words: grouped(of(step)),
      colour: colours.blue,
    }))
  const counts = [
    { title: 'weights', bars: bars((step) => step.parameters) },
    { title: 'multiplications', bars: bars((step) => step.multiplications) },
  ]
  const [heads = [], ...rows] = chainRows(e, false)
  const table = rows.map(([name = '', ...cells]): Row => {
    const words = present(cells.map((cell, i) => cell !== '' && `${heads[i + 1]} ${cell}`))
    return [name, words.join(', ')]
  })
  const summary = `${e.steps.length} steps, in floating point`
  return document('chain', summary, [
    ...starts.map((start): Section => {
      const row = pieces
        .slice(start, start + perRow + 1)
        .flatMap((piece, i) => (i === 0 ? [piece] : ['→', piece]))
      return [starts.length === 1 ? 'shapes' : `shapes, from step ${start + 1}`, drawSolids(row, across)]
    }),
    ['counts', drawBars(counts, across)],
    ['in numbers', drawTable(table, across)],
  ])
}
