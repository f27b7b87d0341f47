import { nodeOf } from '../graph/node.ts'
import { listed } from '../graph/schedule.ts'
import { linearGamma } from '../image/light.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import type { PictureTask } from './job.ts'
import { holdsFloats } from './output.ts'
import type { State } from './state.ts'

/**
 * Returns the metadata of an input for its output. Levels of linear light get a linear gamma, unless the output holds
 * floats.
 */
export const metaOfLevels = (meta: PictureMeta, task: PictureTask): PictureMeta =>
  meta.isLinear && !holdsFloats(task) ? { ...meta, gamma: linearGamma } : meta

/**
 * Returns the metadata for the output of steps. The colours of a palette are sRGB, whatever the input has.
 */
export function metaOfOutput(
  { data, position }: State,
  meta: PictureMeta,
): { readonly meta: PictureMeta; readonly notes: readonly string[] } {
  const [height = 1, width = 1] = data.out.shape.slice(-2)
  const placed = { ...meta, placed: { width, height, position } }
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
