import { nodeOf } from '../graph/node.ts'
import { listed } from '../graph/schedule.ts'
import { linearGamma } from '../image/light.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import type { PictureFacts, PictureTask } from './job.ts'
import { holdsFloats } from './output.ts'
import type { State } from './state.ts'

/**
 * Returns the metadata of an input for its output. Levels of linear light get a linear gamma, unless the output holds
 * floats.
 */
export const metaOfLevels = (meta: PictureMeta, task: PictureTask): PictureMeta =>
  meta.isLinear && !holdsFloats(task) ? { ...meta, gamma: linearGamma } : meta

/**
 * Returns the metadata for the output of steps. The colours of a palette are sRGB, whatever the input has. GeoTIFF data
 * fits only the original size, so it is dropped if a step changed the size.
 */
export function metaOfOutput(
  { data, isResized }: State,
  meta: PictureMeta,
  { width, height }: Pick<PictureFacts, 'width' | 'height'>,
): { readonly meta: PictureMeta; readonly notes: readonly string[] } {
  const placed: PictureMeta =
    meta.metadata?.geo === undefined ? meta : { ...meta, placed: isResized ? [0, 0] : [width, height] }
  const isPainted = listed(nodeOf(data.out)).some(
    ({ work }) => work.kind === 'layer' && work.name === 'coloured',
  )
  if (!isPainted) return { meta: placed, notes: [] }
  const { icc, gamma: _gamma, isLinear: _isLinear, ...rest } = placed
  return {
    meta: rest,
    notes: icc === undefined ? [] : ['the ICC profile was dropped: the colours of a palette are sRGB'],
  }
}
