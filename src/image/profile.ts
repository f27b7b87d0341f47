import { ConvoError } from '../error.ts'
import { viewOf } from '../files/read.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { type Curve, type Light, power, srgb, toLinear } from './light.ts'

/**
 * Returns the tone curves by which a picture stores light: those of its ICC profile, else of the gAMA chunk of a PNG
 * without an sRGB chunk, else sRGB. A gAMA of 1/2.2 (45455) is what encoders write for sRGB, and is treated as sRGB.
 *
 * @param name what to call the picture in errors
 * @throws ConvoError E_OPTION for a profile that describes colours by tables, as those of printers do, or whose curves
 *   are damaged or do not rise
 */
export function lightOf({ icc, gamma, isSrgb }: PictureMeta, name: string): Light {
  if (icc !== undefined) return lightOfProfile(icc, name)
  if (gamma === undefined || isSrgb || gamma === 45455) return srgb
  return { curves: [power(100000 / gamma)], name: `gamma ${brief(100000 / gamma)}, as gAMA says` }
}

/** Reads the curves of a matrix or gray profile: the tags rTRC, gTRC, bTRC or kTRC (ICC.1, 9.2 and 10). */
function lightOfProfile(icc: Uint8Array, name: string): Light {
  const view = viewOf(icc)
  const profile = descriptionOf(icc, view)
  const refuse = (why: string) =>
    new ConvoError('E_OPTION', `--linear cannot use the ICC profile of ${name}`, {
      why: `${name}: the ICC profile ${profile} ${why}`,
      fix: 'a copy converted to sRGB, or no --linear',
    })
  const tags = text(icc, 16) === 'GRAY' ? ['kTRC'] : ['rTRC', 'gTRC', 'bTRC']
  const found = tags.map((tag) => tagOf(icc, view, tag))
  if (found.some((tag) => tag === undefined)) throw refuse('has colour tables instead of tone curves')
  const isOne = found.every((tag) => Buffer.compare(tag!, found[0]!) === 0)
  const curves = (isOne ? found.slice(0, 1) : found).map((tag) => curveFrom(tag!))
  for (const curve of curves) {
    if (curve === undefined) throw refuse('has a tone curve of an unsupported type')
    if (!rises(curve)) throw refuse('has a tone curve that does not rise from black to white')
  }
  const known = curves as Curve[]
  const first = known[0]!
  const shape =
    known.length > 1
      ? 'a curve for each colour'
      : first.kind === 'parametric' && first.a === 1 && first.d === 0 && first.b === 0
        ? `gamma ${brief(first.g)}`
        : first.kind === 'table'
          ? `a curve of ${first.values.length} values`
          : 'a parametric curve'
  const hasTables = ['A2B0', 'A2B1', 'A2B2'].some((tag) => tagOf(icc, view, tag) !== undefined)
  const note = `the ICC profile ${profile} of ${name} has colour tables as well as tone curves, and only the curves were used`
  return { curves: known, name: `${profile}: ${shape}`, notes: hasTables ? [note] : [] }
}

const text = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))

function tagOf(icc: Uint8Array, view: DataView, signature: string): Uint8Array | undefined {
  if (icc.length < 132) return undefined
  const count = Math.min(view.getUint32(128), Math.floor((icc.length - 132) / 12))
  for (let i = 0, at = 132; i < count; i++, at += 12) {
    if (text(icc, at) !== signature) continue
    const [offset, size] = [view.getUint32(at + 4), view.getUint32(at + 8)]
    return offset + size <= icc.length && size >= 12 ? icc.subarray(offset, offset + size) : undefined
  }
  return undefined
}

/** Reads a curve from a `curv` or `para` tag. Returns undefined if it is neither, or is cut off. */
function curveFrom(tag: Uint8Array): Curve | undefined {
  const view = viewOf(tag)
  if (text(tag, 0) === 'curv') {
    const count = view.getUint32(8)
    if (count === 0) return power(1)
    if (12 + 2 * count > tag.length) return undefined
    if (count === 1) return power(view.getUint16(12) / 256)
    const values = Float64Array.from({ length: count }, (_, i) => view.getUint16(12 + 2 * i) / 65535)
    return { kind: 'table', values }
  }
  if (text(tag, 0) !== 'para') return undefined
  const type = view.getUint16(8)
  const used = [1, 3, 4, 5, 7][type]
  if (used === undefined || 12 + 4 * used > tag.length) return undefined
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from(
    { length: used },
    (_, i) => view.getInt32(12 + 4 * i) / 65536,
  )
  // types 1 and 2 bend where a v + b is 0; c of type 2 is added to both parts
  if (type === 1) return a === 0 ? undefined : { kind: 'parametric', g, a, b, c: 0, d: -b / a, e: 0, f: 0 }
  if (type === 2) return a === 0 ? undefined : { kind: 'parametric', g, a, b, c: 0, d: -b / a, e: c, f: c }
  return { kind: 'parametric', g, a, b, c, d, e, f }
}

function rises(curve: Curve): boolean {
  let last = toLinear(0, curve)
  const first = last
  for (let i = 1; i <= 4096; i++) {
    const v = toLinear(i / 4096, curve)
    // a step down by one unit in the last place of a profile number is rounding
    if (!(v >= last - 2 ** -16)) return false
    last = Math.max(last, v)
  }
  return last > first
}

/** The human-readable name of a profile, in quotes. */
function descriptionOf(icc: Uint8Array, view: DataView): string {
  const tag = tagOf(icc, view, 'desc')
  if (tag === undefined) return '(without a name)'
  const own = viewOf(tag)
  let words = ''
  if (text(tag, 0) === 'desc') {
    words = String.fromCharCode(...tag.subarray(12, Math.min(tag.length, 12 + own.getUint32(8), 112)))
  } else if (text(tag, 0) === 'mluc' && tag.length >= 28) {
    const [length, offset] = [own.getUint32(20), own.getUint32(24)]
    for (let at = offset; at + 1 < Math.min(tag.length, offset + length, offset + 200); at += 2) {
      words += String.fromCharCode(own.getUint16(at))
    }
  }
  return `"${words.split('\0')[0]}"`
}

const brief = (value: number): string => String(Number(value.toPrecision(5)))
