import { borders } from '../tensor/border.ts'
import { hasAlpha } from '../tensor/picture.ts'
import type { WasmExports } from './engine.ts'
import type { PictureJob } from './picture-job.ts'
import type { SourceRows } from './source-rows.ts'

/**
 * Makes the tile of a strip: the rows of input that `count` rows from `first` on need (rows before the stride drops
 * some), with the halo around them, in the form that the loops read.
 */
export type Gather = (first: number, count: number) => void

/**
 * Gathers rows of the decoded picture into `tile`. The samples are copied as they are, or become float32: stored levels or
 * linear light, gray where asked for, premultiplied by alpha where asked for. `row` has room for one float row.
 */
export function prepareGather(
  job: PictureJob,
  wasm: WasmExports,
  input: SourceRows,
  tile: number,
  row: number,
): Gather {
  const { plan, source, tone, columns } = job
  const { width, height } = plan
  const place = borders[plan.border].source
  const pixel = job.tileChannels * job.sampleBytes
  const direct = columns.last - columns.first === width
  const samples = width * source.channels

  /** One whole row of the picture in the form of the tile, from which interior and halo are taken. */
  function prepareRow(from: number, inside: number): number {
    if (plan.samples !== 'f32') return from
    const to = direct ? inside : row
    const converted = tone.gray ? row + job.layout.grayRow : to
    if (tone.table !== 0) lookup(converted, from)
    else convert(converted, from)
    if (tone.gray) wasm.mixGray(to, converted, width, source.channels)
    if (tone.alpha === 'premultiply') wasm.premultiply(to, to, width, job.tileChannels)
    return to
  }

  function convert(to: number, from: number): void {
    if (source.depth === 8) wasm.convertU8(to, from, samples)
    else if (source.depth === 16) wasm.convertU16(to, from, samples)
    else wasm.copyBytes(to, from, samples * 4)
  }

  function lookup(to: number, from: number): void {
    if (source.depth === 8) wasm.lookupU8(to, from, samples, tone.table)
    else wasm.lookupU16(to, from, samples, tone.table)
    if (!hasAlpha(source.channels)) return
    // Alpha is no light.
    const stored = row + job.layout.lightRow
    convert(stored, from)
    wasm.copyAlpha(to, stored, width, source.channels, 4)
  }

  return (first, count) => {
    const rows = count + plan.halo.top + plan.halo.bottom
    for (let i = 0, to = tile; i < rows; i++, to += job.tilePitch) {
      const iy = place(plan.origin[0] - plan.halo.top + first + i, height)
      if (iy < 0) {
        wasm.fillHalo(to, to, job.outside, job.tileWidth, pixel, job.fill)
        continue
      }
      const inside = to + columns.first * pixel
      const from = prepareRow(input.address(i, iy), inside)
      // a tile beside the picture has no column of it, and the place where one would be may lie outside the memory
      if (from !== inside && columns.first < columns.last) {
        const skipped = columns.source * pixel
        wasm.copyBytes(inside, from + skipped, (columns.last - columns.first) * pixel)
      }
      wasm.fillHalo(to, from, columns.table, columns.first, pixel, job.fill)
      const right = to + columns.last * pixel
      wasm.fillHalo(
        right,
        from,
        columns.table + columns.last * 4,
        job.tileWidth - columns.last,
        pixel,
        job.fill,
      )
    }
  }
}
