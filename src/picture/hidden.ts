import { type Node, nodeOf } from '../graph/node.ts'
import { copied, inRows, inTurns } from '../host/turns.ts'
import { hasAlphaWhere } from '../image/flatten.ts'
import { hasAlpha } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import type { Pending } from './state.ts'

// The colours of hidden pixels, for steps that mix channels and ignore alpha.

/** Whether pixels may be hidden. False only if the data has the alpha of the picture, and that is 0 nowhere. */
export async function mayHide({ out, source }: Pending): Promise<boolean> {
  if (source === undefined || !hasSourceAlpha(nodeOf(out))) return true
  const { picture, isSeen } = source
  if (isSeen) return false
  if (!('data' in picture || 'arriving' in picture)) return true
  const data = 'data' in picture ? picture.data : await picture.arriving.whole()
  return hasAlphaWhere({ channels: picture.channels, data }, (alpha) => alpha === 0)
}

/** Whether the last channel of a step is the alpha of the picture, or some of its samples. */
function hasSourceAlpha({ work, inputs, shape: [channels] }: Node): boolean {
  if (work.kind === 'source') return hasAlpha(channels)
  if (work.kind !== 'layer') return false
  if (work.name === 'join' && work.settings.gain[0] === work.settings.gain[1])
    return hasSourceAlpha(inputs[1]!)
  const [x] = inputs
  const isLast = work.name === 'select' && work.settings.first + channels === x!.shape[0]
  return (isLast || work.name === 'chosen') && hasSourceAlpha(x!)
}

/** Returns colours and alpha, with hidden colours replaced by those of a visible pixel nearby. */
export async function covered({ shape, data }: Tensor): Promise<Tensor> {
  const plane = data.length / shape[0]!
  const alpha = data.length - plane
  if (!(await inTurns(plane, (from, to) => data.subarray(alpha + from, alpha + to).some((a) => !(a > 0)))))
    return new Tensor(shape, data)
  const out = await copied(data)
  await coverHidden(out.subarray(0, alpha), data.subarray(alpha), shape[2]!)
  return new Tensor(shape, out)
}

/**
 * Gives every pixel of alpha 0 the colours of the nearest visible pixel in its row, the left one of two. A row without
 * visible pixels takes those of the nearest row that has some, the upper one of two. If no pixel is visible, all are
 * black. Works in place.
 */
async function coverHidden(colours: Float32Array, alpha: Float32Array, width: number): Promise<void> {
  const [plane, height] = [alpha.length, alpha.length / width]
  const isSeen = (at: number) => alpha[at]! > 0
  const from = new Int32Array(plane)
  const rows: number[] = []
  await inRows(height, 2 * width, (y) => {
    const row = y * width
    let left = -1
    for (let at = row; at < row + width; at++) {
      if (isSeen(at)) left = at
      from[at] = left
    }
    if (left >= 0) rows.push(y)
    let right = -1
    for (let at = row + width - 1; at >= row; at--) {
      if (isSeen(at)) right = at
      const before = from[at]!
      if (right >= 0 && (before < 0 || right - at < at - before)) from[at] = right
    }
  })
  const near = (y: number) =>
    rows.reduce((best, row) => (Math.abs(row - y) < Math.abs(best - y) ? row : best), rows[0] ?? -1)
  await inRows(height, 4 * width, (y) => {
    const row = from[y * width]! >= 0 ? y : near(y)
    for (let x = 0; x < width; x++) {
      const [at, source] = [y * width + x, row < 0 ? -1 : from[row * width + x]!]
      if (isSeen(at)) continue
      for (let c = 0; c < colours.length; c += plane) colours[c + at] = source < 0 ? 0 : colours[c + source]!
    }
  })
}
