import { gain, type PlaneKernel, type Recipe, sumsToZero } from '../conv/recipe.ts'
import { planeSize } from '../kernel/kernel.ts'

/** More columns or rows than this are not legible in a terminal. */
const mostPrinted = 9

/** Columns that a line of numbers may take. */
const lineWidth = 74

/** A number with four significant digits at most, as people write it. */
export function shortNumber(value: number): string {
  return Object.is(value, -0) ? '0' : String(Number(value.toPrecision(4)))
}

/** The kernels of a recipe as rows of numbers, with what they sum to; of many kernels the first two. */
export function recipeText(recipe: Recipe): string {
  const shown = recipe.kernels.length <= 3 ? recipe.kernels : recipe.kernels.slice(0, 2)
  const blocks = shown.map((k, i) => kernelText(k, recipe.kernels.length > 1 ? partName(recipe, i) : ''))
  const more = recipe.kernels.length - shown.length
  if (more > 0) blocks.push(`and ${more} more; the combination: ${recipe.combine.kind}`)
  else if (recipe.kernels.length > 1) blocks.push(`combined as: ${recipe.combine.kind}`)
  return blocks.join('\n\n')
}

function partName(recipe: Recipe, index: number): string {
  const { kind } = recipe.combine
  if (kind === 'magnitude' || kind === 'angle') return index === 0 ? 'x, ' : 'y, '
  return `${index + 1} of ${recipe.kernels.length}, `
}

function kernelText(k: PlaneKernel, name: string): string {
  const [kH, kW] = k.form === 'dense' ? planeSize(k.kernel.shape) : [k.col.length, k.row.length]
  const scale = k.form === 'dense' ? k.kernel.scale : k.scale
  const over = scale === 1 ? '' : `, divided by ${shortNumber(scale)}`
  const title = `${name}${kW}x${kH}${over}; ${flatText(k)}`
  if (k.form === 'separable' && isLegible(k)) {
    return `${title}\n${numberRows(Array.from(k.col, (c) => Array.from(k.row, (r) => c * r)))}`
  }
  if (k.form === 'separable') {
    const same = k.col.length === k.row.length && k.col.every((c, i) => c === k.row[i])
    const row = numberRows([Array.from(k.row)])
    return same
      ? `${title}; the outer product of this with itself\n${row}`
      : `${title}; the outer product of these, down and across\n${numberRows([Array.from(k.col)])}\n\n${row}`
  }
  if (kH > mostPrinted || kW > mostPrinted) return `${title}; too large to print`
  return `${title}\n${numberRows(Array.from({ length: kH }, (_, y) => Array.from(k.kernel.weights.subarray(y * kW, (y + 1) * kW))))}`
}

/** Whether the weights written out say more than their factors: few and whole. */
const isLegible = ({ col, row }: Extract<PlaneKernel, { form: 'separable' }>): boolean =>
  col.length <= mostPrinted && row.length <= mostPrinted && [...col, ...row].every(Number.isInteger)

/** What the kernel does to a flat area. */
function flatText(k: PlaneKernel): string {
  if (sumsToZero(k)) return 'flat areas become 0'
  const value = shortNumber(gain(k))
  return value === '1' ? 'flat areas stay' : `flat areas times ${value}`
}

/** Rows of numbers in columns; a row of more than fit on a line goes on below. */
function numberRows(rows: readonly (readonly number[])[]): string {
  const cells = rows.map((row) => row.map(shortNumber))
  const width = Math.max(...cells.flat().map((cell) => cell.length))
  const perLine = Math.max(1, Math.min(mostPrinted, Math.floor(lineWidth / (width + 2))))
  const lines = cells.flatMap((row) =>
    Array.from({ length: Math.ceil(row.length / perLine) }, (_, i) =>
      row.slice(i * perLine, (i + 1) * perLine),
    ),
  )
  return lines.map((line) => `  ${line.map((cell) => cell.padStart(width)).join('  ')}`).join('\n')
}
