import type { Held, Op } from './tfjs-op.ts'

/** "To the end" in the sizes of ONNX. */
const toTheEnd = 2 ** 31 - 1

/** Splits an axis evenly, and drops it if `isDropped`. */
export function split(op: Op, axis: number, count: number, input: number, isDropped: boolean): Held[] {
  const { builder } = op
  if (!(count >= 1 && count <= 65536)) throw op.refuse(`splits into ${count}`)
  const outputs = Array.from({ length: count }, () => builder.fresh(op.name))
  builder.add('Split', [op.last(input)], { axis }, { name: op.name, outputs })
  return outputs.map((part) => ({
    last: isDropped ? builder.add('Squeeze', [part, builder.ints([axis])]) : part,
  }))
}

/** Splits an axis into parts of given sizes. */
export function splitBy(op: Op): Held[] {
  const sizes = op.listAt(1, 'the sizes of its parts')
  if (sizes.some((n) => n < 0)) throw op.refuse('splits off a part of unknown size')
  const outputs = sizes.map(() => op.builder.fresh(op.name))
  const axis = op.numberAt(2, 'the axis')
  op.builder.add('Split', [op.last(0), op.builder.ints(sizes)], { axis }, { name: op.name, outputs })
  return outputs.map((last) => ({ last }))
}

/** A part of given sizes; -1 is all that is left. */
export function slice(op: Op): Held {
  const { builder } = op
  const [from, size] = [op.last(1), op.last(2)]
  const isRest = builder.add('Less', [size, builder.ints([0])])
  const end = builder.add('Where', [isRest, builder.ints([toTheEnd]), builder.add('Add', [from, size])])
  return { last: op.add('Slice', [op.last(0), from, end]) }
}

/** x[begin:end:step, ..., new axis, place] as in Python. Bits of masks say what each entry is. */
export function stridedSlice(op: Op): Held {
  const { builder } = op
  const steps = op.listAt(3, 'its steps')
  const has = (mask: string) => {
    const bits = op.number(`${mask}_mask`, 0)
    return steps.map((_, i) => Math.floor(bits / 2 ** i) % 2 === 1)
  }
  const [opens, closes, ellipses, isNew, drops] = ['begin', 'end', 'ellipsis', 'new_axis', 'shrink_axis'].map(
    has,
  ) as [boolean[], boolean[], boolean[], boolean[], boolean[]]
  const open = ellipses.indexOf(true)
  const count = steps.length
  const places = steps.map((_, i) => i)
  const taken = places.filter((i) => i !== open && !isNew[i])
  /** The axis of an entry: from the front before `...`, from the back after it. */
  const axisOf = (i: number, isAxis: (i: number) => boolean): number => {
    const isBefore = open < 0 || i < open
    return isBefore
      ? places.filter((k) => k < i && isAxis(k)).length
      : -places.filter((k) => k >= i && isAxis(k)).length
  }
  if (ellipses.filter((one) => one).length > 1 || count === 0) throw op.refuse('has more than one ellipsis')
  const pick = (x: string) =>
    taken.length === count ? x : builder.add('Gather', [x, builder.ints(taken)], { axis: 0 })
  const [from, to] = [pick(op.last(1)), pick(op.last(2))]
  const listed = taken.map((i) => steps[i]!)
  const isBack = listed.map((step) => step < 0)
  // after the last place comes the end, not the first place
  const next = builder.add('Add', [from, builder.ints([1])])
  const isLast = builder.add('Equal', [next, builder.ints([0])])
  const after = builder.add('Where', [isLast, builder.ints([toTheEnd]), next])
  const pickBy = (isOther: readonly boolean[], value: string, other: string): string => {
    if (!isOther.some((one) => one)) return value
    const mask = builder.add('Greater', [builder.ints(isOther.map(Number)), builder.ints([0])])
    return builder.add('Where', [mask, other, value])
  }
  const ends = (sign: 1 | -1) => builder.ints(isBack.map((back) => (back ? -sign : sign) * toTheEnd))
  const start = pickBy(
    taken.map((i) => opens[i]! && !drops[i]),
    from,
    ends(-1),
  )
  const stop = pickBy(
    taken.map((i) => drops[i]!),
    pickBy(
      taken.map((i) => closes[i]!),
      to,
      ends(1),
    ),
    after,
  )
  const axes = taken.map((i) => axisOf(i, (k) => k !== open && !isNew[k]))
  let value = op.last(0)
  if (taken.length > 0) {
    const parts = [start, stop, builder.ints(axes), builder.ints(listed)]
    value = op.add('Slice', [value, ...parts])
  }
  const dropped = taken.filter((i) => drops[i])
  if (dropped.length > 0) {
    const gone = dropped.map((i) => axisOf(i, (k) => k !== open && !isNew[k]))
    value = builder.add('Squeeze', [value, builder.ints(gone)])
  }
  const added = places.filter((i) => isNew[i] && i !== open)
  if (added.length > 0) {
    const made = added.map((i) => axisOf(i, (k) => k !== open && (isNew[k]! || !drops[k])))
    value = builder.add('Unsqueeze', [value, builder.ints(made)])
  }
  return { last: value }
}
