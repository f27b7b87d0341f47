import { type Address, plus } from '../graph/address.ts'
import type { Tone } from '../graph/tone.ts'
import { borders } from '../tensor/border.ts'
import { hasAlpha } from '../tensor/picture.ts'
import { viewOf, type WasmExports } from './engine.ts'
import type { PictureShape, ScratchLayout, StencilJob } from './picture-job.ts'
import type { SourceRows } from './source-rows.ts'

/**
 * Makes the tile of a strip: the rows of input that `count` rows from `first` need (rows before the stride drops some),
 * with the halo around them, in the form that the loops read.
 */
export type Gather = (first: number, count: number) => void

/**
 * Gathers rows of the decoded picture into `tile`. The samples are copied unchanged or converted to float32: to stored
 * levels or linear light, to gray if requested, premultiplied by alpha if requested. `row` has room for one float row.
 */
export function prepareGather(
  job: StencilJob,
  wasm: WasmExports,
  input: SourceRows,
  tile: Address,
  row: Address,
): Gather {
  const { plan, source, tone, columns } = job
  const { width, height } = plan
  const place = borders[plan.border].source
  const pixel = job.tileChannels * job.sampleBytes
  const direct = columns.last - columns.first === width

  const toFloats = prepareFloats(job, wasm, row)

  /**
   * Returns the address of one whole row of the picture in the form of the tile. Interior and halo are taken from it.
   */
  function prepareRow(from: Address, inside: Address): Address {
    if (plan.samples !== 'f32') return from
    const to = direct ? inside : row
    toFloats(to, from)
    if (tone.alpha === 'premultiply') wasm.premultiply(to, to, width, job.tileChannels)
    else if (tone.alpha === 'own') wasm.weigh(to, to, width, job.tileChannels, source.full)
    return to
  }

  return (first, count) => {
    const rows = count + plan.halo.top + plan.halo.bottom
    for (let i = 0, to = tile; i < rows; i++, to = plus(to, job.tilePitch)) {
      const iy = place(plan.origin[0] - plan.halo.top + first + i, height)
      if (iy < 0) {
        wasm.fillHalo(to, to, job.outside, job.tileWidth, pixel, job.fill)
        continue
      }
      const inside = plus(to, columns.first * pixel)
      const from = prepareRow(input.address(iy), inside)
      // a tile outside the picture has none of its columns, and the address of one may be outside the memory
      if (from !== inside && columns.first < columns.last) {
        const skipped = columns.source * pixel
        wasm.copyBytes(inside, plus(from, skipped), (columns.last - columns.first) * pixel)
      }
      wasm.fillHalo(to, from, columns.table, columns.first, pixel, job.fill)
      const right = plus(to, columns.last * pixel)
      wasm.fillHalo(
        right,
        from,
        plus(columns.table, columns.last * 4),
        job.tileWidth - columns.last,
        pixel,
        job.fill,
      )
    }
  }
}

/** The fields of a job that determine how stored rows become floats. */
export type FloatRows = {
  readonly source: Pick<PictureShape, 'channels' | 'depth' | 'full'>
  readonly tone: Pick<Tone, 'gray' | 'table' | 'light'>
  readonly layout: Pick<ScratchLayout, 'grayRow' | 'lightRow'>
  readonly plan: { readonly width: number }
}

/**
 * Converts a row of the decoded picture at `from` into floats at `to`: stored levels or linear light, gray if
 * requested. `row` has room for three float rows of the picture, and `to` may be the first of them.
 */
export function prepareFloats(
  { source, tone, layout, plan: { width } }: FloatRows,
  wasm: WasmExports,
  row: Address,
): (to: Address, from: Address) => void {
  const samples = width * source.channels
  const curves = tone.light?.curves.length ?? 1

  function convert(to: Address, from: Address): void {
    if (source.depth === 8) wasm.convertU8(to, from, samples)
    else if (source.depth === 16) wasm.convertU16(to, from, samples)
    else wasm.copyBytes(to, from, samples * 4)
  }

  function lookup(to: Address, from: Address): void {
    if (curves > 1) lookupEach(to, from)
    else if (source.depth === 8) wasm.lookupU8(to, from, samples, tone.table as Address)
    else wasm.lookupU16(to, from, samples, tone.table as Address)
    if (!hasAlpha(source.channels)) return
    // Alpha is not light.
    const stored = plus(row, layout.lightRow)
    convert(stored, from)
    wasm.copyAlpha(to, stored, width, source.channels, 4)
  }

  /** Looks up each colour in its own table. */
  function lookupEach(to: Address, from: Address): void {
    const floats = new Float32Array(wasm.memory.buffer)
    const stored = viewOf(wasm.memory, source.depth / 8)
    const [out, at, table] = [to / 4, from / (source.depth / 8), tone.table / 4]
    for (let i = 0, c = 0; i < samples; i++, c = c + 1 < source.channels ? c + 1 : 0) {
      floats[out + i] = floats[table + Math.min(c, curves - 1) * (source.full + 1) + stored[at + i]!]!
    }
  }

  return (to, from) => {
    const converted = tone.gray ? plus(row, layout.grayRow) : to
    if (tone.table !== 0) lookup(converted, from)
    else convert(converted, from)
    if (tone.gray) wasm.mixGray(to, converted, width, source.channels)
  }
}
