import { nodeOf } from '../graph/node.ts'
import { listed } from '../graph/schedule.ts'
import { linearGamma } from '../image/light.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import type { PictureFacts, PictureTask } from './job.ts'
import { holdsFloats } from './output.ts'
import type { State } from './state.ts'

/** What goes with an input into an output: levels made of linear light say so in their gamma, where their format holds one. */
export const metaOfLevels = (meta: PictureMeta, task: PictureTask): PictureMeta =>
  meta.isLinear && !holdsFloats(task) ? { ...meta, gamma: linearGamma } : meta

/**
 * What goes with the output of steps: the colours of a palette are sRGB, whatever those of the input are, and GeoTIFF data
 * holds for a picture of one size: none where steps changed it on the way.
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
