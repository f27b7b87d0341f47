import { ConvoError } from '../../error.ts'
import type { Picture } from '../../tensor/picture.ts'
import { hasAlpha } from '../../tensor/picture.ts'
import { defined, optional } from '../../text/record.ts'
import type { Size } from '../size.ts'
import type { Comparison, Mismatch, Shape, Smallest } from './comparison.ts'
import type { Tolerance } from './tolerance.ts'

// Comparison of pictures with equal samples, without the code that measures, which files of equal bytes do not need.

/** The result of `comparePictures` for a picture and itself. @throws ConvoError as it does */
export function compareEqual(shape: Shape, tolerance: Tolerance): Comparison {
  const ignored = ignoredPixels(shape.width, shape.height, tolerance)
  const result = { expected: shape, actual: shape, mismatches: [], notes: [] }
  return equal({ ...result, ...optional('ignored', ignored) }, shape)
}

/** The result for pictures with equal samples, whose shapes or profiles may differ. */
export function equal(
  result: Pick<Comparison, 'expected' | 'actual' | 'mismatches' | 'notes' | 'ignored'>,
  pair: Size,
): Comparison {
  const { mismatches, ignored } = result
  const isUnlike = mismatches.some((mismatch) => mismatch !== 'icc')
  return {
    ...result,
    outcome: mismatches.length === 0 ? 'same' : 'different',
    stats: {
      compared: comparedPixels(pair, ignored),
      ...{ differing: 0, share: 0, counted: 0, rmse: 0, psnr: Number.POSITIVE_INFINITY, clusters: [] },
    },
    failed: [],
    smallest: isUnlike ? {} : withProfile({ farther: {}, more: {} }, mismatches),
  }
}

export function comparedPixels(pair: Size, ignored: Uint8Array | undefined): number {
  const pixels = pair.width * pair.height
  return ignored === undefined ? pixels : pixels - marked(ignored)
}

/** Counts the pixels marked with 1; the others are 0. A function call for each would take 10 times as long. */
export function marked(marks: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < marks.length; at++) sum += marks[at]!
  return sum
}

/** Adds `icc: 'ignore'` to the limits if the profiles differ, because no other limit tolerates that. */
export function withProfile({ farther, more }: Smallest, mismatches: readonly Mismatch[]): Smallest {
  const icc = mismatches.includes('icc') ? ({ icc: 'ignore' } as const) : {}
  return defined({ farther: farther && { ...farther, ...icc }, more: more && { ...more, ...icc } })
}

/**
 * Marks the pixels that are not compared with 1, [y][x]. Returns undefined if all are compared.
 *
 * @throws ConvoError E_OPTION for a rectangle outside the picture, or if no pixels are left to compare; E_SHAPE for a
 *   mask of another size
 */
export function ignoredPixels(width: number, height: number, tolerance: Tolerance): Uint8Array | undefined {
  const { ignore = [], mask, ignoreBorder = 0 } = tolerance
  if (ignore.length === 0 && mask === undefined && ignoreBorder === 0) return undefined
  const ignored = mask === undefined ? new Uint8Array(width * height) : outsideMask(mask, width, height)
  const fill = (x0: number, y0: number, x1: number, y1: number) => {
    for (let y = y0; y < Math.min(y1, height); y++) {
      ignored.fill(1, y * width + Math.min(x0, width), y * width + Math.min(x1, width))
    }
  }
  for (const { x, y, width: w, height: h } of ignore) {
    if (x >= width || y >= height) {
      throw new ConvoError('E_OPTION', `--ignore ${x},${y},${w},${h} is outside the picture`, {
        why: `the picture is ${width}x${height}, and x and y count from 0`,
        instead: [['--ignore', `${x},${y},${w},${h}`]],
      })
    }
    fill(x, y, x + w, y + h)
  }
  if (ignoreBorder > 0) {
    fill(0, 0, width, ignoreBorder)
    fill(0, Math.max(0, height - ignoreBorder), width, height)
    fill(0, 0, ignoreBorder, height)
    fill(Math.max(0, width - ignoreBorder), 0, width, height)
  }
  // comparing no pixels always passes, which cannot be intended
  if (!ignored.includes(0)) {
    throw new ConvoError('E_OPTION', 'no pixels are left to compare', {
      why: `all ${width}x${height} pixels are ignored by --ignore, --mask and --ignore-border`,
    })
  }
  return ignored
}

function outsideMask(mask: Picture, width: number, height: number): Uint8Array {
  if (mask.width !== width || mask.height !== height) {
    throw new ConvoError('E_SHAPE', 'the mask must have the size of the pictures', {
      why: `the mask is ${mask.width}x${mask.height}, the pictures are ${width}x${height}`,
      fix: `a mask of ${width}x${height} pixels`,
    })
  }
  const { channels, data } = mask
  const colours = hasAlpha(channels) ? channels - 1 : channels
  const outside = new Uint8Array(width * height)
  for (let p = 0; p < outside.length; p++) {
    let isBlack = true
    for (let c = 0; c < colours; c++) if (data[p * channels + c] !== 0) isBlack = false
    if (isBlack || (colours < channels && data[p * channels + colours] === 0)) outside[p] = 1
  }
  return outside
}
