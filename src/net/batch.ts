import type { Tensor } from '../tensor/tensor.ts'
import type { Attribute, NetworkNode } from './network.ts'
import { type Lowering, type Turn, unsupported, valueAt } from './step.ts'
import { type Item, pictureValue, plain, reshaped, shapeOf, type Value } from './value.ts'

// Operators on batches of pictures [N,C,H,W]. A batch is stored as planes [N·C,H,W], one picture after another.

/** Returns the planes [N·C,H,W] of the first input, a batch, and N. @throws ConvoError E_NET_OPERATOR if the value is not [N,C,H,W] */
export async function batchOf(turn: Turn): Promise<{ readonly planes: Tensor; readonly pictures: number }> {
  const value = valueAt(turn, 0)
  const [pictures = 1, ...sizes] = shapeOf(value)
  if (sizes.length !== 3)
    throw unsupported(turn, `its input is [${shapeOf(value)}], but only pictures [N,C,H,W] are supported`)
  return { planes: (await plain(turn.engine, value)).planes, pictures }
}

/** Planes [N·C,H,W] as [N,C,H,W]. */
export function batchValue(planes: Tensor, pictures: number): Value {
  const [channels, height, width] = planes.shape as [number, number, number]
  return reshaped(pictureValue(planes), [pictures, channels / pictures, height, width])!
}

/** The entry to insert into each attribute for the row axis, which signals do not have. */
const fillings: Readonly<Record<string, number>> = {
  kernel_shape: 1,
  strides: 1,
  dilations: 1,
  output_shape: 1,
  output_padding: 0,
  pads: 0,
}

/** Extends an operator on pictures to signals [N,C,L] with weights [O,C,k], which it treats as pictures of one row. */
export const orOfRows =
  (lowering: Lowering): Lowering =>
  async (turn) => {
    const [item, ...rest] = turn.inputs
    if (item === undefined || shapeOf(item).length !== 3) return lowering(turn)
    const attributes = new Map([...turn.node.attributes].map(([name, value]) => [name, twice(name, value)]))
    const node: NetworkNode = { ...turn.node, attributes }
    const made = await lowering({ ...turn, node, inputs: [withRow(item), ...rest.map(weightsWithRow)] })
    const outputs = Array.isArray(made) ? (made as readonly Item[]) : [made as Item]
    return outputs.map((one) => (one.kind === 'value' ? { ...one, dims: one.dims.toSpliced(2, 1) } : one))
  }

function twice(name: string, value: Attribute): Attribute {
  const filling = Object.hasOwn(fillings, name) ? fillings[name]! : undefined
  if (filling === undefined || !Array.isArray(value)) return value
  return (value as number[]).flatMap((one) => [filling, one])
}

const withRow = (item: Item): Item =>
  item.kind === 'value'
    ? { ...item, dims: item.dims.toSpliced(2, 0, []) }
    : { ...item, constant: { ...item.constant, shape: item.constant.shape.toSpliced(2, 0, 1) } }

const weightsWithRow = (item: Item | undefined): Item | undefined =>
  item !== undefined && shapeOf(item).length === 3 ? withRow(item) : item
