import type { Declared } from './step.ts'
import { type Atom, reshaped, shapeOf, type Value } from './value.ts'

/**
 * Corrects a reshape whose file contains the sizes of one particular picture: rows and columns of the declared size are
 * replaced by those of the picture at hand. Returns undefined if that is ambiguous.
 */
export function baked(value: Value, declared: Declared | undefined): number[] | undefined {
  const [before] = declared?.inputs ?? []
  const [after] = declared?.outputs ?? []
  if (before?.kind !== 'value' || after?.kind !== 'value') return undefined
  // the same reshape at the declared size, split into the same factors as the value at hand
  const own = declared && reshaped(before, shapeOf(after))
  if (own === undefined || before.planes.shape[0] !== value.planes.shape[0]) return undefined
  const factor = ([1, 2] as const).map((axis) => {
    const [was, is] = [before.planes.shape[axis]!, value.planes.shape[axis]!]
    return is / was
  })
  const scaled = (atom: Atom): number => {
    if (atom.axis === 0) return atom.size
    const was = before.planes.shape[atom.axis]!
    // only the outermost factor of an axis grows with the axis
    return atom.size * atom.stride === was ? atom.size * factor[atom.axis - 1]! : atom.size
  }
  const shape = own.dims.map((dimension) => dimension.reduce((product, atom) => product * scaled(atom), 1))
  return shape.every(Number.isInteger) ? shape : undefined
}
