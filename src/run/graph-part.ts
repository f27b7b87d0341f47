import { layers } from '../conv/layers.ts'
import type { Rows } from '../conv/rows.ts'
import { type Buffer, type Listed, planStrip } from '../graph/schedule.ts'
import { type Span, slotOf } from '../graph/spans.ts'
import { hasAlpha } from '../tensor/picture.ts'
import { prepareBankRows } from './bank-rows.ts'
import type { WasmExports } from './engine.ts'
import type { GraphJob, PlacedWork } from './graph-job.ts'
import type { PartResult } from './jobs.ts'
import { prepareLikeness } from './likeness.ts'
import { preparePicture } from './picture.ts'

/** Computes strips of a graph: the rows of each step that the strip needs, step by step, then the sink. */
export function prepareGraph(
  job: GraphJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): (part: number) => PartResult {
  const { steps, layout, source, stripRows } = job
  const [channels, height, width] = steps.at(-1)!.shape
  const compute = steps.map((step) => prepareStep(step, steps, wasm, memory, scratch + layout.work))
  const load = prepareSource(job, wasm, scratch + layout.pixels)
  const store = prepareSink(job, wasm, memory, scratch)
  const inPlace = inPlaceOf(job)

  return (part) => {
    const rows: Span = [part * stripRows, Math.min((part + 1) * stripRows, height)]
    const buffers: Buffer[] = []
    for (const [i, buffer] of planStrip(steps, rows, inPlace).buffers.entries()) {
      const { shape, inputs } = steps[i]!
      if (inPlace(i) && source.kind === 'planes') {
        const pitch = shape[2] * 4
        buffers.push({ rows: [[0, shape[1]]], address: source.address, plane: shape[1] * pitch, pitch })
        continue
      }
      const to = { ...buffer, address: scratch + buffer.address }
      buffers.push(to)
      if (inputs.length === 0) load(part, to)
      else {
        const from = inputs.map((input) => buffers[input]!)
        for (const span of to.rows) compute[i]!(to, from, span)
      }
    }
    return store(part, buffers.at(-1)!, rows)
  }

  function prepareSink(
    { sink }: GraphJob,
    wasm: WasmExports,
    memory: WebAssembly.Memory,
    scratch: number,
  ): (part: number, from: Buffer, rows: Span) => PartResult {
    if (sink.kind === 'planes') {
      return (_, from, [first, end]) => {
        for (let c = 0; c < channels; c++) {
          for (let y = first; y < end; y++) {
            const to = sink.target + (c * height + y) * width * 4
            wasm.copyBytes(to, from.address + c * from.plane + slotOf(from.rows, y) * from.pitch, width * 4)
          }
        }
        return {}
      }
    }
    const pixels = scratch + layout.pixels
    const placed = { ...sink.job.source, address: pixels, staged: { slots: 1, slotBytes: 0 } }
    const finish = preparePicture({ ...sink.job, source: placed }, wasm, memory, scratch + layout.sink)
    return (part, from, [first, end]) => {
      for (let y = first; y < end; y++) {
        const to = pixels + (y - first) * width * channels * 4
        wasm.joinPlanes(to, from.address + slotOf(from.rows, y) * from.pitch, from.plane, width, channels)
      }
      return finish(part)
    }
  }
}

/** Which steps are read where they lie. */
export const inPlaceOf =
  ({ source, steps }: Pick<GraphJob, 'source' | 'steps'>) =>
  (step: number): boolean =>
    source.kind === 'planes' && steps[step]!.inputs.length === 0

type Compute = (to: Buffer, from: readonly Buffer[], rows: Span) => void

function prepareStep(
  { work, inputs, shape }: Listed<PlacedWork>,
  steps: readonly Listed<PlacedWork>[],
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): Compute {
  switch (work.kind) {
    case 'source':
      return () => undefined
    case 'bank': {
      const rows = prepareBankRows(work.bank, wasm, memory, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'likeness': {
      const rows = prepareLikeness(shape, work.options, wasm, memory, scratch)
      return (to, [from], span) => rows(to, from!, span)
    }
    case 'layer': {
      const data = new Float32Array(memory.buffer)
      const shapes = inputs.map((input) => steps[input]!.shape)
      const { run } = layers[work.name] as { run: (typeof layers)['affine']['run'] }
      return (to, from, span) =>
        run(
          work.settings as never,
          rowsIn(data, to),
          from.map((one) => rowsIn(data, one)),
          span,
          shapes,
          shape,
        )
    }
  }
}

const rowsIn = (data: Float32Array, { rows, address, plane, pitch }: Buffer): Rows => ({
  data,
  at: (c, y) => (address + c * plane + slotOf(rows, y) * pitch) / 4,
})

/** Brings in the rows of the first step: from interleaved samples to planes. `pixels` has room for three float rows. */
function prepareSource(
  { source, steps }: GraphJob,
  wasm: WasmExports,
  pixels: number,
): (part: number, to: Buffer) => void {
  if (source.kind === 'planes') return () => undefined
  const { picture, gray, table } = source
  const { width, channels, depth, staged } = picture
  const rowBytes = width * channels * (depth / 8)
  const samples = width * channels
  const floatRow = Math.ceil((samples * 4 + 64) / 64) * 64
  const [made] = steps[0]!.shape
  const stored = pixels + floatRow
  const convert = (to: number, from: number) => {
    if (depth === 8) wasm.convertU8(to, from, samples)
    else if (depth === 16) wasm.convertU16(to, from, samples)
    else wasm.copyBytes(to, from, samples * 4)
  }
  return (part, to) => {
    let slot = 0
    for (const [first, end] of to.rows) {
      for (let y = first; y < end; y++, slot++) {
        const from =
          staged === undefined
            ? picture.address + y * rowBytes
            : picture.address + (part % staged.slots) * staged.slotBytes + slot * rowBytes
        if (table === 0) convert(pixels, from)
        else {
          if (depth === 8) wasm.lookupU8(pixels, from, samples, table)
          else wasm.lookupU16(pixels, from, samples, table)
          if (hasAlpha(channels)) {
            // Alpha is no light.
            convert(stored, from)
            wasm.copyAlpha(pixels, stored, width, channels, 4)
          }
        }
        if (gray) wasm.mixGray(stored, pixels, width, channels)
        wasm.splitPlanes(to.address + slot * to.pitch, to.plane, gray ? stored : pixels, width, made)
      }
    }
  }
}

/** Room for the rows that a source and a sink work on. */
export function pixelBytes({
  source,
  sink,
  steps,
  stripRows,
}: Omit<GraphJob, 'layout' | 'scratchBytes'>): number {
  const input = source.kind === 'picture' ? 3 * (source.picture.width * source.picture.channels * 4 + 128) : 0
  const [channels, , width] = steps.at(-1)!.shape
  return Math.max(input, sink.kind === 'picture' ? stripRows * width * channels * 4 : 0) + 128
}
