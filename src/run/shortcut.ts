import { prepareAccumulator } from './accumulate.ts'
import { type WasmExports, writeHow } from './engine.ts'
import { howOf } from './finish.ts'
import type { RowsOf } from './picture.ts'
import type { PictureJob } from './picture-job.ts'

/**
 * Loops that go from 8-bit samples to 8-bit samples without float rows between, for the filters that most runs ask for;
 * all equal the general path bit for bit. Nothing when the job is none of these.
 */
export function prepareShortcut(
  job: PictureJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): RowsOf | undefined {
  const { plan, sink, tone, layout } = job
  const toSamples = sink.kind === 'png' || sink.kind === 'samples'
  if (
    !toSamples ||
    sink.depth !== 8 ||
    plan.samples !== 'u8' ||
    plan.stride[1] !== 1 ||
    tone.alpha === 'premultiply'
  )
    return undefined
  const how = scratch + layout.how
  const counts = scratch + layout.counts
  const n = plan.outWidth * job.tileChannels
  const asked = howOf(job)
  const alpha = prepareAlphaCopy(job, wasm)
  if (tone.alpha === 'copy' && alpha === undefined) return undefined
  const finishRows = (y: number, count: number, to: number) => {
    for (let r = 0; r < count && alpha !== undefined; r++) alpha(to + r * layout.outPitch, y + r)
  }

  const [first, second] = job.stencils
  if (first === undefined) return undefined

  if (plan.combine.kind === 'only') {
    const { stencil } = first
    if (
      stencil.algorithm === 'box' ||
      (stencil.algorithm !== 'integer' && stencil.algorithm !== 'integer-separable')
    )
      return undefined
    // One division: by the kernel's scale, or by the recipe's.
    if (stencil.scale !== 1 && plan.scale !== 1) return undefined
    const settings = { ...asked, scale: stencil.scale === 1 ? plan.scale : stencil.scale }
    writeHow(memory, how, settings)
    const isPlain = settings.scale === 1 && settings.affine === undefined && Number.isInteger(settings.offset)
    if (
      isPlain &&
      first.form === 'taps' &&
      stencil.algorithm === 'integer' &&
      stencil.sums === 'i16' &&
      absSum(stencil.weights) * 255 + Math.abs(settings.offset) <= 32767
    ) {
      return (y, count, tileFirst, to) => {
        const src =
          scratch +
          layout.tile +
          (y * plan.stride[0] - tileFirst + first.firstRow) * job.tilePitch +
          first.base
        const rowStep = plan.stride[0] * job.tilePitch
        wasm.tapsU8U8(
          to,
          layout.outPitch,
          src,
          rowStep,
          n,
          count,
          first.offsets,
          first.weights,
          first.count,
          how,
          counts,
        )
        finishRows(y, count, to)
      }
    }
    const { sums } = prepareAccumulator(job, 0, wasm, scratch)
    return (y, count, tileFirst, to) => {
      const s = sums(y, count, tileFirst)
      const quantise = s.kind === 'i16' ? wasm.quantiseI16U8 : wasm.quantiseI32U8
      for (let r = 0; r < count; r++)
        quantise(to + r * layout.outPitch, s.address + r * s.pitch, n, how, counts)
      finishRows(y, count, to)
    }
  }

  if (plan.combine.kind === 'magnitude' && second !== undefined) {
    const both = [first, second].map((s) => s.stencil)
    if (!both.every((s) => s.algorithm === 'integer' && s.sums === 'i16' && s.scale === 1)) return undefined
    const reach = Math.max(
      ...both.map((s) => ('weights' in s ? absSum(s.weights) * 255 : Number.POSITIVE_INFINITY)),
    )
    writeHow(memory, how, { ...asked, small: reach <= 4096 })
    const [a, b] = [prepareAccumulator(job, 0, wasm, scratch), prepareAccumulator(job, 1, wasm, scratch)]
    return (y, count, tileFirst, to) => {
      const [gx, gy] = [a.sums(y, count, tileFirst), b.sums(y, count, tileFirst)]
      for (let r = 0; r < count; r++) {
        wasm.magnitudeI16U8(
          to + r * layout.outPitch,
          gx.address + r * gx.pitch,
          gy.address + r * gy.pitch,
          n,
          how,
          counts,
        )
      }
      finishRows(y, count, to)
    }
  }
  return undefined
}

/** Copies the alpha of a row where output and input pixels lie one on the other; else the general path does it. */
function prepareAlphaCopy(
  job: PictureJob,
  wasm: WasmExports,
): ((out: number, y: number) => void) | undefined {
  const { plan, source, tone } = job
  const aligned =
    plan.origin[0] === 0 &&
    plan.origin[1] === 0 &&
    plan.outWidth === plan.width &&
    plan.outHeight === plan.height
  if (tone.alpha !== 'copy' || !aligned || plan.stride[0] !== 1) return undefined
  const row = source.width * source.channels
  return (out, y) => wasm.copyAlpha(out, source.address + y * row, plan.outWidth, source.channels, 1)
}

const absSum = (a: Float32Array): number => a.reduce((s, v) => s + Math.abs(v), 0)
