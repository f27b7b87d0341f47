import pixelmatch from 'pixelmatch'
import pixelmatch8 from 'pixelmatch-8'
import { ConvoError } from '../../error.ts'
import { hasAlpha, type Picture } from '../../tensor/picture.ts'
import { depthText } from './comparison.ts'
import { smoothing } from './nearby.ts'
import type { Pair } from './pair.ts'
import type { AlphaRule, Tolerance } from './tolerance.ts'

/**
 * Marks the pixels whose colours look different with 1, [y][x], the same ones that pixelmatch counts. Pixels that one
 * of the pictures lacks count, ignored ones do not. With alpha `ignore`, all are opaque.
 *
 * With the metric `yiq` (pixelmatch 7.2), the distance of two colours is sqrt(0.5053 dY^2 + 0.299 dI^2 + 0.1957 dQ^2)
 * of the NTSC colours YIQ, as a fraction of the largest possible distance. With `oklab` (pixelmatch 8.0) it is |dLr| +
 * sqrt(da^2 + db^2) of the OKLab colours, where Lr is Ottosson's lightness with a toe, and black and white are 1 apart.
 * Half-transparent colours are flattened onto a checkerboard that depends on the position. Unless antialiasing is
 * compared, a pixel that is antialiasing in one of the pictures, as defined by `isAntialiased`, is not different.
 *
 * @param rowCounts number of pixels that differ at all, in each row
 * @throws ConvoError E_OPTION for depths other than 8
 */
export function seenByPixelmatch(
  pair: Pair,
  ignored: Uint8Array | undefined,
  rowCounts: Uint32Array,
  { perceptual: threshold = 0, metric = 'yiq', antialiasing = 'ignore', alpha = 'strict' }: Tolerance,
) {
  if (pair.depth !== 8) {
    throw new ConvoError('E_OPTION', '--perceptual compares 8-bit pictures only', {
      why: `these have ${depthText(pair.depth)}, and pixelmatch would ignore their low bits`,
      fix: '--max-abs, --max-rmse or --min-ssim, which work at every depth',
    })
  }
  const width = Math.min(pair.expected.width, pair.actual.width)
  const height = Math.min(pair.expected.height, pair.actual.height)
  const isOpaque = [pair.expected, pair.actual].every((one) => alpha === 'ignore' || isOpaqueAll(one))
  const seen = new Uint8Array(pair.width * pair.height)
  for (let y = 0; y < pair.height; y++) {
    for (let x = y < height ? width : 0; x < pair.width; x++) {
      const at = y * pair.width + x
      if (ignored?.[at] !== 1) seen[at] = 1
    }
  }
  const match = metric === 'yiq' ? pixelmatch : pixelmatch8
  const includeAA = antialiasing === 'compare'
  for (const [first, last] of isOpaque ? bands(rowCounts, height) : [[0, height] as const]) {
    const [from, to] = isOpaque ? [Math.max(0, first - reach), Math.min(height, last + reach)] : [first, last]
    const expected = rgba(pair.expected, width, from, to, alpha)
    const actual = rgba(pair.actual, width, from, to, alpha)
    for (let p = 0; ignored !== undefined && p < width * (to - from); p++) {
      const at = (Math.floor(p / width) + from) * pair.width + (p % width)
      if (ignored[at] === 1) actual.set(expected.subarray(4 * p, 4 * p + 4), 4 * p)
    }
    const drawn = new Uint8Array(width * (to - from) * 4)
    // for opaque colours, both versions detect antialiasing like the definition does, but take three times as long
    match(expected, actual, drawn, width, to - from, {
      threshold,
      includeAA: includeAA || isOpaque,
      diffMask: true,
    })
    const view = (data: Uint8Array) => ({ width, height: to - from, channels: 4, data }) as const
    const isSmooth = includeAA || !isOpaque ? () => false : smoothing(view(expected), view(actual), 255)
    for (let y = first; y < last; y++) {
      for (let x = 0; x < width; x++) {
        if (drawn[((y - from) * width + x) * 4 + 3] !== 0 && !isSmooth(x, y - from))
          seen[y * pair.width + x] = 1
      }
    }
  }
  return seen
}

function isOpaqueAll({ channels, data }: Picture): boolean {
  if (!hasAlpha(channels)) return true
  for (let at = channels - 1; at < data.length; at += channels) if (data[at] !== 255) return false
  return true
}

/** Rows next to one that differs whose pixels affect it: its neighbours and their neighbours. */
const reach = 2

/** Rows that are compared together. Copies of all rows of 12 megapixels would take 144 MB. */
const bandRows = 64

/**
 * Yields the rows that differ, in bands. Pictures with half-transparent colours are a single band, because these
 * colours are flattened onto a checkerboard that depends on their position in the whole picture.
 */
function* bands(rowCounts: Uint32Array, height: number): Generator<readonly [from: number, end: number]> {
  for (let from = 0; from < height; from += bandRows) {
    const end = Math.min(height, from + bandRows)
    if (rowCounts.subarray(from, end).some((count) => count > 0)) yield [from, end]
  }
}

function rgba(
  { width: stride, channels, data }: Picture,
  width: number,
  from: number,
  end: number,
  alpha: AlphaRule,
) {
  const to = new Uint32Array(width * (end - from))
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2]
  const alphaAt = hasAlpha(channels) && alpha !== 'ignore' ? channels - 1 : -1
  for (let y = from, j = 0; y < end; y++) {
    for (let x = 0, i = y * stride * channels; x < width; x++, i += channels, j++) {
      const opacity = alphaAt < 0 ? 255 : data[i + alphaAt]!
      to[j] = data[i]! | (data[i + green]! << 8) | (data[i + blue]! << 16) | (opacity << 24)
    }
  }
  return new Uint8Array(to.buffer)
}
