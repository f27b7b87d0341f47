import { isExtreme, isSmallMedian, turnedElement } from '../definition/windows.ts'
import { type Moved, type Node, ofEach } from './node.ts'
import { isHeld, type Windows } from './windows.ts'

/**
 * Returns the same steps over whole samples of `bytes` bytes, with interleaved pixels, which never become floats.
 * Returns undefined if any step does anything but move samples, rank windows, or subtract samples that are nowhere
 * larger. A filter of one step takes a third of the time, one of several steps a fifth (windows in test/bench).
 *
 * @param isRounded whether the picture must first be rounded to such samples, for example because it is in gray. Moving
 * and ranking give the same as if the result were rounded, because rounding keeps the order, but differences do not
 */
export function inSamples(out: Node, bytes: 1 | 2, isRounded = false): Node | undefined {
  const of = ofEach<Node | undefined>((node, of) => {
    const [channels, height, width] = node.shape
    const as = (work: Node['work'], inputs: readonly (Node | undefined)[]): Node | undefined =>
      inputs.includes(undefined)
        ? undefined
        : { shape: [1, height, width * channels], inputs: inputs as Node[], work }
    if (node.work.kind === 'source') return as({ kind: isRounded ? 'rounded' : 'samples', bytes }, [])
    const windows = windowsOf(node)
    if (windows !== undefined)
      return suits(windows, bytes) ? as({ kind: 'windows', bytes, windows }, [of(framedOf(node))]) : undefined
    const moving = movingOf(node, bytes)
    if (moving !== undefined) return as(moving, [of(node.inputs[0]!)])
    const pixels = pixelsOf(node)
    if (pixels !== undefined) {
      const [only, ...more] = pixels
      if (more.length === 0 && only!.count === only!.node.shape[0]) return of(only!.node)
      const parts = pixels.map(({ node, first, count }) => ({ step: node.shape[0], first, count }))
      return as(
        { kind: 'mixed', bytes, parts },
        pixels.map((part) => of(part.node)),
      )
    }
    if (isRounded || node.work.kind !== 'layer') return undefined
    if (node.work.name !== 'formula' || node.work.settings.name !== 'minus') return undefined
    const [a, b] = node.inputs as readonly [Node, Node]
    return isAbove(a, b) ? as({ kind: 'apart', bytes }, [of(a), of(b)]) : undefined
  })
  return out.work.kind === 'source' ? undefined : of(out)
}

/** A range of channels of a step. */
type Channels = { readonly node: Node; readonly first: number; readonly count: number }

/** Returns the channels that a step is made from, of one or two other steps. It looks through selections and joins. */
function pixelsOf({ work, inputs }: Node): readonly Channels[] | undefined {
  if (work.kind !== 'layer') return undefined
  const whole = (node: Node): Channels => ({ node, first: 0, count: node.shape[0] })
  if (work.name === 'select') {
    const end = work.settings.first + work.settings.count
    let before = 0
    return (pixelsOf(inputs[0]!) ?? [whole(inputs[0]!)]).flatMap(({ node, first, count }) => {
      const [low, high] = [Math.max(0, work.settings.first - before), Math.min(count, end - before)]
      before += count
      return high > low ? [{ node, first: first + low, count: high - low }] : []
    })
  }
  if (work.name !== 'join' || work.settings.gain[0] !== work.settings.gain[1]) return undefined
  const found = inputs.flatMap((input) => pixelsOf(input) ?? [whole(input)])
  return found.length > 2 ? inputs.map(whole) : found
}

/** Returns a layer that moves samples as the same layer over whole samples. */
function movingOf({ work, shape: [step] }: Node, bytes: 1 | 2): Moved | undefined {
  if (work.kind !== 'layer' || (work.name !== 'framed' && work.name !== 'chosen')) return undefined
  if (work.name === 'framed' && !isSample(work.settings.fill, bytes)) return undefined
  return { kind: 'moved', bytes, step, layer: work }
}

const isSample = (level: number, bytes: 1 | 2): boolean =>
  Number.isInteger(level) && level >= 0 && level < 256 ** bytes

/** The step over which the windows of `node` are. */
const framedOf = (node: Node): Node => node.inputs[0]!.inputs[0]!

/** Returns ranks of windows over a framed step as the same ranks over its samples. */
function windowsOf({ work, inputs: [frame] }: Node): Windows | undefined {
  if (work.kind !== 'layer' || work.name !== 'ranked') return undefined
  if (frame?.work.kind !== 'layer' || frame.work.name !== 'framed') return undefined
  const { shape } = frame.inputs[0]!
  return { ranked: work.settings, ...frame.work.settings, step: shape[0], height: shape[1] }
}

/** Whether the loops over whole samples can compute these ranks. */
function suits({ ranked, margins, fill }: Windows, bytes: 1 | 2): boolean {
  const isFramed = ranked.ignored === undefined || isEqual(ranked.ignored, margins)
  const isFound = bytes === 1 || isExtreme(ranked) || isSmallMedian(ranked)
  return isSample(fill, bytes) && isFramed && isFound && isHeld(ranked)
}

/**
 * Whether no sample of `a` is below that of `b`: `a` is a higher rank of the same windows, or a step of which `b` is
 * the opening, or the closing of `b`. Openings and closings must use only the pixels inside.
 */
function isAbove(a: Node, b: Node): boolean {
  const [high, low] = [windowsOf(a), windowsOf(b)]
  if (high !== undefined && low !== undefined && framedOf(a) === framedOf(b)) {
    const { index } = low.ranked
    return (
      high.ranked.index >= index &&
      isEqual(high, { ...low, ranked: { ...low.ranked, index: high.ranked.index } })
    )
  }
  return isTurnedBack(b, a, true) || isTurnedBack(a, b, false)
}

/** Whether `node` is the opening, or else the closing, of `x`. */
function isTurnedBack(node: Node, x: Node, isOpened: boolean): boolean {
  const second = windowsOf(node)
  const first = second && windowsOf(framedOf(node))
  if (first === undefined || framedOf(framedOf(node)) !== x) return false
  const isEnd = ({ ranked }: Windows, isLargest: boolean): boolean =>
    ranked.ignored !== undefined && isExtreme(ranked) && ranked.index > 0 === isLargest
  const { top, bottom, left, right } = first.margins
  return (
    isEnd(first, !isOpened) &&
    isEnd(second!, isOpened) &&
    isEqual(second!.ranked.element, turnedElement(first.ranked.element)) &&
    isEqual(second!.margins, { top: bottom, bottom: top, left: right, right: left })
  )
}

/** Whether two plain data are the same. Their keys must be in the same order. */
const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
