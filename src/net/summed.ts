import { sizeOf } from '../tensor/tensor.ts'
import { reducedLowerings } from './reduced.ts'
import { withShape } from './shapes.ts'
import { meet } from './single.ts'
import { firstOf, type Lowering, type Turn } from './step.ts'
import { type Item, shapeOf, transposed } from './value.ts'
import { weightedLowerings } from './weighted.ts'

// Sums of products over named axes.

/** An operand: an item, and a letter for each of its axes. */
type Named = { readonly item: Item; readonly axes: readonly string[] }

/** Orders the axes of an operand, and inserts axes of size 1 for letters that it lacks. */
function inOrderOf(turn: Turn, { item, axes }: Named, letters: readonly string[]): Item {
  const made = transposed(
    item,
    letters.flatMap((letter) => (axes.includes(letter) ? [axes.indexOf(letter)] : [])),
  )
  const sizes = shapeOf(made)
  const shape = letters.map((letter) => (axes.includes(letter) ? sizes.shift()! : 1))
  return withShape(turn, made, shape)
}

/** Sums over axes, which are dropped. */
async function without(turn: Turn, { item, axes }: Named, gone: readonly string[]): Promise<Named> {
  if (gone.length === 0) return { item, axes }
  const attributes = new Map<string, number | number[]>([
    ['axes', gone.map((letter) => axes.indexOf(letter))],
    ['keepdims', 0],
  ])
  const made = await firstOf(reducedLowerings.ReduceSum!(turn.on([item], attributes)))
  return { item: made, axes: axes.filter((letter) => !gone.includes(letter)) }
}

async function product(turn: Turn, a: Named, b: Named, out: readonly string[]): Promise<Named> {
  const shared = a.axes.filter((letter) => b.axes.includes(letter))
  const batch = shared.filter((letter) => out.includes(letter))
  const summed = shared.filter((letter) => !out.includes(letter))
  const [rows, columns] = [a, b].map(({ axes }) => axes.filter((letter) => !shared.includes(letter))) as [
    string[],
    string[],
  ]
  const [before, after] = [
    inOrderOf(turn, a, [...batch, ...rows, ...summed]),
    inOrderOf(turn, b, [...batch, ...summed, ...columns]),
  ]
  if (rows.length === 0 || columns.length === 0 || summed.length === 0) {
    const all = [...batch, ...rows, ...columns, ...summed]
    const item = await meet(turn, 'multiply', inOrderOf(turn, a, all), inOrderOf(turn, b, all))
    return without(turn, { item, axes: all }, summed)
  }
  const [left, right] = [shapeOf(before), shapeOf(after)]
  const [lead, high] = [left.slice(0, batch.length), left.slice(batch.length, -summed.length)]
  const wide = right.slice(batch.length + summed.length)
  const depth = sizeOf(left.slice(-summed.length))
  const inputs = [
    withShape(turn, before, [...lead, sizeOf(high), depth]),
    withShape(turn, after, [...lead, depth, sizeOf(wide)]),
  ]
  const made = await firstOf(weightedLowerings.MatMul!(turn.on(inputs)))
  return { item: withShape(turn, made, [...lead, ...high, ...wide]), axes: [...batch, ...rows, ...columns] }
}

/** Einsum of one or two operands, such as `bchw,cd->bdhw`. */
const einsum: Lowering = async (turn) => {
  const equation = String(turn.node.attributes.get('equation') ?? '').replace(/\s/g, '')
  const [, from = '', , to] = /^([A-Za-z,]+)(->([A-Za-z]*))?$/.exec(equation) ?? []
  const letters = from.split(',').map((word) => [...word])
  if (from === '' || letters.some((axes) => new Set(axes).size < axes.length) || letters.length > 2)
    throw turn.unsupported(
      `the equation ${JSON.stringify(equation)} is not supported`,
      'one or two operands, each with different letters',
    )
  const named = letters.map((axes, i): Named => {
    const item = turn.inputs[i]
    if (item === undefined || shapeOf(item).length !== axes.length)
      throw turn.unfit(`${axes.length} letters do not fit input ${i}`)
    return { item, axes }
  })
  // without an output, it has all letters that occur once, in alphabetical order
  const once = letters
    .flat()
    .filter((letter, i, all) => all.indexOf(letter) === i && all.lastIndexOf(letter) === i)
  const out = to === undefined ? once.sort() : [...to]
  if (out.some((letter) => !letters.flat().includes(letter)))
    throw turn.unfit('its output has a letter of its own')
  const [a, b] = (await Promise.all(
    named.map((one, i) => {
      const isAlone = (letter: string) => !out.includes(letter) && !letters[1 - i]?.includes(letter)
      return without(turn, one, one.axes.filter(isAlone))
    }),
  )) as [Named, Named | undefined]
  if (b === undefined) return inOrderOf(turn, a, out)
  // weights come second
  const isTurned = a.item.kind === 'known' && b.item.kind === 'value'
  return inOrderOf(turn, await (isTurned ? product(turn, b, a, out) : product(turn, a, b, out)), out)
}

/** The sums of products, by name. */
export const summedLowerings: Readonly<Record<string, Lowering>> = { Einsum: einsum }
