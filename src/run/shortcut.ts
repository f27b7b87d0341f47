import { isUnfiltered } from '../conv/plan.ts'
import type { Stencil } from '../conv/stencil.ts'
import { type Address, plus } from '../graph/address.ts'
import { isPlainTone } from '../graph/tone.ts'
import { prepareAccumulator, type Sums } from './accumulate.ts'
import { type FinishParams, type WasmExports, writeFinishParams } from './engine.ts'
import { finishParamsOf } from './finish.ts'
import type { PartResult, RowsOf } from './part.ts'
import type { PlacedStencil, StencilJob } from './picture-job.ts'
import { absSum } from './place-picture.ts'
import type { SourceRows } from './source-rows.ts'

/**
 * Returns loops for the most common filters that go from 8-bit samples to 8-bit samples without float rows in between,
 * or write float sums directly to the result. All equal the general path bit for bit. Returns undefined if the job is
 * none of these.
 */
export function prepareShortcut(
  job: StencilJob,
  wasm: WasmExports,
  input: SourceRows,
  scratch: Address,
): RowsOf | undefined {
  const { plan, sink, tone } = job
  if (sink.kind !== 'extremes' && !('depth' in sink)) return floatSums(job, wasm, scratch)
  const toBytes = 'depth' in sink && sink.depth === 8
  const isApart = tone.alpha === 'premultiply' || tone.alpha === 'separate'
  if (!toBytes || plan.samples !== 'u8' || plan.stride[1] !== 1 || isApart) return undefined
  const alpha = prepareAlphaCopy(job, wasm, input)
  if (tone.alpha === 'copy' && alpha === undefined) return undefined
  const context = { job, wasm, scratch }
  const rows =
    plan.combine.kind === 'only'
      ? oneKernel(context)
      : plan.combine.kind === 'magnitude'
        ? magnitude(context)
        : undefined
  if (rows === undefined || alpha === undefined) return rows
  return (y, count, tileFirst, to, pitch) => {
    rows(y, count, tileFirst, to, pitch)
    for (let r = 0; r < count; r++) alpha(plus(to, r * pitch), y + r)
  }
}

/**
 * Copies whole samples that the job leaves unchanged to their places. For steps that end in whole samples
 * (run/graph.ts).
 */
export function prepareCopy(
  { plan, source, sink, tone, range, tileChannels }: StencilJob,
  wasm: WasmExports,
  input: SourceRows,
): ((y: number, rows: number, to: Address, pitch: number) => PartResult) | undefined {
  const bytes = { u8: 1, u16: 2, f32: 4 }[plan.samples]
  const isKept = 'depth' in sink && sink.depth === 8 * bytes && source.full === 2 ** sink.depth - 1
  const isSame = isUnfiltered(plan) && isPlainTone(tone) && range === 'clamp'
  if (!isKept || !isSame) return undefined
  return (y, rows, to, pitch) => {
    for (let r = 0; r < rows; r++)
      wasm.copyBytes(plus(to, r * pitch), input.address(y + r), plan.width * tileChannels * bytes)
    return { low: 0, high: 0 }
  }
}

type Context = {
  readonly job: StencilJob
  readonly wasm: WasmExports
  readonly scratch: Address
}

/** One integer kernel: converts sums directly to samples, or computes samples from samples if nothing is divided. */
function oneKernel(context: Context): RowsOf | undefined {
  const { job, wasm, scratch } = context
  const placed = job.stencils[0]!
  const { stencil } = placed
  if (stencil.algorithm !== 'integer' && stencil.algorithm !== 'integer-separable') return undefined
  // A loop divides only once: by the kernel's scale, or by the recipe's.
  if (stencil.scale !== 1 && job.plan.scale !== 1) return undefined
  const asked: FinishParams = {
    ...finishParamsOf(job),
    scale: stencil.scale === 1 ? job.plan.scale : stencil.scale,
  }
  const params = { ...asked, whole: isWhole(asked, stencil) }
  writeFinishParams(wasm.memory, plus(scratch, job.layout.finish), params)
  if (placed.form === 'taps' && isPlain(params, stencil)) return samplesFromSamples(context, placed)
  const { sums } = prepareAccumulator(job, 0, wasm, scratch)
  const n = job.plan.outWidth * job.tileChannels
  const [at, counts] = [plus(scratch, job.layout.finish), plus(scratch, job.layout.counts)]
  return (y, count, tileFirst, to, pitch) => {
    const s: Sums = sums(y, count, tileFirst)
    const quantise = s.kind === 'i16' ? wasm.quantiseI16U8 : wasm.quantiseI32U8
    for (let r = 0; r < count; r++) quantise(plus(to, r * pitch), plus(s.address, r * s.pitch), n, at, counts)
  }
}

/** Whether the only step is a division by a whole number, of sums small enough to divide by multiplying. */
function isWhole(params: FinishParams, s: Stencil): boolean {
  const largest =
    255 * ('weights' in s ? absSum(s.weights) : 'col' in s ? absSum(s.col) * absSum(s.row) : Infinity)
  const isWholeScale = Number.isInteger(params.scale) && params.scale > 0 && params.scale < 2 ** 19
  const isPlain = params.offset === 0 && !params.absolute && params.affine === undefined
  return isWholeScale && isPlain && largest < 2 ** 19
}

/** The number of samples in a row from which the float loops end exactly at the end of the row. */
const wholeFloatRow = 28

/**
 * Writes float sums of one kernel directly to their places, if no other step applies. No sum is -0, so leaving an
 * offset of 0 off keeps its bits.
 */
function floatSums(job: StencilJob, wasm: WasmExports, scratch: Address): RowsOf | undefined {
  const { plan, tone } = job
  const placed = job.stencils[0]!
  const params = finishParamsOf(job)
  const n = plan.outWidth * job.tileChannels
  const asItIs =
    params.scale === 1 &&
    params.offset === 0 &&
    !params.absolute &&
    params.affine === undefined &&
    placed.stencil.scale === 1
  if (plan.combine.kind !== 'only' || placed.form !== 'taps' || placed.stencil.algorithm !== 'direct')
    return undefined
  if (!asItIs || tone.encode || tone.alpha !== 'plain' || plan.stride[1] !== 1 || n < wholeFloatRow)
    return undefined
  const { offsets, weights, count: taps } = placed
  const rowStep = plan.stride[0] * job.tilePitch
  return (y, count, tileFirst, to, pitch) => {
    const src = tileAddress(job, placed, scratch, y, tileFirst)
    wasm.tapsF32(to, pitch, src, rowStep, n, count, offsets, weights, taps)
  }
}

/** Whether a sample is the sum plus a whole offset, or the absolute value of that, and all of it fits in 16 bits. */
const isPlain = (params: FinishParams, s: Stencil): boolean =>
  params.scale === 1 &&
  params.affine === undefined &&
  Number.isInteger(params.offset) &&
  s.algorithm === 'integer' &&
  s.sums === 'i16' &&
  absSum(s.weights) * 255 + Math.abs(params.offset) <= 32767

function samplesFromSamples(
  { job, wasm, scratch }: Context,
  placed: Extract<PlacedStencil, { form: 'taps' }>,
): RowsOf {
  const { layout, plan, tilePitch } = job
  const n = plan.outWidth * job.tileChannels
  const rowStep = plan.stride[0] * tilePitch
  const [params, counts] = [plus(scratch, layout.finish), plus(scratch, layout.counts)]
  const { offsets, weights, count: taps } = placed
  return (y, count, tileFirst, to, pitch) => {
    const src = tileAddress(job, placed, scratch, y, tileFirst)
    wasm.tapsU8U8(to, pitch, src, rowStep, n, count, offsets, weights, taps, params, counts)
  }
}

/** The magnitude of two 16-bit gradients. */
function magnitude({ job, wasm, scratch }: Context): RowsOf | undefined {
  const [first, second] = job.stencils
  if (
    first === undefined ||
    second === undefined ||
    !isGradient(first.stencil) ||
    !isGradient(second.stencil)
  )
    return undefined
  const { layout } = job
  const largest = 255 * Math.max(absSum(first.stencil.weights), absSum(second.stencil.weights))
  writeFinishParams(wasm.memory, plus(scratch, layout.finish), {
    ...finishParamsOf(job),
    small: largest <= 4096,
  })
  const [params, counts] = [plus(scratch, layout.finish), plus(scratch, layout.counts)]
  const n = job.plan.outWidth * job.tileChannels
  const both = prepareGradients(job, wasm, scratch)
  return (y, count, tileFirst, to, pitch) => {
    const [gx, gy] = both(y, count, tileFirst)
    for (let r = 0; r < count; r++) {
      wasm.magnitudeI16U8(
        plus(to, r * pitch),
        plus(gx.address, r * gx.pitch),
        plus(gy.address, r * gy.pitch),
        n,
        params,
        counts,
      )
    }
  }
}

type IntegerStencil = Extract<Stencil, { algorithm: 'integer' }>

const isGradient = (s: Stencil): s is IntegerStencil =>
  s.algorithm === 'integer' && s.sums === 'i16' && s.scale === 1

/**
 * Computes both gradients in one pass for the 3x3 family of sobel, prewitt and scharr, otherwise one after the other.
 */
function prepareGradients(job: StencilJob, wasm: WasmExports, scratch: Address) {
  const [a, b] = [prepareAccumulator(job, 0, wasm, scratch), prepareAccumulator(job, 1, wasm, scratch)]
  const family = gradientFamily(job)
  if (family === undefined) {
    return (y: number, count: number, tileFirst: number): readonly [Sums, Sums] => [
      a.sums(y, count, tileFirst),
      b.sums(y, count, tileFirst),
    ]
  }
  const { layout, tilePitch } = job
  const [gx, gy] = layout.branches.map((branch) => plus(scratch, branch)) as [Address, Address]
  const pitch = layout.branchPitch
  const n = job.fullWidth * job.tileChannels
  return (y: number, count: number, tileFirst: number): readonly [Sums, Sums] => {
    const src = tileAddress(job, job.stencils[0]!, scratch, y, tileFirst)
    wasm.gradientU8I16(gx, gy, pitch, src, tilePitch, job.tileChannels, n, count, family.side, family.centre)
    return [
      { kind: 'i16', address: gx, pitch },
      { kind: 'i16', address: gy, pitch },
    ]
  }
}

/** Returns side and centre if the kernels are [side centre side]ᵀ × [-1 0 1] and its transpose, undilated. */
function gradientFamily({ plan }: StencilJob): { side: number; centre: number } | undefined {
  const [x, y] = plan.stencils as readonly [IntegerStencil, IntegerStencil]
  const isPlain = [x, y].every((s) => s.kH === 3 && s.kW === 3 && s.dilation[0] === 1 && s.dilation[1] === 1)
  if (!isPlain || plan.stride[0] !== 1 || x.anchor[0] !== y.anchor[0] || x.anchor[1] !== y.anchor[1])
    return undefined
  const [side, centre] = [x.weights[2]!, x.weights[5]!]
  const across = [-side, 0, side, -centre, 0, centre, -side, 0, side]
  const down = [-side, -centre, -side, 0, 0, 0, side, centre, side]
  const fits = (4 * Math.abs(side) + 2 * Math.abs(centre)) * 255 <= 32767
  const same = (weights: Float32Array, expected: readonly number[]) =>
    expected.every((w, i) => weights[i] === w)
  return fits && same(x.weights, across) && same(y.weights, down) ? { side, centre } : undefined
}

/** The tile address of the first tap of output row `y`. */
const tileAddress = (
  job: StencilJob,
  placed: PlacedStencil,
  scratch: Address,
  y: number,
  tileFirst: number,
): Address =>
  plus(
    scratch,
    job.layout.tile + (y * job.plan.stride[0] - tileFirst + placed.firstRow) * job.tilePitch + placed.base,
  )

/** Copies the alpha of a row if output and input pixels coincide; otherwise the general path does it. */
function prepareAlphaCopy(
  job: StencilJob,
  wasm: WasmExports,
  input: SourceRows,
): ((out: Address, y: number) => void) | undefined {
  const { plan, source, tone } = job
  const isAligned = plan.origin.every((o) => o === 0) && plan.stride.every((s) => s === 1)
  if (tone.alpha !== 'copy' || !isAligned || plan.outWidth !== plan.width || plan.outHeight !== plan.height)
    return undefined
  return (out, y) => wasm.copyAlpha(out, input.under(y), plan.outWidth, source.channels, 1)
}
