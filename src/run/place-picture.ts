import {
  fftScratchBytes1d,
  fftScratchBytes2d,
  fftTables1d,
  fftTables2d,
  makeFftTables2d,
  planFft2d,
  planFftColumns,
  planFftRows,
} from '../conv/fft.ts'
import type { RecipePlan } from '../conv/plan.ts'
import { fullSize, reachOf } from '../conv/reach.ts'
import type { Combine } from '../conv/recipe.ts'
import { type Stencil, weightSum } from '../conv/stencil.ts'
import type { Extremes, Range } from '../definition/quantise.ts'
import { type Address, align } from '../graph/address.ts'
import { outChannels } from '../graph/node.ts'
import type { Span } from '../graph/spans.ts'
import type { Tone } from '../graph/tone.ts'
import { pause } from '../host/turns.ts'
import { linearTables, srgb } from '../image/light.ts'
import { pngRowBytes } from '../image/png.ts'
import { borders } from '../tensor/border.ts'
import type { Arena } from './arena.ts'
import { put } from './bank.ts'
import { finishBytes } from './finish-params.ts'
import type { PictureShape, PlacedStencil, ScratchLayout, Sink, StencilJob, TapTable } from './picture-job.ts'

/** The bytes after every row that loops may read and write. */
const slack = 64
/** The bytes of sums that a block of rows may take, so that they fit in a second-level cache. */
const blockBytes = 256 * 1024

/**
 * Rounds up to an odd multiple of 64. Rows whose distance is a multiple of 4096 share cache sets and take twice the
 * time.
 */
const pitchOf = (bytes: number): number => Math.ceil((bytes + slack) / 128) * 128 + 64

/**
 * Lays out the tables of a planned recipe over a picture in the shared memory, and plans the scratch memory of a
 * worker.
 */
export function placePicture(
  arena: Arena,
  plan: RecipePlan,
  source: PictureShape,
  given: Tone,
  sink: Sink,
  range: Range,
  extremes?: Extremes,
  spans: readonly Span[] = stripsOf(plan),
): StencilJob {
  const table = given.table === 1 ? put(arena, linearTables(given.light ?? srgb, source.full)) : given.table
  const tone = { ...given, table }
  const tileChannels = outChannels(source, tone)
  const sampleBytes: 1 | 2 | 4 = plan.samples === 'u8' ? 1 : plan.samples === 'u16' ? 2 : 4
  const { fullWidth, fullHeight } = fullSize(plan)
  const tileWidth = plan.halo.left + fullWidth + plan.halo.right
  const tilePitch = pitchOf(tileWidth * tileChannels * sampleBytes)
  const shape: Shape = { fullWidth, fullHeight, tileChannels, sampleBytes, tilePitch }
  const stencils = plan.stencils.map((s) => placeStencil(arena, plan, s, shape))
  const largest = (of: (span: Span) => number) => spans.reduce((most, span) => Math.max(most, of(span)), 1)
  const rows = largest(([first, end]) => end - first)
  const tileCount = largest(([first, end]) => reachOf(plan, first, end - first).tileCount)
  const tileRows = tileCount + plan.halo.top + plan.halo.bottom
  const n = fullWidth * tileChannels
  const rowBytes = n * 4
  const blockRows = Math.max(1, Math.min(rows, Math.floor(blockBytes / (rowBytes * (stencils.length + 1)))))
  const { layout, scratchBytes } = layOut(plan, stencils, sink, {
    ...shape,
    rows,
    tileRows,
    blockRows,
    n,
    width: source.width * source.channels,
  })
  const opaque =
    plan.native !== undefined && tone.alpha === 'own'
      ? placePicture(arena, plan.native, source, { ...tone, alpha: 'copy' }, sink, range, extremes, spans)
      : undefined
  return {
    scratchBytes: scratchBytes + (opaque?.scratchBytes ?? 0),
    ...(opaque !== undefined && { opaque }),
    plan,
    source,
    tone,
    range,
    ...(extremes === undefined ? {} : { extremes }),
    gain: flatGain(plan),
    sink,
    tileChannels,
    sampleBytes,
    tileWidth,
    tileRows,
    tilePitch,
    columns: placeColumns(arena, plan, tileWidth),
    outside: put(arena, new Int32Array(tileWidth).fill(-1)),
    fill: placeFill(arena, plan, tone, tileChannels, source),
    rows,
    fullWidth,
    fullHeight,
    blockRows,
    stencils,
    layout,
  }
}

/** Makes the tables of a plan that take long to make, before the plan is placed. */
export async function prepareTables(plan: RecipePlan): Promise<void> {
  const { fullWidth, fullHeight } = fullSize(plan)
  for (const s of plan.stencils) {
    if (s.algorithm !== 'fft') continue
    await makeFftTables2d(s.weights, planFft2d(s.kH, s.kW, fullHeight, fullWidth))
    // the sum is remembered, so that placing the job, which does not pause, finds it
    weightSum(s)
    await pause()
  }
  if (plan.native !== undefined) await prepareTables(plan.native)
}

/** The bytes of the blocks that a thread writes once for a job; see `withHow`. */
export const fixedBytes = (job: StencilJob): number => align((2 + job.stencils.length) * finishBytes) * 2

/** Returns the job with those blocks at `at`, so that other jobs may use the rest of its scratch memory in between. */
export function withHow(job: StencilJob, at: number): StencilJob {
  const { layout, opaque } = job
  const moved = { ...job, layout: { ...layout, finish: at } }
  if (opaque === undefined) return moved
  const finish = at + fixedBytes(job) / 2 - (job.scratchBytes - opaque.scratchBytes)
  return { ...moved, opaque: { ...opaque, layout: { ...opaque.layout, finish } } }
}

const stripsOf = ({ outHeight, stripRows }: RecipePlan): Span[] =>
  Array.from({ length: Math.ceil(outHeight / stripRows) }, (_, part) => [
    part * stripRows,
    Math.min((part + 1) * stripRows, outHeight),
  ])

type Shape = Pick<StencilJob, 'fullWidth' | 'fullHeight' | 'tileChannels' | 'sampleBytes' | 'tilePitch'>

function placeStencil(arena: Arena, plan: RecipePlan, s: Stencil, shape: Shape): PlacedStencil {
  const pixel = shape.tileChannels * shape.sampleBytes
  const [dy, dx] = s.dilation
  const common = {
    stencil: s,
    base: (plan.halo.left - s.anchor[1] * dx) * pixel,
    firstRow: plan.halo.top - s.anchor[0] * dy,
  }
  switch (s.algorithm) {
    case 'none':
      return { ...common, form: 'tile' }
    case 'direct':
    case 'integer': {
      const taps = nonZero(s.weights).map((t) => ({
        weight: s.weights[t]!,
        offset: Math.floor(t / s.kW) * dy * shape.tilePitch + (t % s.kW) * dx * pixel,
      }))
      if (s.algorithm === 'integer')
        return { ...common, form: 'taps', ...integerTaps(arena, taps, s.sums === 'i32' ? 'pairs' : 'i16') }
      return {
        ...common,
        form: 'taps',
        offsets: put(
          arena,
          Uint32Array.from(taps, (t) => t.offset),
        ),
        weights: put(
          arena,
          Float32Array.from(taps, (t) => t.weight),
        ),
        count: taps.length,
      }
    }
    case 'integer-separable': {
      const [down, across] = [absSum(s.col) * 255, absSum(s.row)]
      const between = down <= 32767 ? 'i16' : 'i32'
      const sums = between === 'i16' && down * across <= 32767 ? 'i16' : 'i32'
      const step = shape.tileChannels * (between === 'i16' ? 2 : 4) * dx
      const col = nonZero(s.col).map((t) => ({ weight: s.col[t]!, offset: t * dy * shape.tilePitch }))
      const row = nonZero(s.row).map((t) => ({ weight: s.row[t]!, offset: t * step }))
      const across32 = between === 'i32' ? 'i32' : sums === 'i32' ? 'pairs' : 'i16'
      return {
        ...common,
        form: 'integer-passes',
        between,
        sums,
        col: integerTaps(arena, col, between === 'i16' ? 'i16' : 'pairs'),
        row: integerTaps(arena, row, across32),
      }
    }
    case 'separable':
      return { ...common, form: 'passes', col: put(arena, s.col), row: put(arena, s.row) }
    case 'box':
      return { ...common, form: 'box' }
    case 'fft': {
      const plan2d = planFft2d(s.kH, s.kW, shape.fullHeight, shape.fullWidth)
      return {
        ...common,
        form: 'fft-plane',
        plan: plan2d,
        tables: put(arena, fftTables2d(s.weights, plan2d)),
      }
    }
    case 'fft-separable': {
      const colPlan = planFftColumns(s.kH, shape.fullHeight)
      const rowPlan = planFftRows(s.kW, shape.fullWidth)
      const [col, row] = [put(arena, fftTables1d(s.col, colPlan)), put(arena, fftTables1d(s.row, rowPlan))]
      return { ...common, form: 'fft-lines', colPlan, rowPlan, col, row }
    }
  }
}

/** Taps of weight 0 add +0 to a sum that is never -0, so they may be omitted. */
const nonZero = (weights: Float32Array): number[] => [...weights.keys()].filter((t) => weights[t] !== 0)

type Tap = { readonly weight: number; readonly offset: number }

/**
 * Makes a tap list for the integer loops: 16-bit weights, in pairs if the loop takes two at a time, or 32-bit weights.
 * Whole numbers may be added in any order; with ascending weights, the loops add runs of 1 and -1 without multiplying.
 */
function integerTaps(arena: Arena, taps: readonly Tap[], form: 'i16' | 'pairs' | 'i32'): TapTable {
  const sorted = taps.toSorted((a, b) => a.weight - b.weight)
  const filled = form === 'pairs' && taps.length % 2 === 1 ? [...sorted, { weight: 0, offset: 0 }] : sorted
  const weights = filled.map((t) => t.weight)
  return {
    offsets: put(
      arena,
      Uint32Array.from(filled, (t) => t.offset),
    ),
    weights: form === 'i32' ? put(arena, Int32Array.from(weights)) : put(arena, Int16Array.from(weights)),
    count: form === 'pairs' ? filled.length / 2 : filled.length,
  }
}

/** Determines which tile columns are inside the picture, and where the others come from. */
function placeColumns(arena: Arena, plan: RecipePlan, tileWidth: number): StencilJob['columns'] {
  const start = plan.origin[1] - plan.halo.left
  const place = borders[plan.border].source
  const table = Int32Array.from({ length: tileWidth }, (_, i) => place(start + i, plan.width))
  const first = Math.min(tileWidth, Math.max(0, -start))
  const last = Math.max(first, Math.min(tileWidth, plan.width - start))
  return { table: put(arena, table), first, last, source: start + first }
}

/**
 * Makes the pixel outside the picture for the border `constant`: the fill value, opaque if colours are weighted by
 * alpha.
 */
function placeFill(
  arena: Arena,
  plan: RecipePlan,
  tone: Tone,
  channels: number,
  source: PictureShape,
): Address {
  const { full } = source
  const level = Math.fround((plan.fill * full) / 255)
  const table =
    tone.table === 0
      ? undefined
      : new Float32Array(arena.memory.buffer, tone.table, (tone.light?.curves.length ?? 1) * (full + 1))
  const tables = tone.light?.curves.length ?? 1
  const pixel = Float32Array.from({ length: channels }, (_, c) => {
    if (table !== undefined) return table[Math.min(c, tables - 1) * (full + 1) + Math.round(level)]!
    return plan.native === undefined && plan.samples === 'f32' ? level : Math.round(level)
  })
  if (tone.alpha === 'premultiply') for (const [c, v] of pixel.entries()) pixel[c] = Math.fround(v * full)
  if (tone.alpha === 'premultiply' || tone.alpha === 'own') pixel[channels - 1] = full
  if (plan.samples === 'f32') return put(arena, pixel)
  return put(arena, new (source.depth === 8 ? Uint8Array : Uint16Array)(pixel))
}

/**
 * The factor by which the whole recipe multiplies a flat picture, before its own scale: 1 for most, 0 for derivatives.
 */
function flatGain(plan: RecipePlan): number {
  const gains = plan.stencils.map((s) => weightSum(s) / s.scale)
  return combineGain(plan.combine, gains)
}

function combineGain(combine: Combine, gains: readonly number[]): number {
  const [a = 0, b = 0] = gains
  if (combine.kind === 'difference') return a - b
  if (combine.kind === 'unsharp') return a + combine.amount * (a - b)
  return a
}

function layOut(
  plan: RecipePlan,
  stencils: readonly PlacedStencil[],
  sink: Sink,
  shape: Shape & { rows: number; tileRows: number; blockRows: number; n: number; width: number },
): { layout: ScratchLayout; scratchBytes: number } {
  let top = 0
  const take = (bytes: number) => {
    const at = top
    top += align(bytes + slack)
    return at
  }
  const branchPitch = pitchOf(shape.n * 4)
  const stripRowsFull = (shape.rows - 1) * plan.stride[0] + 1
  const isFft = (s: PlacedStencil) => s.form === 'fft-plane' || s.form === 'fft-lines'
  const widest = Math.max(...stencils.map((s) => s.stencil.kW * s.stencil.dilation[1]))
  const betweenPitch = pitchOf((shape.n + widest * shape.tileChannels) * 4)
  const betweenRows = stencils.some((s) => s.form === 'fft-lines') ? stripRowsFull : shape.blockRows
  const outPixel = shape.tileChannels * ('depth' in sink ? sink.depth / 8 : 4)
  const outPitch = pitchOf(plan.outWidth * outPixel)
  const outRows = sink.kind === 'float' || sink.kind === 'extremes' ? 0 : shape.rows
  const filteredRow =
    sink.kind === 'png'
      ? 1 + pngRowBytes({ width: plan.outWidth, channels: shape.tileChannels as 1, depth: sink.depth })
      : 0
  const layout = {
    tile: take(shape.tileRows * shape.tilePitch),
    row: take(3 * pitchOf(shape.width * 4)),
    grayRow: pitchOf(shape.width * 4),
    lightRow: 2 * pitchOf(shape.width * 4),
    own: take(branchPitch),
    branches: stencils.map((s) => take((isFft(s) ? stripRowsFull : shape.blockRows) * branchPitch)),
    branchPitch,
    between: take(betweenRows * betweenPitch),
    betweenPitch,
    fft: take(Math.max(0, ...stencils.map(fftBytes))),
    picked: take(plan.stride[1] > 1 ? plan.stride[1] * branchPitch : 0),
    spare: take(branchPitch),
    converted: stencils.map(() => take(shape.blockRows * branchPitch)),
    out: take(outRows * outPitch),
    outPitch,
    filtered: take(shape.rows * filteredRow),
    filterScratch: take(128),
    finish: take((2 + stencils.length) * finishBytes),
    counts: take(24),
  }
  return { layout, scratchBytes: top }
}

function fftBytes(s: PlacedStencil): number {
  if (s.form === 'fft-plane') return fftScratchBytes2d(s.plan)
  if (s.form === 'fft-lines') return Math.max(fftScratchBytes1d(s.colPlan), fftScratchBytes1d(s.rowPlan))
  return 0
}

/** The sum of the absolute weights. */
export const absSum = (a: Float32Array): number => a.reduce((s, v) => s + Math.abs(v), 0)
