import { type LikenessOptions, likenessTaps } from '../conv/likeness.ts'
import type { Arena } from './arena.ts'
import { put } from './bank.ts'
import type { WasmExports } from './engine.ts'
import type { PartResult } from './jobs.ts'

/** An involution by likeness over planes in the shared memory: each part some rows. */
export type LikenessJob = {
  readonly kind: 'likeness'
  readonly scratchBytes: number
  readonly parts: number
  readonly shape: readonly [channels: number, height: number, width: number]
  readonly patch: number
  readonly perSquare: number
  /** float32 [C][H] rows of `pitch` bytes: the address of the first sample. Columns beside the picture are there. */
  readonly source: number
  readonly pitch: number
  /** [C][H][W] float32. */
  readonly target: number
  /** The taps of each row of the neighbourhood; offsets (i32) and nearness (f32) of all of them lie at two addresses. */
  readonly rows: readonly { readonly dy: number; readonly taps: readonly Neighbour[] }[]
  readonly offsets: number
  readonly near: number
}

type Neighbour = { readonly dx: number; readonly near: number }

/** Rows of a part: enough that what a part makes ready for itself is little beside them. */
const rowsPerPart = 16
/** Bytes behind a row that loops may read and write. */
const slack = 64

const pitchOf = (samples: number): number => Math.ceil((samples * 4 + slack) / 16) * 16

/** Lays out a job: x [C,H,W] goes into the shared memory, with columns beside it for the neighbours that lie outside. */
export function placeLikeness(
  arena: Arena,
  shape: readonly [channels: number, height: number, width: number],
  x: Float32Array,
  options: LikenessOptions,
  target: number,
): LikenessJob {
  const [channels, height, width] = shape
  const { taps, perSquare } = likenessTaps(shape, options)
  const reach = taps.reduce((most, { dx }) => Math.max(most, dx), 0)
  const pitch = pitchOf(width + 2 * reach)
  const address = arena.alloc(channels * height * pitch)
  const memory = new Float32Array(arena.memory.buffer)
  for (let row = 0; row < channels * height; row++) {
    const samples = x.subarray(row * width, (row + 1) * width)
    const at = (address + row * pitch) / 4
    // no number is alike to NaN; patches are compared beyond the edge, where its samples are repeated
    const [left, right] = options.patch === 1 ? [Number.NaN, Number.NaN] : [samples[0]!, samples[width - 1]!]
    memory.fill(left, at, at + reach)
    memory.set(samples, at + reach)
    memory.fill(right, at + reach + width, at + pitch / 4)
  }
  const rows = [...new Set(taps.map(({ dy }) => dy))].map((dy) => ({
    dy,
    taps: taps.filter((tap) => tap.dy === dy),
  }))
  return {
    kind: 'likeness',
    scratchBytes: (channels + 4) * pitchOf(width + options.patch),
    parts: Math.ceil(height / rowsPerPart),
    shape,
    patch: options.patch,
    perSquare,
    source: address + reach * 4,
    pitch,
    target,
    rows,
    offsets: put(
      arena,
      Int32Array.from(taps, ({ dy, dx }) => dy * pitch + dx * 4),
    ),
    near: put(
      arena,
      Float32Array.from(taps, ({ near }) => near),
    ),
  }
}

/** Computes parts of a job. */
export function prepareLikeness(
  job: LikenessJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): (part: number) => PartResult {
  const { shape, patch, target } = job
  const [channels, height, width] = shape
  const pitch = pitchOf(width + patch)
  const made = scratch + 4 * pitch
  const rowOf =
    patch === 1 && (channels === 1 || channels === 3) ? pixelRow : patchRow(job, wasm, memory, scratch)

  function pixelRow(y: number): void {
    const inside = job.rows.filter(({ dy }) => y + dy >= 0 && y + dy < height)
    const skipped = job.rows.indexOf(inside[0]!) * job.rows[0]!.taps.length * 4
    const count = inside.length * job.rows[0]!.taps.length
    const plane = height * job.pitch
    const [src, near] = [job.source + y * job.pitch, job.near + skipped]
    wasm.involveRow(
      made,
      pitch,
      src,
      plane,
      width,
      channels,
      job.offsets + skipped,
      near,
      count,
      job.perSquare,
    )
  }

  return (part) => {
    for (let y = part * rowsPerPart; y < Math.min((part + 1) * rowsPerPart, height); y++) {
      rowOf(y)
      for (let c = 0; c < channels; c++) {
        wasm.copyBytes(target + (c * height + y) * width * 4, made + c * pitch, width * 4)
      }
    }
    return {}
  }
}

/** A row whose pixels are compared by patches, or that has any number of channels: tap by tap, through rows of weights. */
function patchRow(
  { shape, patch, rows, source, pitch: sourcePitch, perSquare }: LikenessJob,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): (y: number) => void {
  const [channels, height, width] = shape
  const pitch = pitchOf(width + patch)
  const pad = (patch - 1) / 2
  const [edged, summed, weights, totals] = [0, 1, 2, 3].map((i) => scratch + i * pitch) as [
    number,
    number,
    number,
    number,
  ]
  const made = scratch + 4 * pitch
  const numbers = new Float32Array(memory.buffer)
  const inside = (y: number) => Math.max(0, Math.min(y, height - 1))
  const rowAt = (c: number, y: number) => source + (c * height + inside(y)) * sourcePitch

  function addTap(y: number, dy: number, { dx, near }: Neighbour): void {
    const squares = edged + pad * 4
    wasm.fillRow(squares, width, 0)
    for (let q = -pad; q <= pad; q++) {
      for (let c = 0; c < channels; c++)
        wasm.addSquares(squares, rowAt(c, y + q), rowAt(c, y + q + dy) + dx * 4, width)
    }
    const at = squares / 4
    numbers.fill(numbers[at]!, at - pad, at)
    numbers.fill(numbers[at + width - 1]!, at + width, at + width + pad)
    wasm.sumAcross(summed, edged, width, patch)
    // where the neighbour lies outside, it is like nothing
    const from = summed / 4
    numbers.fill(Number.NaN, from, from + Math.max(0, -dx))
    numbers.fill(Number.NaN, from + Math.min(width, width - dx), from + width)
    wasm.weighRow(weights, totals, summed, width, perSquare, near)
    for (let c = 0; c < channels; c++)
      wasm.addWeighted(made + c * pitch, weights, rowAt(c, y + dy) + dx * 4, width)
  }

  return (y) => {
    wasm.fillRow(totals, width, 0)
    for (let c = 0; c < channels; c++) wasm.fillRow(made + c * pitch, width, 0)
    for (const { dy, taps } of rows) {
      if (y + dy < 0 || y + dy >= height) continue
      for (const tap of taps) addTap(y, dy, tap)
    }
    for (let c = 0; c < channels; c++) wasm.divideRow(made + c * pitch, totals, width)
  }
}
