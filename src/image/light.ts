import { pow } from '../tensor/math.ts'

// Linear light: what the stored levels of a picture mean, by its tone curve. Both are in 0..1, or in levels of 0..full.

/** A tone curve, from stored value to light, both in 0..1. It is plain data, so it can be sent to workers. */
export type Curve =
  /** IEC 61966-2-1 */
  | { readonly kind: 'srgb' }
  /** (a v + b)^g + e from d on, c v + f below it: the `para` and `curv` curves of ICC profiles */
  | ({ readonly kind: 'parametric' } & Readonly<Record<'g' | 'a' | 'b' | 'c' | 'd' | 'e' | 'f', number>>)
  /** evenly spaced values, with linear interpolation between them */
  | { readonly kind: 'table'; readonly values: Float64Array }

/** The tone curves of a picture and their name: one curve for all colours, or three for red, green and blue. */
export type Light = {
  readonly curves: readonly Curve[]
  readonly name: string
  /** Notes on them for the user. */
  readonly notes?: readonly string[]
}

/** The light of pictures that do not specify their own. */
export const srgb: Light = { curves: [{ kind: 'srgb' }], name: 'sRGB' }

/** v^g as a curve. */
export const power = (g: number): Curve => ({ kind: 'parametric', g, a: 1, b: 0, c: 0, d: 0, e: 0, f: 0 })

/** The curve of one of `colours` channels. A gray that was mixed from three curves uses that of green. */
export const curveOf = ({ curves }: Light, channel: number, colours: number): Curve =>
  curves[curves.length === 1 ? 0 : colours === 1 ? 1 : channel]!

/**
 * Converts a stored value to linear light, both in 0..1. It uses the project's own power function, so that it is the
 * same on every machine.
 */
export function toLinear(v: number, curve: Curve = srgb.curves[0]!): number {
  switch (curve.kind) {
    case 'srgb':
      return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4)
    case 'parametric': {
      const { g, a, b, c, d, e, f } = curve
      return within(v >= d ? pow(Math.max(0, a * v + b), g) + e : c * v + f)
    }
    case 'table': {
      const { values } = curve
      const at = within(v) * (values.length - 1)
      const below = Math.min(Math.floor(at), values.length - 2)
      return values[below]! + (values[below + 1]! - values[below]!) * (at - below)
    }
  }
}

const within = (v: number): number => Math.min(1, Math.max(0, v))

/**
 * Returns the linear light, in levels of 0..full, of each stored sample of 0..full, as one table per curve in a row.
 */
export function linearTables({ curves }: Light, full: number): Float32Array {
  const out = new Float32Array(curves.length * (full + 1))
  curves.forEach((curve, c) => {
    for (let i = 0; i <= full; i++) out[c * (full + 1) + i] = full * toLinear(i / full, curve)
  })
  return out
}

/**
 * Converts linear light back to stored levels: to the level whose range of light contains the sample, rounded exactly.
 */
export type LightEncoder = (linear: number) => number

/** The smallest positive float32 of full precision. It keeps black black if a curve begins flat. */
const tiny = 2 ** -126

/**
 * Makes the encoder from linear light in levels of 0..full to integer levels of 0..outFull. It returns them in levels
 * of 0..full again, as fractions if `outFull` is larger. Values outside the range are returned unchanged, to be clipped
 * and counted. The level is found by comparison with the light at half levels, so the rounding is exact.
 */
export function lightEncoder(curve: Curve, full: number, outFull = full): LightEncoder {
  const buckets = outFull === 255 ? 4096 : 65536
  // border[k]: the light from which on a sample rounds to level k instead of k - 1
  const border = Float32Array.from({ length: outFull + 2 }, (_, k) =>
    k === 0
      ? Number.NEGATIVE_INFINITY
      : k > outFull
        ? Number.POSITIVE_INFINITY
        : Math.max(tiny, full * toLinear((k - 0.5) / outFull, curve)),
  )
  const first = new Uint16Array(buckets + 1)
  for (let b = 0, level = 0; b <= buckets; b++) {
    while (border[level + 1]! <= (b / buckets) * full) level++
    first[b] = level
  }
  return (v) => {
    if (!(v >= 0 && v <= full)) return v
    let level = first[Math.floor((v / full) * buckets)]!
    while (border[level + 1]! <= v) level++
    // The bucket comes from a rounded division, so it may be one too high.
    while (border[level]! > v) level--
    return outFull === full ? level : (level / outFull) * full
  }
}

/** The gAMA of a PNG with samples in linear light. */
export const linearGamma = 100000
