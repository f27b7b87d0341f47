import pixelmatch from 'pixelmatch'
import { ConvoError } from '../../error.ts'
import { hasAlpha, type Picture } from '../../tensor/picture.ts'
import { depthText } from './comparison.ts'
import type { Pair } from './pair.ts'
import type { AlphaRule } from './tolerance.ts'

/**
 * The pixels that pixelmatch (version pinned in package.json) sees as different, antialiasing omitted: 1 for each,
 * [y][x]. Pixels that one of the pictures lacks are seen; ignored ones are not. Half-transparent colours are flattened onto
 * pixelmatch's checkerboard; with alpha `ignore` all are opaque.
 *
 * @param threshold 0..1 of its largest distance of colours in YIQ
 * @throws ConvoError E_OPTION for depths other than 8
 */
export function seenByPixelmatch(
  pair: Pair,
  threshold: number,
  ignored: Uint8Array | undefined,
  alpha: AlphaRule,
) {
  if (pair.depth !== 8) {
    throw new ConvoError('E_OPTION', '--perceptual compares 8-bit pictures only', {
      why: `these have ${depthText(pair.depth)}, and pixelmatch would ignore their low bits`,
      fix: '--max-abs, --max-rmse or --min-ssim, which work at every depth',
    })
  }
  const width = Math.min(pair.expected.width, pair.actual.width)
  const height = Math.min(pair.expected.height, pair.actual.height)
  const expected = rgba(pair.expected, width, height, alpha)
  const actual = rgba(pair.actual, width, height, alpha)
  const seen = new Uint8Array(pair.width * pair.height)
  if (ignored !== undefined) copyIgnored(expected, actual, ignored, width, pair.width)
  const drawn = new Uint8Array(width * height * 4)
  pixelmatch(expected, actual, drawn, width, height, { threshold, diffMask: true })
  for (let y = 0; y < pair.height; y++) {
    for (let x = 0; x < pair.width; x++) {
      const at = y * pair.width + x
      const isCommon = x < width && y < height
      if (isCommon ? drawn[(y * width + x) * 4 + 3] !== 0 : ignored?.[at] !== 1) seen[at] = 1
    }
  }
  return seen
}

function rgba({ width: stride, channels, data }: Picture, width: number, height: number, alpha: AlphaRule) {
  const to = new Uint8Array(width * height * 4)
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2]
  const alphaAt = hasAlpha(channels) && alpha !== 'ignore' ? channels - 1 : -1
  for (let y = 0, j = 0; y < height; y++) {
    for (let x = 0, i = y * stride * channels; x < width; x++, i += channels, j += 4) {
      to[j] = data[i]!
      to[j + 1] = data[i + green]!
      to[j + 2] = data[i + blue]!
      to[j + 3] = alphaAt < 0 ? 255 : data[i + alphaAt]!
    }
  }
  return to
}

function copyIgnored(
  from: Uint8Array,
  to: Uint8Array,
  ignored: Uint8Array,
  width: number,
  stride: number,
): void {
  for (let p = 0; p < width * (from.length / width / 4); p++) {
    const [x, y] = [p % width, Math.floor(p / width)]
    if (ignored[y * stride + x] === 1) to.set(from.subarray(4 * p, 4 * p + 4), 4 * p)
  }
}
