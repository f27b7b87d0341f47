import { middleOf, type Range } from '../../image/quantise.ts'
import { pick, stretch } from '../../image/sheet.ts'
import type { FullScale } from '../../operators/operator.ts'
import type { Session } from '../../run/pool.ts'
import type { PictureMeta } from '../../tensor/picture.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { outputKind, writeTensor } from '../output.ts'
import { factsOf, type Task } from './job.ts'
import { identity, neutral } from './recipe-step.ts'
import { type Data, tensorOf } from './state.ts'
import { noSheet, refuseMapRange, writeMaps } from './write-maps.ts'
import { type Written, writeRecipe } from './write-recipe.ts'
import { writeVolume } from './write-volume.ts'

/** Writes what the last tensor step made: a picture, maps, or a volume. */
export async function writeData(
  session: Session,
  data: Data,
  task: Task,
  meta: PictureMeta,
): Promise<Written> {
  const own = { ...task, filter: neutral }
  const choice = task.settings.channels
  if (data.kind === 'picture' && choice === undefined) {
    if (task.settings.labels) throw noSheet('labels', data.picture.channels)
    refuseMapRange(task)
    const position = { isFirst: false, isLast: true }
    return { ...(await writeRecipe(session, data.picture, identity, own, meta, position)), plans: [] }
  }
  const full = data.kind === 'picture' ? data.picture.full : data.full
  const tensor = await tensorOf(session, data)
  if (outputKind(task.output) === 'npy') return writeFloats(tensor, full, task)
  if (tensor.shape.length === 4) return writeVolume(session, tensor, full, own, meta)
  return writeMaps(session, tensor, full, own, meta, data.kind === 'picture')
}

async function writeFloats(tensor: Tensor, full: FullScale, task: Task): Promise<Written> {
  const { settings, output } = task
  const { channels } = settings
  const chosen =
    channels === 'first' ? pick(tensor, [0]) : Array.isArray(channels) ? pick(tensor, channels) : tensor
  const bytes = await writeTensor(output, ranged(chosen, full, task.range))
  const [height, width] = chosen.shape.slice(-2)
  const facts = factsOf(output, { width: width!, height: height!, channels: chosen.shape[0]!, depth: 32 })
  return {
    facts: { ...facts, bytes },
    outcome: { low: 0, high: 0, samples: chosen.data.length },
    plans: [],
    notes: [],
  }
}

/** Floats through a range, as those of filters: nothing is cut off. */
export function ranged(tensor: Tensor, full: FullScale, range: Range): Tensor {
  if (range === 'minmax') return stretch(tensor, full, false)
  if (range === 'abs') return new Tensor(tensor.shape, tensor.data.map(Math.abs))
  if (range === 'offset')
    return new Tensor(
      tensor.shape,
      tensor.data.map((v) => v + middleOf(full)),
    )
  return tensor
}
