import { isFile } from '../files/stat.ts'
import type { Shape } from './compare/comparison.ts'
import { probe } from './probe.ts'
import { haveEqualBytes } from './reader.ts'

/**
 * Returns the shape of two files with equal bytes, if the header of a PNG shows it. Returns undefined for other files,
 * and for a PNG that may be turned, has several pictures, or has ignored chunks.
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
