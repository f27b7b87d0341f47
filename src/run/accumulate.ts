import { type Address, plus } from '../graph/address.ts'
import type { WasmExports } from './engine.ts'
import { type FftRows, prepareFft } from './fft-strip.ts'
import type { PlacedStencil, StencilJob, TapTable } from './picture-job.ts'
import type { Place } from './place.ts'

/** The sums of one stencil, in rows: their type and where they are. */
export type Sums = {
  readonly kind: 'f32' | 'i32' | 'i16'
  readonly address: Address
  readonly pitch: number
}

/** Computes the sums of `rows` output rows from output row `y`. The tile begins at the full row `tileFirst`. */
export type Accumulate = (y: number, rows: number, tileFirst: number) => Sums

/**
 * The accumulate step of one stencil over the gathered tile. Call `begin` after each new strip has been gathered, with
 * the
 * range of full rows (rows before the stride drops some) to compute and the full row at which the tile begins.
 */
export type Accumulator = {
  begin(first: number, end: number, tileFirst: number): void
  readonly sums: Accumulate
}

/**
 * Chooses the loops for a stencil. `index` is its position in the job; each stencil has its own rows in the scratch
 * memory.
 */
export function prepareAccumulator(
  job: StencilJob,
  index: number,
  wasm: WasmExports,
  scratch: Address,
): Accumulator {
  const placed = job.stencils[index]!
  const at = {
    tile: plus(scratch, job.layout.tile),
    branch: plus(scratch, job.layout.branches[index]!),
    pitch: job.layout.branchPitch,
    between: plus(scratch, job.layout.between),
    betweenPitch: job.layout.betweenPitch,
    fft: plus(scratch, job.layout.fft),
    n: job.fullWidth * job.tileChannels,
    step: job.plan.stride[0],
  }
  const idle = () => undefined
  switch (placed.form) {
    case 'tile':
      return { begin: idle, sums: tile(job, placed, at) }
    case 'taps':
      return { begin: idle, sums: taps(job, placed, wasm, at) }
    case 'integer-passes':
      return { begin: idle, sums: integerPasses(job, placed, wasm, at) }
    case 'passes':
      return { begin: idle, sums: passes(job, placed, wasm, at) }
    case 'box':
      return box(job, placed, wasm, at)
    case 'fft-plane':
    case 'fft-lines':
      return fft(prepareFft(job, placed, wasm, at), at)
  }
}

type Form<F extends PlacedStencil['form']> = Extract<PlacedStencil, { form: F }>

/** The tile address of the first tap of output row `y`. */
const firstTap = (
  job: StencilJob,
  placed: PlacedStencil,
  place: Place,
  y: number,
  tileFirst: number,
): Address => plus(place.tile, (y * place.step - tileFirst + placed.firstRow) * job.tilePitch + placed.base)

/** The samples of the tile themselves. */
function tile(job: StencilJob, placed: PlacedStencil, at: Place): Accumulate {
  const pitch = job.tilePitch
  return (y, _, tileFirst) => ({ kind: 'f32', address: firstTap(job, placed, at, y, tileFirst), pitch })
}

function taps(job: StencilJob, placed: Form<'taps'>, wasm: WasmExports, at: Place): Accumulate {
  const { stencil, offsets, weights, count } = placed
  const kind = stencil.algorithm !== 'integer' ? 'f32' : stencil.sums
  const loop = { f32: wasm.tapsF32, i16: wasm.tapsU8I16, i32: wasm.tapsU8I32 }[kind]
  return (y, rows, tileFirst) => {
    const src = firstTap(job, placed, at, y, tileFirst)
    loop(at.branch, at.pitch, src, at.step * job.tilePitch, at.n, rows, offsets, weights, count)
    return { kind, address: at.branch, pitch: at.pitch }
  }
}

/** Columns come first: no sum is computed twice, and the second pass reads rows that were just written. */
function integerPasses(
  job: StencilJob,
  placed: Form<'integer-passes'>,
  wasm: WasmExports,
  at: Place,
): Accumulate {
  const { row, col, between, sums } = placed
  const wide = at.n + (placed.stencil.kW - 1) * placed.stencil.dilation[1] * job.tileChannels
  const down = between === 'i16' ? wasm.tapsU8I16 : wasm.tapsU8I32
  const across = between === 'i32' ? wasm.tapsI32I32 : sums === 'i16' ? wasm.tapsI16I16 : wasm.tapsI16I32
  const call = (
    loop: typeof down,
    dst: Address,
    dstPitch: number,
    src: Address,
    step: number,
    n: number,
    rows: number,
    t: TapTable,
  ) => loop(dst, dstPitch, src, step, n, rows, t.offsets, t.weights, t.count)
  return (y, rows, tileFirst) => {
    const src = firstTap(job, placed, at, y, tileFirst)
    call(down, at.between, at.betweenPitch, src, at.step * job.tilePitch, wide, rows, col)
    call(across, at.branch, at.pitch, at.between, at.betweenPitch, at.n, rows, row)
    return { kind: sums, address: at.branch, pitch: at.pitch }
  }
}

function passes(job: StencilJob, placed: Form<'passes'>, wasm: WasmExports, at: Place): Accumulate {
  const { kH, kW, dilation } = placed.stencil
  const wide = at.n + (kW - 1) * dilation[1] * job.tileChannels
  // The loop takes consecutive source rows. If they are not consecutive, it runs row by row.
  const single = dilation[0] !== 1 || at.step !== 1
  const srcPitch = dilation[0] * job.tilePitch
  return (y, rows, tileFirst) => {
    const src = firstTap(job, placed, at, y, tileFirst)
    if (single) {
      for (let r = 0; r < rows; r++) {
        const to = plus(at.between, r * at.betweenPitch)
        wasm.columnF32(
          to,
          at.betweenPitch,
          plus(src, r * at.step * job.tilePitch),
          srcPitch,
          wide,
          1,
          placed.col,
          kH,
        )
      }
    } else wasm.columnF32(at.between, at.betweenPitch, src, srcPitch, wide, rows, placed.col, kH)
    const across = 4 * job.tileChannels * dilation[1]
    wasm.rowF32(at.branch, at.pitch, at.between, at.betweenPitch, at.n, rows, placed.row, kW, across)
    return { kind: 'f32', address: at.branch, pitch: at.pitch }
  }
}

function box(job: StencilJob, placed: Form<'box'>, wasm: WasmExports, at: Place): Accumulator {
  const { kH, kW } = placed.stencil
  const n = at.n + (kW - 1) * job.tileChannels
  const [add, slide] = job.sampleBytes === 1 ? [wasm.addU8, wasm.slideU8] : [wasm.addU16, wasm.slideU16]
  const sums = at.between
  // The full row whose window the column sums hold.
  let held: number | undefined
  const tileRow = (full: number, tileFirst: number) =>
    plus(at.tile, (full - tileFirst + placed.firstRow) * job.tilePitch + placed.base)

  function moveTo(full: number, tileFirst: number): void {
    if (held === undefined) {
      wasm.fillRow(sums, n, 0)
      for (let t = 0; t < kH; t++) add(sums, tileRow(full + t, tileFirst), n)
    } else for (let f = held; f < full; f++) slide(sums, tileRow(f + kH, tileFirst), tileRow(f, tileFirst), n)
    held = full
  }

  return {
    begin() {
      held = undefined
    },
    sums(y, rows, tileFirst) {
      for (let r = 0; r < rows; r++) {
        moveTo((y + r) * at.step, tileFirst)
        wasm.boxRow(plus(at.branch, r * at.pitch), sums, job.fullWidth, job.tileChannels, kW)
      }
      return { kind: 'i32', address: at.branch, pitch: at.pitch }
    },
  }
}

/** The FFT computes all rows of the strip in `begin`, so `sums` only returns their place. */
function fft(compute: FftRows, at: Place): Accumulator {
  let first = 0
  return {
    begin(from, end, tileFirst) {
      first = from
      compute(from, end, tileFirst)
    },
    sums: (y) => ({
      kind: 'f32',
      address: plus(at.branch, (y * at.step - first) * at.pitch),
      pitch: at.pitch * at.step,
    }),
  }
}
