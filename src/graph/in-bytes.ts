import type { Margins } from '../definition/frame.ts'
import { type Ranked, sizeOfElement } from '../definition/windows.ts'
import type { Node } from './node.ts'

/**
 * A step over the picture itself, pixels side by side, that gives the bytes of one that looks for ranks in windows of the
 * planes of a picture of bytes: for one filter alone it takes a third of the time (windows in test/bench). Nothing for other steps.
 */
export function byteWindows(out: Node): Node | undefined {
  const [frame] = out.inputs
  const [source] = frame?.inputs ?? []
  if (out.work.kind !== 'layer' || out.work.name !== 'ranked') return undefined
  if (frame?.work.kind !== 'layer' || frame.work.name !== 'framed') return undefined
  if (source?.work.kind !== 'source') return undefined
  const { margins, border, fill } = frame.work.settings
  const ranked = out.work.settings
  const isByte = Number.isInteger(fill) && fill >= 0 && fill <= 255
  const isFramed = ranked.ignored === undefined || sameMargins(ranked.ignored, margins)
  if (!isByte || !isFramed || !isHeld(ranked)) return undefined
  const [step, height] = source.shape
  const [, high, wide] = out.shape
  const windows = { ranked, margins, border, fill, step, height }
  return { shape: [1, high, wide * step], inputs: [], work: { kind: 'windows', windows } }
}

const sameMargins = (a: Margins, b: Margins): boolean =>
  a.top === b.top && a.bottom === b.bottom && a.left === b.left && a.right === b.right

/** Whether each window holds a sample that counts, wherever it is: in bytes, another is then as good as the largest or smallest. */
export const isHeld = ({ element, index, ignored }: Ranked): boolean =>
  ignored === undefined ||
  ((index === 0 || index === sizeOfElement(element) - 1) &&
    element.runs.some(
      ({ row, left, count }) => row === ignored.top && left <= ignored.left && ignored.left < left + count,
    ))
