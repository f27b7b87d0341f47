import { ConvoError, invariant } from '../error.ts'
import { type Kernel, planeSize } from '../kernel/kernel.ts'
import type { Params, Values } from '../params.ts'
import { compasses, directions } from './compass.ts'
import { detail } from './detail.ts'
import type { Filter } from './filter.ts'
import { gradients } from './gradients.ts'
import { toKernel } from './plane.ts'
import { seconds } from './second.ts'
import { smoothing } from './smoothing.ts'

/** A named kernel, as in `--kernel gaussian:sigma=2`. */
export type NamedKernel = {
  readonly summary: string
  readonly params: Params
  build(values: Values<Params>): Kernel
}

// A separable filter can have any size, but as a dense kernel a large one would fill the memory.
const mostWeights = 1024 * 1024

function part(
  entry: Filter,
  summary: string,
  fixed: Readonly<Record<string, unknown>>,
  index = 0,
): NamedKernel {
  const params = Object.fromEntries(
    Object.entries(entry.params).filter(([name]) => !Object.hasOwn(fixed, name)),
  )
  return {
    summary,
    params,
    build(values) {
      const plane = entry.build({ ...values, ...fixed }).kernels[index]
      invariant(plane !== undefined, `a filter has no kernel number ${index}`)
      const [kH, kW] =
        plane.form === 'dense' ? planeSize(plane.kernel.shape) : [plane.col.length, plane.row.length]
      if (kH * kW > mostWeights) {
        const what = `a named kernel can have at most ${mostWeights} weights, got ${kW}x${kH}`
        throw new ConvoError('E_TOO_LARGE', what, { fix: 'the filter of the same name, which has no limit' })
      }
      return toKernel(plane)
    },
  }
}

const gradientNames = (): [string, NamedKernel][] =>
  Object.entries(gradients).flatMap(([name, entry]) =>
    (['x', 'y'] as const).map((axis): [string, NamedKernel] => [
      `${name}-${axis}`,
      part(entry, `the ${axis} kernel of ${name}`, { axis }),
    ]),
  )

function compassNames(): [string, NamedKernel][] {
  const { 'frei-chen': masks, ...rest } = compasses
  const eight = Object.entries(rest).flatMap(([name, entry]) =>
    directions.map((d, i): [string, NamedKernel] => [
      `${name}-${d}`,
      part(entry, `${name}, the kernel for brightness in the ${d.toUpperCase()}`, { unit: false }, i),
    ]),
  )
  const nine = Array.from({ length: 9 }, (_, i): [string, NamedKernel] => [
    `frei-chen-${i + 1}`,
    part(masks, `mask ${i + 1} of frei-chen`, {}, i),
  ])
  return [...eight, ...nine]
}

/** All named kernels: the kernels of the filters, one by one. */
export const namedKernels: Readonly<Record<string, NamedKernel>> = Object.fromEntries([
  ...Object.entries<Filter>({ ...smoothing, ...detail, ...seconds }).flatMap(([name, entry]) =>
    entry.hasSeveral ? [] : [[name, part(entry, entry.summary, {})] as const],
  ),
  ...gradientNames(),
  ...compassNames(),
])
