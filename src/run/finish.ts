import { middleOf, roundHalfEven } from '../definition/quantise.ts'
import { type Address, plus } from '../graph/address.ts'
import { keepsAlpha } from '../graph/tone.ts'
import { type Curve, curveOf, type Light, type LightEncoder, lightEncoder, srgb } from '../image/light.ts'
import { borders } from '../tensor/border.ts'
import { hasAlpha } from '../tensor/picture.ts'
import { type FinishParams, viewOf, type WasmExports, writeFinishParams } from './engine.ts'
import { finishBytes } from './finish-params.ts'
import type { StencilJob } from './picture-job.ts'
import type { SourceRows } from './source-rows.ts'

/**
 * Finishes the combined float row `row` (of full width) and writes it as output row `y` at `out`, as samples or floats.
 */
export type Finish = (row: Address, y: number, out: Address) => void

/** Returns how the values of a job become samples: scale and offset, then the range. */
export function finishParamsOf(job: StencilJob): FinishParams {
  const { plan, range } = job
  const { full } = job.source
  const outFull = outFullOf(job)
  const straight = Math.fround((plan.offset * full) / 255)
  const half = middleOf(full)
  // Adding 0 changes nothing, so a single addition is enough for both offsets.
  const isShifted = range === 'offset' && straight === 0
  const common = {
    scale: plan.scale,
    offset: isShifted ? half : straight,
    absolute: range === 'abs',
    alpha: alphaOf(job),
  }
  const depthGain = Math.fround(outFull / full)
  if (range === 'offset' && !isShifted) return { ...common, affine: { low: -half, gain: depthGain } }
  if (range === 'minmax' && job.extremes !== undefined) {
    const { min, max } = job.extremes
    return {
      ...common,
      affine: { low: min, gain: max > min ? Math.fround(outFull / Math.fround(max - min)) : 1 },
    }
  }
  return outFull === full ? common : { ...common, affine: { low: 0, gain: depthGain } }
}

/** The level of white in the output. */
const outFullOf = ({ sink, source }: StencilJob): number =>
  'depth' in sink ? (sink.depth === 8 ? 255 : 65535) : source.full

const alphaOf = (job: StencilJob): 0 | 2 | 4 =>
  job.tone.alpha !== 'plain' && hasAlpha(job.tileChannels) ? (job.tileChannels as 2 | 4) : 0

/**
 * Prepares the finish step of a job: scale, offset, alpha, range, light, rounding. Clip counts go to the scratch
 * memory.
 */
export function prepareFinish(
  job: StencilJob,
  wasm: WasmExports,
  input: SourceRows,
  scratch: Address,
): Finish {
  const { plan, sink, tone, layout } = job
  const { full } = job.source
  const channels = job.tileChannels
  const n = plan.outWidth * channels
  const params = plus(scratch, layout.finish)
  const before = plus(params, finishBytes)
  const counts = plus(scratch, layout.counts)
  const isPremultiplied = tone.alpha === 'premultiply'
  const asked = finishParamsOf(job)
  // unpremultiply has already applied scale and offset.
  const rest = isPremultiplied ? { ...asked, scale: 1, offset: 0 } : asked
  const floats = new Float32Array(wasm.memory.buffer)
  const alpha = alphaWriter(job, wasm.memory, input)
  const outFull = outFullOf(job)
  const colours = alphaOf(job) === 0 ? channels : channels - 1
  const encode = tone.encode ? encodersOf(tone.light ?? srgb, colours, full, outFull) : undefined
  const toOut = outFull === full ? {} : { affine: { low: 0, gain: Math.fround(outFull / full) } }

  if (encode === undefined) writeFinishParams(wasm.memory, params, rest)
  else {
    // Linear light is encoded in levels of the source, after scale, offset and range.
    const affine = rest.affine && {
      affine: { ...rest.affine, gain: Math.fround((rest.affine.gain * full) / outFull) },
    }
    writeFinishParams(wasm.memory, before, { ...rest, ...affine })
    writeFinishParams(wasm.memory, params, { scale: 1, offset: 0, ...toOut, alpha: alphaOf(job) })
  }

  const quantise = 'depth' in sink ? (sink.depth === 8 ? wasm.quantiseF32U8 : wasm.quantiseF32U16) : undefined

  function encodeRow(row: Address): void {
    wasm.finishF32(row, row, n, before)
    for (let i = row / 4, end = i + n; i < end; i += channels) {
      for (let c = 0; c < colours; c++) floats[i + c] = encode![c]!(floats[i + c]!)
    }
  }

  return (fullRow, y, out) => {
    const row = pick(job, wasm, scratch, fullRow)
    if (isPremultiplied) {
      wasm.unpremultiply(row, row, plan.outWidth, channels, plan.scale, asked.offset, job.gain, full)
    }
    alpha.keep(row)
    if (sink.kind === 'extremes') {
      wasm.finishF32(row, row, n, encode === undefined ? params : before)
      scan(job, wasm, floats, row, plus(counts, 8))
      return
    }
    if (encode !== undefined && quantise !== undefined) encodeRow(row)
    if (quantise === undefined) {
      wasm.finishF32(row, row, n, encode === undefined ? params : before)
      wasm.copyBytes(out, row, n * 4)
    } else quantise(out, row, n, params, counts)
    alpha.write(out, y)
  }
}

/** Returns an encoder for each colour of a pixel. Equal curves share one. */
function encodersOf(light: Light, colours: number, full: number, outFull: number): LightEncoder[] {
  const made = new Map<Curve, LightEncoder>()
  return Array.from({ length: colours }, (_, c) => {
    const curve = curveOf(light, c, colours)
    const encoder = made.get(curve) ?? lightEncoder(curve, full, outFull)
    made.set(curve, encoder)
    return encoder
  })
}

/** Picks the pixels that a stride in x keeps. */
function pick(job: StencilJob, wasm: WasmExports, scratch: Address, row: Address): Address {
  const stride = job.plan.stride[1]
  if (stride === 1) return row
  const to = plus(scratch, job.layout.picked)
  wasm.splitPhases(to, job.layout.branchPitch, row, job.fullWidth, stride, job.tileChannels * 4)
  return to
}

/** Widens the extremes to include the finite samples of a row, except alpha. */
function scan(job: StencilJob, wasm: WasmExports, floats: Float32Array, row: Address, at: Address): void {
  const channels = job.tileChannels
  const n = job.plan.outWidth * channels
  if (alphaOf(job) === 0) {
    wasm.scanRange(row, n, at)
    return
  }
  for (let i = row / 4, end = i + n; i < end; i += channels) {
    for (let c = 0; c < channels - 1; c++) {
      const v = floats[i + c]!
      if (!Number.isFinite(v)) continue
      if (v < floats[at / 4]!) floats[at / 4] = v
      if (v > floats[at / 4 + 1]!) floats[at / 4 + 1] = v
    }
  }
}

type AlphaWriter = {
  /** Remembers the alpha of a float row, before the range is applied to the colours. */
  keep(row: Address): void
  /** Overwrites the alpha samples of output row `y`. */
  write(out: Address, y: number): void
}

/**
 * Alpha that is not filtered as a channel is copied from the input; filtered alpha is kept apart from the range of the
 * colours.
 */
function alphaWriter(job: StencilJob, memory: WebAssembly.Memory, input: SourceRows): AlphaWriter {
  const idle: AlphaWriter = { keep: () => undefined, write: () => undefined }
  const { plan, sink, tone, source } = job
  const { full } = source
  const channels = job.tileChannels
  if (alphaOf(job) === 0 || sink.kind === 'extremes') return idle
  const isWhole = 'depth' in sink
  const outFull = outFullOf(job)
  const outBytes = isWhole ? sink.depth / 8 : 4
  const target = viewOf(memory, outBytes)
  const convert = (a: number) => (isWhole ? roundHalfEven(Math.fround(a * Math.fround(outFull / full))) : a)

  const put = (out: Address, at: (x: number) => number) => {
    for (let x = 0, i = out / outBytes + channels - 1; x < plan.outWidth; x++, i += channels)
      target[i] = convert(at(x))
  }

  if (!keepsAlpha(tone)) {
    const isStraight = tone.alpha === 'premultiply'
    const isPlainRange = job.range === 'clamp' || job.range === 'abs' || (job.range === 'raw' && !isWhole)
    if (isStraight && isPlainRange) return idle
    // scale and offset are already applied to a straightened row
    const scale = isStraight ? 1 : plan.scale
    const offset = isStraight ? 0 : Math.fround((plan.offset * full) / 255)
    const kept = new Float32Array(plan.outWidth)
    const floats = new Float32Array(memory.buffer)
    return {
      keep(row) {
        for (let x = 0, i = row / 4 + channels - 1; x < plan.outWidth; x++, i += channels)
          kept[x] = Math.min(full, Math.max(0, Math.fround(floats[i]! / scale) + offset))
      },
      write: (out) => put(out, (x) => kept[x]!),
    }
  }
  const inBytes = source.depth / 8
  const samples = viewOf(memory, inBytes)
  const place = borders[plan.border].source
  const columns = Int32Array.from({ length: plan.outWidth }, (_, x) =>
    place(plan.origin[1] + x * plan.stride[1], plan.width),
  )
  return {
    ...idle,
    write(out, y) {
      const row = input.under(y)
      const first = row / inBytes + source.channels - 1
      // Outside the picture, the fill of the border `constant` is opaque.
      put(out, (x) => (row < 0 || columns[x]! < 0 ? full : samples[first + columns[x]! * source.channels]!))
    },
  }
}
