import type { Builder } from '../builder.ts'

/** Pixels of the picture that the first convolutions and crops remove on each side. */
const margin = 19
const scale = 4

/**
 * The 4x networks of Real-CUGAN compute a residual. The program that comes with them adds it to the picture, enlarged by
 * repeating each pixel 4x4; their files do not contain this step. Adds the step and returns the name of the sum, or
 * undefined for other networks.
 */
export function withPicture(made: Builder, input: string, output: string): string | undefined {
  const { nodes } = made
  const last = nodes.slice(-3)
  const isOne =
    last.map(({ operator }) => operator).join() === 'Conv,Slice,DepthToSpace' &&
    last[2]!.attributes.get('blocksize') === 2 &&
    nodes.filter(({ operator }) => operator === 'GlobalAveragePool').length === 4
  if (!isOne) return undefined
  const scales = made.floats([1, 1, scale, scale])
  const how = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  const large = made.add('Resize', [input, '', scales], how, { name: 'picture' })
  const cut = scale * margin
  const places = [
    [cut, cut],
    [-cut, -cut],
    [2, 3],
  ].map(made.ints)
  const inside = made.add('Slice', [large, ...places], {}, { name: 'picture_inside' })
  return made.add('Add', [output, inside], {}, { name: 'picture_added' })
}
