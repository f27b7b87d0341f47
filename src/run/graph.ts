import { isUnfiltered, planPlain } from '../conv/plan.ts'
import { type Levels, type MapFacts, magnitudeBins, noFacts } from '../definition/levels.ts'
import type { Extremes, Range } from '../definition/quantise.ts'
import { noBlock } from '../graph/address.ts'
import type { Cut } from '../graph/cut.ts'
import { inSamples } from '../graph/in-samples.ts'
import { narrowed } from '../graph/narrow.ts'
import { filterNode, interleaved, type Node, outChannels } from '../graph/node.ts'
import { isPlainTone, plainTone } from '../graph/tone.ts'
import { labelOf, legibleLevels, sheetLayout, stretched } from '../image/sheet.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { isCostly } from './cost.ts'
import type { GraphSink } from './graph-job.ts'
import { type Finishing, type OnStrip, run, runToPlanes, shapeOf } from './graph-run.ts'
import type { Graph, Over, PictureShape, Sink, Source, StencilJob } from './picture-job.ts'
import { placePicture, prepareTables } from './place-picture.ts'
import type { Session } from './pool.ts'
import type { Clipping } from './watch.ts'

/** Runs a graph and returns a tensor [C,H,W]. Unless `cut` is given, the height of strips is chosen here. */
export const runToTensor = (session: Session, { out, source }: Graph, cut?: number | Cut): Promise<Tensor> =>
  runToPlanes(session, source, out, cut)

/** Runs a graph and passes its result to `onPart` as arrays [C,H,W], strip by strip. */
export const runToArray = (
  session: Session,
  graph: Graph,
  onPart?: OnStrip,
  drain?: () => Promise<void>,
): Promise<void> =>
  run(session, graph.source, [graph.out], () => ({ kind: 'array' }), { onPart, drain, isLast: true })

/** Runs a recipe over the output of a graph, or over a picture. Pieces of a PNG reach `onStrip` in any order. */
export const runToPicture = (
  session: Session,
  graph: Over,
  finishing: Finishing,
  onStrip?: OnStrip,
  drain?: () => Promise<void>,
): Promise<Clipping> => {
  const { out, source } = graph
  const whole = asItIs(graph, finishing)
  const last = whole?.finishing ?? finishing
  const filter = filterNode(last, whole?.x ?? (out && interleaved(out)))
  const { width, height } = last.plan
  const { channels, full } = last
  const shape: PictureShape =
    out === undefined ? shapeOf(source.picture) : { width, height, channels, full, depth: whole?.depth ?? 32 }
  const node: Node = { ...filter, work: { kind: 'finish', filter: last } }
  return runFinished(session, source, [node], shape, last, onStrip, drain, (job) => ({
    kind: 'picture',
    job,
  }))
}

/**
 * Returns steps over a picture of whole samples that are written unchanged, so that they never become floats, or
 * undefined if that is not possible.
 */
function asItIs(
  { out, source }: Over,
  finishing: Finishing,
): { readonly x: Node; readonly depth: 8 | 16; readonly finishing: Finishing } | undefined {
  const { plan, tone, range, sink, full } = finishing
  // premultiplying by alpha and dividing by it changes nothing if alpha is not 0 and levels are whole
  const isKept = tone.alpha === 'premultiply' && source?.isSeen === true && !source.gray
  const isSame =
    isUnfiltered(plan) && isPlainTone(isKept ? { ...tone, alpha: 'plain' } : tone) && range === 'clamp'
  if (out === undefined || source === undefined || !isSame || !('depth' in sink)) return undefined
  const { picture, gray, light } = source
  const { depth } = sink
  const white = 2 ** depth - 1
  if (picture.depth !== depth || picture.full !== white || full !== white) return undefined
  if (light !== undefined) return undefined
  const x = inSamples(out, depth === 8 ? 1 : 2, gray)
  const { width, height } = plan
  const own = planPlain(width, height, depth === 8 ? 'u8' : 'u16')
  return x && { x, depth, finishing: { ...finishing, plan: own, tone: plainTone } }
}

/** What a sheet of maps looks like. */
export type SheetWishes = {
  /** The number of channels of a map: 1, or 3 for maps in colour, whose channels follow each other. */
  readonly depth?: 1 | 3
  readonly labels: boolean
  readonly black: number
  readonly white: number
}

/** Runs a graph and makes a sheet of its maps, strip by strip of the sheet. Each map is computed when its strip is. */
export async function runToSheet(
  session: Session,
  graph: Graph,
  wishes: SheetWishes,
  finishing: Finishing,
  onStrip?: OnStrip,
  drain?: () => Promise<void>,
): Promise<Clipping> {
  const [channels, height, width] = graph.out.shape
  const { depth = 1, labels: isLabeled, black, white } = wishes
  const count = channels / depth
  const layout = sheetLayout(count, height, width)
  const labels = isLabeled
    ? Array.from({ length: count }, (_, n) => labelOf(n, height, width, black, white))
    : []
  const outs = Array.from({ length: Math.ceil(count / layout.columns) }, (_, row) => {
    const first = row * layout.columns
    return narrowed(graph.out, first * depth, Math.min(layout.columns, count - first) * depth)
  })
  const { width: wide, height: high } = layout
  const sheet = { width: wide, height: high, channels: depth, depth: 32, full: finishing.full } as const
  return runFinished(session, graph.source, outs, sheet, finishing, onStrip, drain, (job) => ({
    kind: 'sheet',
    job,
    layout,
    depth,
    labels,
    black,
  }))
}

/** The number of samples that are held rather than computed again: 92 MiB. */
const mostHeld = 24e6

/**
 * Prepares a graph whose output is needed several times. If its output is small and takes long to compute, it is
 * computed once and kept in the shared memory: a sheet of 16 maps of a third of 12 megapixels, computed by a bank,
 * takes half the time.
 */
export async function heldOnce(session: Session, graph: Graph): Promise<Graph> {
  const { arena } = session
  const { shape } = graph.out
  const size = sizeOf(shape)
  if (size > mostHeld || !isCostly(graph.out)) return graph
  // a rehearsal counts it separately and has no samples
  const isPlanned = session.hold !== undefined
  session.hold?.('whole', size * 4)
  const target = isPlanned ? noBlock : arena.alloc(size * 4)
  await run(session, graph.source, [graph.out], () => ({ kind: 'planes', target }))
  const data = new Float32Array(arena.memory.buffer, target, isPlanned ? 0 : size)
  return { ...graph, out: { shape, inputs: [], work: { kind: 'planes', data } } }
}

/**
 * Finds the levels of each map, in one or two passes over all graphs of `outs` in turn: the same levels for all maps,
 * or with `each`, separate ones. Also finds out whether any sample is below 0.
 */
export async function levelsOf(
  session: Session,
  { source }: Pick<Graph, 'source'>,
  outs: readonly Node[],
  form: 'plain' | 'stretched' | 'legible',
  each: boolean,
  full: number,
): Promise<{ readonly levels: readonly Levels[]; readonly isSigned: boolean }> {
  const count = outs.reduce((sum, { shape: [maps] }) => sum + maps, 0)
  if (form === 'plain') {
    return { levels: Array.from({ length: count }, () => ({ kind: 'plain' })), isSigned: false }
  }
  const facts = Array.from({ length: count }, () => noFacts)
  const wider = (a: MapFacts, b: MapFacts): MapFacts => ({
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    isSigned: a.isSigned || b.isSigned,
  })
  const firsts = outs.map((_, i) => outs.slice(0, i).reduce((sum, { shape: [maps] }) => sum + maps, 0))
  for (const [i, out] of outs.entries()) {
    await run(session, source, [out], () => ({ kind: 'facts' }), {
      onPart: (_, { maps = [] }) => {
        maps.forEach((map, c) => {
          facts[firsts[i]! + c] = wider(facts[firsts[i]! + c]!, map)
        })
      },
    })
  }
  const all = facts.reduce(wider)
  const { isSigned } = all
  if (form === 'stretched') return { levels: facts.map((map) => stretched(each ? map : all, full)), isSigned }
  const largest = facts.map((map) => {
    const { min, max } = each ? map : all
    return Math.max(0, -min, max)
  })
  const bins = Array.from({ length: count }, () => new Uint32Array(magnitudeBins))
  const add = (sum: Uint32Array, one: Uint32Array) => {
    for (let i = 0; i < sum.length; i++) sum[i]! += one[i]!
  }
  for (const [i, out] of outs.entries()) {
    const own = largest.slice(firsts[i]!, firsts[i]! + out.shape[0])
    await run(session, source, [out], () => ({ kind: 'magnitudes', largest: own }), {
      onPart: (_, result) => {
        result.bins?.forEach((one, c) => {
          add(bins[firsts[i]! + c]!, one)
        })
      },
    })
  }
  if (!each) {
    for (const one of bins.slice(1)) add(bins[0]!, one)
    bins.fill(bins[0]!)
  }
  // unless `each` is set, the levels are the same for all maps, so that 0 looks the same on each
  return { levels: bins.map((one, c) => legibleLevels(one, largest[c]!, isSigned, full)), isSigned }
}

/** Runs steps through the finish of a picture. The range `minmax` takes a first pass that finds the extremes. */
async function runFinished(
  session: Session,
  source: Source | undefined,
  outs: readonly Node[],
  shape: PictureShape,
  { plan, tone, range, sink }: Finishing,
  onStrip: OnStrip | undefined,
  drain: (() => Promise<void>) | undefined,
  wrap: (job: StencilJob) => GraphSink,
): Promise<Clipping> {
  const { arena } = session
  await prepareTables(plan)
  const through = (to: Sink, own: Range, extremes?: Extremes) => (pieceRows: number) =>
    wrap(placePicture(arena, { ...plan, stripRows: pieceRows }, shape, tone, to, own, extremes))
  let extremes: Extremes | undefined
  if (range === 'minmax') {
    const mark = arena.mark()
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    await run(session, source, outs, through({ kind: 'extremes' }, 'clamp'), {
      onPart: (_, result) => {
        min = Math.min(min, result.min ?? min)
        max = Math.max(max, result.max ?? max)
      },
    })
    arena.release(mark)
    extremes = { min, max }
  }
  let [low, high] = [0, 0]
  await run(session, source, outs, through(sink, range, extremes), {
    onPart: (piece, result, pieces) => {
      low += result.low ?? 0
      high += result.high ?? 0
      onStrip?.(piece, result, pieces)
    },
    drain,
    isLast: true,
  })
  return { low, high, samples: plan.outWidth * plan.outHeight * outChannels(shape, tone) }
}
