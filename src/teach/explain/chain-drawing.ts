import { grouped } from '../../text/count.ts'
import { colours } from '../draw/palette.ts'
import { across, document, type Section } from './drawing.ts'
import type { ChainExplanation } from './explanation.ts'
import { drawBars, drawTable, type Row } from './panels.ts'
import { tensor } from './pieces.ts'
import { drawSolids, type Piece } from './solids.ts'
import { chainRows, present } from './text.ts'

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
