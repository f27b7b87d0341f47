import type { Planned } from '../../conv/plan.ts'
import { readHeader } from '../../image/decode.ts'
import { peakOf } from '../../image/samples.ts'
import { type Depth, hasAlpha } from '../../tensor/picture.ts'
import { loadTensor, openInput } from '../input.ts'
import type { Settings } from '../settings.ts'
import { limitsOf } from './load.ts'
import { dataOf } from './state.ts'

/** What is known of data before it is computed; what plans are made of. */
export type Known = Pick<Planned, 'peak'> & {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly depth: Depth
  readonly full: 255 | 65535
  /** Pages of a file, or slices of a volume [C,D,H,W]. */
  readonly pages: number
  /** True for what is no picture: its maps or slices are filtered one by one. */
  readonly isMaps: boolean
}

/** What is known of an input: the header of a picture, or an array, which is read. @throws ConvoError as `decode` does */
export async function knownOf(
  path: string,
  settings: Pick<Settings, 'max-pixels' | 'no-orient' | 'alpha'>,
): Promise<Known> {
  const opened = await openInput(path)
  if (opened.probe.kind === 'npy') {
    const tensor = await loadTensor(opened)
    const { shape, data } = tensor
    const [height, width] = shape.slice(-2) as [number, number]
    const pages = shape.length === 4 ? shape[1]! : 1
    const { kind } = dataOf(tensor, 255)
    const peak = () => peakOf(data)
    return {
      width,
      height,
      channels: shape[0]!,
      depth: 32,
      full: 255,
      pages,
      isMaps: kind === 'tensor',
      peak,
    }
  }
  const header = await readHeader(opened.source, { ...limitsOf(settings), name: opened.path })
  const { width, height, depth, pages } = header
  const isDropped = settings.alpha === 'drop' && hasAlpha(header.channels)
  const channels = isDropped ? header.channels - 1 : header.channels
  return { width, height, channels, depth, full: depth === 16 ? 65535 : 255, pages, isMaps: false }
}
