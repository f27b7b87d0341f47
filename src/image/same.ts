import { isFile } from '../files/stat.ts'
import type { Shape } from './compare/comparison.ts'
import { probe } from './probe.ts'
import { haveEqualBytes } from './reader.ts'

/**
 * The shape of two files of equal bytes, as far as the header of a PNG shows it: undefined for others, and for a PNG that
 * may be turned, has several pictures, or of which something is to be noted.
 *
 * @throws ConvoError as `probe` does
 */
export function shapeOfEqual(a: string, b: string): Shape | undefined {
  if (a === '-' || b === '-' || !isFile(a) || !isFile(b) || !haveEqualBytes(a, b)) return undefined
  const { png } = probe(a)
  if (png === undefined || png.hasExif || png.isAnimated || png.ignored.length > 0) return undefined
  const { width, height, channels, depth } = png
  return { width, height, channels, depth }
}
