import type { ModelFacts } from '../../net/describe.ts'
import { counted, grouped, mebibytes } from '../../text/count.ts'
import { columns } from '../../text/layout.ts'
import { visibleLine } from '../../text/visible.ts'
import { present } from './text.ts'

const short = (n: number): string => (n === 0 ? '' : grouped(n))

const meant = { inRange: 'range of its input', outRange: 'range of its output', channels: 'channels' }

/** Formats a network as text: its layers, then the totals. */
export function networkText(facts: ModelFacts): string {
  const { input, output, nodes, folded, grown } = facts
  const [channels, height, width] = input
  const rows = nodes.map(({ operator, name, shapes, parameters, multiplications, seesAll, algorithm }) => [
    operator,
    visibleLine(name),
    shapes.map((shape) => shape.join('x')).join(', '),
    short(parameters),
    short(multiplications),
    seesAll ? 'needs all of its input' : algorithm === 'winograd' ? algorithm : '',
  ])
  const head = ['layer', 'name', 'shape', 'weights', 'multiplications', '']
  const title = [facts.name, facts.format].filter((word) => word !== '').join(', ')
  const per = Math.round(facts.multiplications / (height * width))
  const lines = present([
    `${visibleLine(title)}: ${channels}x${height}x${width} becomes ${output.join('x')} (channels x height x width)`,
    '',
    columns([head, ...rows]),
    `weights: ${grouped(facts.parameters)}`,
    `multiplications: ${grouped(facts.multiplications)}, ${grouped(per)} for each pixel of the picture`,
    facts.receptive === undefined
      ? 'receptive field: the whole picture; steps that need all of their input run in a separate pass'
      : `receptive field: ${counted(facts.receptive, 'row')} of the picture for one row of the result`,
    `strips: ${counted(facts.stripRows, 'row')} of the result at a time, ${megabytes(facts.memory)} for each thread`,
    nodes.some(({ algorithm }) => algorithm === 'winograd') &&
      'winograd: tiles of 4x4 sums of a 3x3 convolution take 36 products for each channel instead of 144, and tiles of 2x2 sums of a 5x5 36 instead of 100; --algorithm direct computes all of them',
    grown &&
      `size: the picture is mirrored at its edges to ${grown[1]}x${grown[0]}, and the result is cropped`,
    facts.layout === 'hwc' && 'layout: channels last',
    facts.outputs.length > 1 &&
      `outputs: ${facts.outputs.map(visibleLine).join(', ')}; the first is computed, --head selects another`,
    ...(['inRange', 'outRange', 'channels'] as const).map(
      (key) => facts.meaning[key] !== undefined && `${meant[key]}: ${facts.meaning[key]}`,
    ),
    folded.length > 0 &&
      `folded: ${counted(folded.length, 'batch normalisation')} into the weights of the convolutions before them, in double precision, rounded once`,
    ...Object.entries(facts.metadata).map(
      ([key, value]) => `metadata: ${visibleLine(key)}: ${visibleLine(value)}`,
    ),
  ])
  return `${lines.join('\n')}\n`
}

const megabytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} KiB` : mebibytes(bytes)
