import { combinations, gain, type PlaneKernel, type Recipe, sumsToZero } from '../conv/recipe.ts'
import { planeSize } from '../kernel/kernel.ts'
import { wrap } from '../text/layout.ts'

type Rows = readonly (readonly number[])[]

/** The most columns or rows of a kernel, and the most weights of a factor, that are legible in a terminal. */
const [mostPrinted, mostListed] = [9, 25]

/** Formats a number with at most four significant digits. */
export const shortNumber = (value: number): string =>
  Object.is(value, -0) ? '0' : String(Number(value.toPrecision(4)))

/**
 * Formats the kernels of a recipe as rows of numbers, with their effect on flat areas. Of many kernels, it shows the
 * first two. Lines are at most `width` columns long.
 */
export function recipeText({ kernels, combine }: Recipe, width: number): string {
  const shown = kernels.length <= 3 ? kernels : kernels.slice(0, 2)
  const names = combine.kind === 'magnitude' || combine.kind === 'angle' ? ['x', 'y'] : []
  const blocks = shown.map((k, i) => {
    const name = names[i] ?? `${i + 1} of ${kernels.length}`
    return kernelText(k, kernels.length === 1 ? '' : `${name}, `, width)
  })
  const more = kernels.length - shown.length
  const combined = `combined by ${combinations[combine.kind]}`
  if (more > 0) blocks.push(`and ${more} more; ${combined}`)
  else if (kernels.length > 1) blocks.push(combined)
  return blocks.join('\n\n')
}

function kernelText(k: PlaneKernel, name: string, width: number): string {
  const [kH, kW] = k.form === 'dense' ? planeSize(k.kernel.shape) : [k.col.length, k.row.length]
  const scale = k.form === 'dense' ? k.kernel.scale : k.scale
  const over = scale === 1 ? '' : `, divided by ${shortNumber(scale)}`
  const title = (what = '') => wrap(`${name}${kW}x${kH}${over}; ${flatText(k)}${what}`, width).join('\n')
  const grid = gridText(gridOf(k), width - 2)
  if (grid !== undefined) return `${title()}\n${grid}`
  if (k.form === 'dense' || Math.max(kH, kW) > mostListed) return title('; too large to print')
  const [col, row] = [listText(k.col, width - 2), listText(k.row, width - 2)]
  if (col === row) return `${title('; the outer product of this with itself')}\n${row}`
  return `${title('; the outer product of these, down and across')}\n${col}\n\n${row}`
}

function flatText(k: PlaneKernel): string {
  if (sumsToZero(k)) return 'flat areas become 0'
  const value = shortNumber(gain(k))
  return value === '1' ? 'flat areas do not change' : `flat areas times ${value}`
}

/**
 * Returns the weights in rows if there are few. Returns those of a separable kernel only if its factors are not
 * clearer.
 */
function gridOf(k: PlaneKernel): Rows {
  if (k.form === 'separable') {
    const isLegible = k.col.length <= mostPrinted && [...k.col, ...k.row].every(Number.isInteger)
    return isLegible ? Array.from(k.col, (c) => Array.from(k.row, (r) => c * r)) : []
  }
  const [kH, kW] = planeSize(k.kernel.shape)
  if (kH > mostPrinted) return []
  return Array.from({ length: kH }, (_, y) => Array.from(k.kernel.weights.subarray(y * kW, (y + 1) * kW)))
}

/** Formats rows of numbers in columns. Returns undefined if there are none or they are too wide. */
function gridText(rows: Rows, width: number): string | undefined {
  const [first] = rows
  if (first === undefined || first.length > mostPrinted) return undefined
  const cells = rows.map((row) => row.map(shortNumber))
  const cellWidth = Math.max(...cells.flat().map((cell) => cell.length))
  if (first.length * (cellWidth + 2) - 2 > width) return undefined
  return cells.map((row) => `  ${row.map((cell) => cell.padStart(cellWidth)).join('  ')}`).join('\n')
}

/** Formats numbers one after another, on as many lines as needed. */
const listText = (values: Float64Array, width: number): string =>
  wrap(Array.from(values, shortNumber).join(' '), width)
    .map((line) => `  ${line}`)
    .join('\n')
