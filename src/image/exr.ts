import { viewOf } from '../files/read.ts'
import { inRows, inTurns, pause } from '../host/turns.ts'
import { halves } from '../kernel/formats/binary.ts'
import { srgbPrimaries } from './colour.ts'
import { type ExrBlock, type ExrChannel, exrCompressions, sampleBytes, unpackBlock } from './exr-unpack.ts'
import { refusal, wayOf } from './foreign.ts'
import { type Damage, damaged, endsEarly, type OwnPicture } from './own-picture.ts'
import { pixelAspect } from './png-head.ts'
import { textOf } from './reader.ts'

// OpenEXR pictures (OpenEXR file layout, openexr.com): a header of named values, a table of offsets, and blocks of rows
// or tiles.

const supported =
  'supported: R, G, B, Y and A of full size; no compression, RLE, ZIP, ZIPS, PIZ, PXR24, B44 and B44A'

/** Commands that convert other files: oiiotool does not decode chroma, ImageMagick does. */
const exrWays = {
  plain: 'oiiotool IN -d float -o OUT.tif',
  deep: 'oiiotool IN --flatten -d float -o OUT.tif',
  chroma: 'magick IN -depth 32 -define quantum:format=floating-point OUT.tif',
} as const

const compressions = Object.keys(exrCompressions) as (keyof typeof exrCompressions)[]

type Attribute = { readonly type: string; readonly at: number; readonly length: number }

/**
 * Reads an OpenEXR picture: linear light, where 1 is white. It uses the channels R, G, B and A, or Y and A, or those of
 * the first layer that has them.
 */
export function readExr(bytes: Uint8Array, name: string): OwnPicture {
  const view = viewOf(bytes)
  const broken = damaged(name, 'OpenEXR picture')
  const refuse = (kind: string, way: keyof typeof exrWays = 'plain') =>
    refusal(name, kind, wayOf(exrWays[way], name), `${name}: ${supported}`)
  let at = 8
  const word = (): string => {
    const end = bytes.indexOf(0, at)
    if (end < 0 || end - at > 255) throw broken(at, 'a name of the header has no end')
    const text = textOf(bytes, at, end)
    at = end + 1
    return text
  }
  const header = (): Map<string, Attribute> => {
    const found = new Map<string, Attribute>()
    for (let key = word(); key !== ''; key = word()) {
      const type = word()
      if (at + 4 > bytes.length) throw broken(at, 'the file ends inside the header')
      const length = view.getUint32(at, true)
      at += 4
      if (at + length > bytes.length || found.size > 4096)
        throw broken(at, `${JSON.stringify(key)} has ${length} bytes`)
      found.set(key, { type, at, length })
      at += length
    }
    return found
  }
  if (bytes.length < 9) throw broken(bytes.length, 'the file ends inside the header')
  const version = view.getUint32(4, true)
  if ((version & 0xff) !== 2) throw refuse(`an OpenEXR picture of version ${version & 0xff}`)
  const isMultiPart = (version & 0x1000) !== 0
  const parts = [header()]
  // an empty header ends the list
  while (isMultiPart && bytes[at] !== 0 && parts.length <= 4096) parts.push(header())
  const table = isMultiPart ? at + 1 : at
  const [part] = parts as [Map<string, Attribute>]
  const value = (key: string, length: number): number => {
    const found = part.get(key)
    if (found === undefined || found.length < length) throw broken(at, `the header has no ${key}`)
    return found.at
  }
  const kind = part.get('type')
  const isTiled =
    kind === undefined ? (version & 0x200) !== 0 : textOf(bytes, kind.at, kind.at + 5) === 'tiled'
  if ((version & 0x800) !== 0 || (kind !== undefined && textOf(bytes, kind.at, kind.at + 4) === 'deep'))
    throw refuse('an OpenEXR picture of several depths', 'deep')
  const compression = compressions[bytes[value('compression', 1)]!]
  if (compression === undefined || compression.startsWith('dwa'))
    throw refuse(`an OpenEXR picture compressed with ${compression?.toUpperCase() ?? 'an unknown method'}`)
  const window = (key: string) => [0, 4, 8, 12].map((i) => view.getInt32(value(key, 16) + i, true))
  const data = window('dataWindow')
  const [left, top, right, bottom] = data as [number, number, number, number]
  const [width, height] = [right - left + 1, bottom - top + 1]
  if (!(width > 0 && height > 0)) throw broken(value('dataWindow', 16), `the size is ${width}x${height}`)
  const stored = channelsOf(bytes, value('channels', 1), part.get('channels')!.length, broken)
  const chosen = chosenOf(stored)
  if (chosen === undefined)
    throw refuse(
      `an OpenEXR picture of the channels ${stored.map((one) => JSON.stringify(one.name)).join(', ')}`,
      stored.some((one) => one.name === 'RY') ? 'chroma' : 'plain',
    )
  if (stored.some(({ isEvery }) => !isEvery))
    throw refuse('an OpenEXR picture of subsampled channels', 'chroma')
  if (compression.startsWith('b44') && stored.some(({ isLogarithm }) => isLogarithm))
    throw refuse('an OpenEXR picture of logarithms')
  const other = stored.filter((_, i) => !chosen.includes(i)).map((one) => one.name)
  const shown = part.get('displayWindow')?.length === 16 ? window('displayWindow') : data
  const isPart = shown.some((n, i) => n !== data[i])
  const hasAlpha = chosen.length % 2 === 0
  const floats = (key: string, count: number): number[] => {
    const found = part.get(key)
    if (found?.length !== 4 * count) return []
    return Array.from({ length: count }, (_, i) => view.getFloat32(found.at + 4 * i, true))
  }
  const [density = 0] = floats('xDensity', 1)
  const [aspect = 1] = floats('pixelAspectRatio', 1)
  const across = Math.round(density / 0.0254)
  const hasOtherPrimaries = floats('chromaticities', 8).some((n, i) => Math.abs(n - srgbPrimaries[i]!) > 1e-3)
  return {
    ...{ width, height, channels: chosen.length as 1 | 2 | 3 | 4, depth: 32, full: 1, isLinear: true },
    ...(across >= 1 && across < 2 ** 32 && aspect === 1 && { resolution: [across, across] as const }),
    unread: [
      ...(other.length > 0 ? [`the channels ${other.map((one) => JSON.stringify(one)).join(', ')}`] : []),
      ...(parts.length > 1 ? [`${parts.length - 1} more ${parts.length === 2 ? 'part' : 'parts'}`] : []),
    ],
    asRead: [
      ...(isPart
        ? [
            `of ${name} the data window ${windowText(data)} was read, its display window is ${windowText(shown)}`,
          ]
        : []),
      ...(hasOtherPrimaries ? [`the primaries (chromaticities) of ${name} were not applied`] : []),
      ...(aspect === 1 ? [] : [`${pixelAspect} of ${name} is lost`]),
    ],
    async samples() {
      // no compression shrinks data to less than a 2000th
      if (bytes.length * 2048 < width * height) throw endsEarly(bytes, { width, height }, broken)
      const tile = isTiled ? value('tiles', 9) : undefined
      const [wide, high] =
        tile === undefined
          ? [width, exrCompressions[compression]]
          : [view.getUint32(tile, true), view.getUint32(tile + 4, true)]
      if (!(wide > 0 && high > 0)) throw broken(tile!, `tiles of ${wide}x${high}`)
      const columns = Math.ceil(width / wide)
      const count = columns * Math.ceil(height / high)
      // the tables of the parts follow each other, that of the first part first
      if (table + count * 8 > bytes.length)
        throw broken(bytes.length, `the table of its ${count} blocks is cut off`)
      const out = new Float32Array(width * height * chosen.length)
      for (let i = 0; i < count; i++) {
        await pause()
        const x = (i % columns) * wide
        const y = Math.floor(i / columns) * high
        const block: ExrBlock = {
          width: Math.min(wide, width - x),
          rows: Math.min(high, height - y),
          channels: stored,
        }
        const from = Number(view.getBigUint64(table + i * 8, true)) + (isMultiPart ? 4 : 0)
        const head = isTiled ? 20 : 8
        if (from + head > bytes.length)
          throw broken(table + i * 8, `block ${i + 1} of ${count} is not in the file`)
        const [first, second] = [view.getInt32(from, true), view.getInt32(from + 4, true)]
        const isHere = isTiled
          ? first === x / wide && second === y / high && view.getInt32(from + 8, true) === 0
          : first === top + y
        const length = view.getUint32(from + head - 4, true)
        if (!isHere || from + head + length > bytes.length)
          throw broken(from, `block ${i + 1} of ${count} is cut off or damaged`)
        const packed = bytes.subarray(from + head, from + head + length)
        const raw = await unpackBlock(packed, block, compression)
        if (raw === undefined) throw broken(from, `block ${i + 1} of ${count} is damaged`)
        await place(raw, block, chosen, out, (y * width + x) * chosen.length, width * chosen.length)
      }
      if (hasAlpha) await straighten(out, chosen.length)
      return out
    },
  }
}

const windowText = ([left, top, right, bottom]: readonly number[]): string =>
  `${left},${top} to ${right},${bottom}`

type Stored = ExrChannel & { readonly isEvery: boolean; readonly isLogarithm: boolean }

function channelsOf(bytes: Uint8Array, from: number, length: number, broken: Damage): Stored[] {
  const view = viewOf(bytes)
  const found: Stored[] = []
  for (let at = from; bytes[at] !== 0; at += 16) {
    const end = bytes.indexOf(0, at)
    if (end < 0 || end + 17 > from + length || found.length > 4096)
      throw broken(at, 'the list of channels is damaged')
    const name = textOf(bytes, at, end)
    at = end + 1
    const type = view.getInt32(at, true)
    if (type !== 0 && type !== 1 && type !== 2)
      throw broken(at, `channel ${JSON.stringify(name)} has type ${type}`)
    const [across, down] = [view.getInt32(at + 8, true), view.getInt32(at + 12, true)]
    found.push({
      name,
      type,
      isEvery: across === 1 && down === 1,
      isLogarithm: type === 1 && bytes[at + 4] === 1,
    })
  }
  return found
}

/** The indices of red, green, blue and alpha, or of gray and alpha. A single channel is used whatever its name. */
function chosenOf(stored: readonly Stored[]): number[] | undefined {
  const names = stored.map(({ name }) => name)
  const layers = new Set(['', ...names.map((name) => name.slice(0, name.lastIndexOf('.') + 1))])
  for (const colours of [['R', 'G', 'B'], ['Y']]) {
    for (const layer of layers) {
      const places = colours.map((one) => names.indexOf(layer + one))
      // with chroma, the luma belongs to a colour picture
      if (places.includes(-1) || names.includes(`${layer}RY`)) continue
      const alpha = names.indexOf(`${layer}A`)
      return alpha < 0 ? places : [...places, alpha]
    }
  }
  return stored.length === 1 ? [0] : undefined
}

/** Copies the samples of a block, [y][channel][x], to their positions. */
async function place(
  raw: Uint8Array,
  { width, rows, channels }: ExrBlock,
  chosen: readonly number[],
  out: Float32Array,
  to: number,
  pitch: number,
): Promise<void> {
  const view = viewOf(raw)
  const starts: number[] = []
  let row = 0
  for (const { type } of channels) {
    starts.push(row)
    row += sampleBytes[type] * width
  }
  for (const [c, channel] of chosen.entries()) {
    const { type } = channels[channel]!
    await pause()
    await inRows(rows, width, (y) => {
      const from = y * row + starts[channel]!
      for (let x = 0, at = to + y * pitch + c; x < width; x++, at += chosen.length)
        out[at] =
          type === 1
            ? halves()[view.getUint16(from + 2 * x, true)]!
            : type === 2
              ? view.getFloat32(from + 4 * x, true)
              : view.getUint32(from + 4 * x, true)
    })
  }
}

/**
 * Divides colours by the alpha that they were multiplied by. Colours under alpha 0, which emit light, stay as they are.
 */
const straighten = (samples: Float32Array, channels: number): Promise<unknown> =>
  inTurns(samples.length / channels, (first, end) => {
    for (let at = first * channels; at < end * channels; at += channels) {
      const alpha = samples[at + channels - 1]!
      if (alpha === 0 || alpha === 1) continue
      for (let c = 0; c < channels - 1; c++) samples[at + c] = samples[at + c]! / alpha
    }
  })
