import { middleOf, type Range } from '../definition/quantise.ts'
import { lostBeside } from '../image/fit.ts'
import { pick, stretch } from '../image/sheet.ts'
import type { FullScale } from '../operators/operator.ts'
import type { Session } from '../run/pool.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import { factsOf, type Task } from './job.ts'
import { outputKind, writeTensor } from './output.ts'
import { identity } from './recipe-step.ts'
import { type Data, shapeOf, tensorOf } from './state.ts'
import { isSheet, noSheet, refuseMapRange, writeMaps, writeSheet } from './write-maps.ts'
import { graphRendering, recipeRendering, type Written, writeRendering } from './write-recipe.ts'
import { writeVolume } from './write-volume.ts'

/** Writes what the last tensor step made: a picture, maps, or a volume. */
export async function writeData(
  session: Session,
  data: Data,
  task: Task,
  meta: PictureMeta,
): Promise<Written> {
  const choice = task.settings.channels
  const isPicture = data.kind === 'picture' || (data.kind === 'graph' && data.isPicture)
  const { channels, full } = shapeOf(data)
  if (isPicture && choice === undefined) {
    if (task.settings.labels) throw noSheet('labels', channels)
    refuseMapRange(task)
    const position = { isFirst: false, isLast: true }
    const rendering =
      data.kind === 'graph'
        ? graphRendering(session, data, task)
        : { ...recipeRendering(session, data.picture, identity, task, position), plans: [] }
    return writeRendering(session, rendering, task, meta)
  }
  if (data.kind === 'graph' && isSheet(task)) return writeSheet(session, data, task, meta)
  const tensor = await tensorOf(session, data)
  if (outputKind(task.output) === 'npy') return writeFloats(tensor, full, task, meta)
  if (tensor.shape.length === 4) return writeVolume(session, tensor, full, task, meta)
  return writeMaps(session, tensor, full, task, meta, isPicture)
}

async function writeFloats(tensor: Tensor, full: FullScale, task: Task, meta: PictureMeta): Promise<Written> {
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
    notes: lostBeside(meta, chosen.shape[0]!, 'npy'),
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
