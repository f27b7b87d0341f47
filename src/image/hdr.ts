import { inRows } from '../host/turns.ts'
import { srgbPrimaries } from './colour.ts'
import { refusal, wayOf } from './foreign.ts'
import { type Damage, damaged, endsEarly, type OwnPicture } from './own-picture.ts'
import { textOf } from './reader.ts'

/**
 * Reads a Radiance picture (Ward, Real Pixels, Graphics Gems II): linear light as three mantissas of 8 bits and an
 * exponent, plain or in either run-length encoding. A sample is mantissa · 2^(exponent − 136), as in OpenCV and
 * stb_image, and 1 is white.
 */
export function readHdr(bytes: Uint8Array, name: string): OwnPicture {
  const bad = damaged(name, 'Radiance HDR picture')
  const lines: string[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf(10, at)
    if (end < 0 || end - at > 2048 || lines.length > 200) throw bad(at, 'the header has no end')
    const line = textOf(bytes, at, end).replace(/\r$/, '')
    at = end + 1
    lines.push(line)
    if (line === '') break
  }
  const format = valuesOf(lines, 'FORMAT')[0] ?? '32-bit_rle_rgbe'
  if (format !== '32-bit_rle_rgbe')
    throw refusal(name, `a Radiance picture of ${format}`, wayOf('oiiotool IN -d float -o OUT.tif', name))
  const end = bytes.indexOf(10, at)
  const size = end < 0 ? '' : textOf(bytes, at, Math.min(end, at + 64))
  const match = /^([-+])([XY])\s+(\d{1,9})\s+([-+])(?!\2)[XY]\s+(\d{1,9})\s*$/.exec(size)
  const [, slow = '', axis, count, fast = '', length] = match ?? []
  // a line of pixels is a column if X comes first
  const isUpright = axis === 'Y'
  const [across, down] = [Number(length), Number(count)]
  if (!(across > 0 && down > 0))
    throw bad(at, `the size must read "-Y rows +X columns", got ${JSON.stringify(size)}`)
  const [width, height] = isUpright ? [across, down] : [down, across]
  const [horizontal, vertical] = isUpright ? [fast, slow] : [slow, fast]
  const start = end + 1
  return {
    ...{ width, height, channels: 3, depth: 32, full: 1, isLinear: true },
    asRead: Object.entries(unapplied).flatMap(([key, neutral]) => {
      const values = valuesOf(lines, key).filter((value) =>
        value
          .split(/\s+/)
          .some((n, i) => !(Math.abs(Number(n) - (neutral[i] ?? 1)) <= (neutral.length === 8 ? 0.021 : 0))),
      )
      return values.length === 0 ? [] : [`${key} of ${name} was not applied: ${values.join(', ')}`]
    }),
    async samples() {
      // the shortest row is a pixel, with runs of any length after it
      if (bytes.length - start < 4 * down) throw endsEarly(bytes, { width, height }, bad)
      const out = new Float32Array(width * height * 3)
      const row = new Uint8Array(across * 4)
      let from = start
      await inRows(down, across * 3, (j) => {
        from = unpackRow(bytes, from, row, across, bad)
        for (let i = 0; i < across; i++) {
          const [x, y] = isUpright ? [i, j] : [j, i]
          const line = vertical === '-' ? y : height - 1 - y
          const to = (line * width + (horizontal === '+' ? x : width - 1 - x)) * 3
          const exponent = row[i * 4 + 3]!
          const scale = exponent === 0 ? 0 : 2 ** (exponent - 136)
          for (let c = 0; c < 3; c++) out[to + c] = row[i * 4 + c]! * scale
        }
      })
      return out
    },
  }
}

/**
 * Header variables that are not applied, with the values that have no effect. For colours these are the values of sRGB,
 * from which Radiance's own differ little.
 */
const unapplied: Readonly<Record<string, readonly number[]>> = {
  EXPOSURE: [1],
  COLORCORR: [1, 1, 1],
  PIXASPECT: [1],
  PRIMARIES: srgbPrimaries,
}

const valuesOf = (lines: readonly string[], key: string): string[] =>
  lines.flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1).trim()] : []))

/** Unpacks a row into [x][red, green, blue, exponent] and returns where the next one begins. */
function unpackRow(bytes: Uint8Array, start: number, row: Uint8Array, width: number, bad: Damage): number {
  let at = start
  const need = (count: number) => {
    if (at + count > bytes.length) throw bad(bytes.length, 'the file ends inside its samples')
  }
  need(4)
  const isNew = width >= 8 && width < 32768 && bytes[at] === 2 && bytes[at + 1] === 2 && bytes[at + 2]! < 128
  if (isNew) {
    if (((bytes[at + 2]! << 8) | bytes[at + 3]!) !== width)
      throw bad(at, 'a row does not have the width of the picture')
    at += 4
    for (let c = 0; c < 4; c++) {
      for (let x = 0; x < width; ) {
        need(2)
        const code = bytes[at++]!
        const count = code > 128 ? code - 128 : code
        if (count === 0 || x + count > width) throw bad(at - 1, 'a run leaves its row')
        if (code <= 128) need(count)
        for (let i = 0; i < count; i++) row[(x + i) * 4 + c] = bytes[code > 128 ? at : at + i]!
        at += code > 128 ? 1 : count
        x += count
      }
    }
    return at
  }
  let shift = 0
  for (let x = 0; x < width; ) {
    need(4)
    const isRun = bytes[at] === 1 && bytes[at + 1] === 1 && bytes[at + 2] === 1
    if (!isRun) {
      row.set(bytes.subarray(at, at + 4), x++ * 4)
      shift = 0
    } else {
      const count = bytes[at + 3]! * 2 ** shift
      if (x === 0 || x + count > width) throw bad(at, 'a run leaves its row')
      for (let i = 0; i < count; i++, x++) row.copyWithin(x * 4, (x - 1) * 4, x * 4)
      shift = Math.min(shift + 8, 24)
    }
    at += 4
  }
  return at
}
