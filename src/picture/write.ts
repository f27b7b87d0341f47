import type { Session } from '../run/pool.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { type Blending, blend } from './blend.ts'
import type { PictureTask } from './job.ts'
import { pictureRendering, type Written, writeRendering } from './rendering.ts'
import { type State, slicesIn } from './state.ts'
import { writeMaps } from './write-maps.ts'
import { writeVolume } from './write-volume.ts'

/** Runs the steps of a job into its output. */
export async function write(
  session: Session,
  { data }: State,
  blending: Blending | undefined,
  task: PictureTask,
  meta: PictureMeta,
): Promise<Written> {
  if (blending === undefined)
    return slicesIn(data) === undefined
      ? writeMaps(session, data, task, meta)
      : writeVolume(session, data, task, meta)
  // the range has already been applied
  const own: PictureTask = task.range === 'raw' ? task : { ...task, range: 'clamp' }
  const blended = await blend(session, data, blending, task)
  return writeRendering(session, pictureRendering(session, blended, own), own, meta)
}
