import type { ModelFacts } from '../../net/describe.ts'
import type { Network } from '../../net/network.ts'
import { grouped } from '../../text/count.ts'
import { textWidth } from './measure.ts'
import { colours } from './palette.ts'
import { path, rect, svgDocument, text } from './svg.ts'

// A network is drawn from top to bottom: a box for every node, and lines from its inputs. A line that passes boxes runs
// to the right of them, in a lane that no other line uses there.

const [high, gap, left, lane] = [26, 16, 20, 12]

const tone = (operator: string, parameters: number): string =>
  parameters > 0 ? colours.blue : /Add|Mul|Concat|Sub|Div/.test(operator) ? colours.orange : colours.faint

/** Draws the graph of a network as an SVG. */
export function drawNetwork(network: Network, { nodes, input, output }: ModelFacts): string {
  const boxes = [
    { title: 'input', words: input.join('x'), fill: colours.green },
    ...nodes.map(({ operator, shapes, parameters }) => ({
      title: operator,
      words: [shapes[0]?.join('x') ?? '', ...(parameters > 0 ? [`${grouped(parameters)} weights`] : [])].join(
        ', ',
      ),
      fill: tone(operator, parameters),
    })),
    { title: 'output', words: output.join('x'), fill: colours.green },
  ]
  const wide = boxes.reduce(
    (most, { title, words }) =>
      Math.max(most, textWidth(title, 12, { bold: true }) + textWidth(words, 11) + 36),
    160,
  )
  const edges = edgesOf(network, nodes)
  const lanes = lanesOf(edges)
  const middle = (i: number) => 20 + i * (high + gap) + high / 2
  const right = left + wide
  const lines = edges.map(([from, to], i) => {
    const y1 = middle(from) + high / 2
    const y2 = middle(to) - high / 2
    const style = { fill: 'none', stroke: colours.faint, 'stroke-width': 1.5 }
    const x = left + wide / 2
    if (to === from + 1) return path(`M ${x} ${y1} L ${x} ${y2}`, style)
    const out = right + lane * (1 + lanes[i]!)
    return path(
      `M ${right} ${middle(from)} L ${out} ${middle(from)} L ${out} ${middle(to)} L ${right} ${middle(to)}`,
      style,
    )
  })
  const drawn = boxes.map(({ title, words, fill }, i) => {
    const y = 20 + i * (high + gap)
    return [
      rect(left, y, wide, high, { rx: 4, fill: colours.panel, stroke: fill, 'stroke-width': 1.5 }),
      text(title, left + 10, middle(i), { size: 12, bold: true, baseline: 'middle', fill }),
      text(words, right - 10, middle(i), { size: 11, anchor: 'end', baseline: 'middle', fill: colours.ink }),
    ].join('')
  })
  const most = Math.max(-1, ...lanes)
  const width = right + lane * (most + 2) + 20
  const height = 20 + boxes.length * (high + gap) + 4
  return svgDocument(width, height, { title: network.name || 'network' }, ...lines, ...drawn)
}

/** Returns the edges between boxes. Box 0 is the input; then come the nodes, and last the output. */
function edgesOf(network: Network, nodes: ModelFacts['nodes']): (readonly [from: number, to: number])[] {
  const places = new Map<string, number>()
  for (const { name } of network.inputs) places.set(name, 0)
  const shown = network.nodes.filter(({ name, operator }) =>
    nodes.some((one) => one.name === name && one.operator === operator),
  )
  const edges: (readonly [number, number])[] = []
  shown.forEach((node, i) => {
    const from = new Set(node.inputs.flatMap((name) => places.get(name) ?? []))
    for (const one of from) edges.push([one, i + 1])
    for (const name of node.outputs) if (name !== '') places.set(name, i + 1)
  })
  const last = places.get(network.outputs[0]?.name ?? '') ?? shown.length
  return [...edges, [last, shown.length + 1]]
}

/** Returns the lane of each edge, the first that is free; -1 for an edge that passes no box. */
function lanesOf(edges: readonly (readonly [number, number])[]): number[] {
  const ends: number[] = []
  return edges.map(([from, to]) => {
    if (to === from + 1) return -1
    const free = ends.findIndex((end) => end <= from)
    const at = free < 0 ? ends.length : free
    ends[at] = to
    return at
  })
}
