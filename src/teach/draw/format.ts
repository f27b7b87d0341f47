/**
 * Formats a number for a drawing: at most `significant` digits, without trailing zeros, a true minus, and powers of ten
 * for very large or small numbers.
 */
export function formatNumber(value: number, significant = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞'
  const rounded = Number(value.toPrecision(significant))
  const size = Math.abs(rounded)
  const isPlain = size === 0 || (size >= 0.001 && size < 10 ** Math.max(6, significant))
  const digits = isPlain ? String(rounded) : rounded.toExponential().replace('e+', 'e')
  return (rounded === 0 ? '0' : digits).replaceAll('-', '−')
}
