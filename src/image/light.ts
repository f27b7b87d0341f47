import { pow } from '../tensor/math.ts'

// Linear light: the transfer function of sRGB (IEC 61966-2-1), in levels of 0..full.

/** The linear light of a stored value, both in 0..1. */
export const toLinear = (v: number): number => (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4))

/** Linear light, in levels of 0..full, for each stored sample of 0..full. */
export function linearTable(full: 255 | 65535): Float32Array {
  return Float32Array.from({ length: full + 1 }, (_, i) => full * toLinear(i / full))
}

/** Turns linear light back into stored levels: the level whose range of light holds the sample, rounded exactly. */
export type LightEncoder = (linear: number) => number

/**
 * The encoder from linear light in levels of 0..full to the whole levels of 0..outFull, which it returns in levels of
 * 0..full again, as fractions where `outFull` is the larger. What lies outside is returned as it is, to be clipped and
 * counted. The level is found by comparison with the light at the half levels, so it is the rounded level exactly.
 */
export function lightEncoder(full: 255 | 65535, outFull: 255 | 65535 = full): LightEncoder {
  const buckets = outFull === 255 ? 4096 : 65536
  // border[k]: the light from which on a sample rounds to level k rather than k - 1
  const border = Float32Array.from({ length: outFull + 2 }, (_, k) =>
    k === 0
      ? Number.NEGATIVE_INFINITY
      : k > outFull
        ? Number.POSITIVE_INFINITY
        : full * toLinear((k - 0.5) / outFull),
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
    // The bucket was found by a rounded division, which may lie one too far.
    while (border[level]! > v) level--
    return outFull === full ? level : (level / outFull) * full
  }
}
