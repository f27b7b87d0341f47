/** Reads a number with a unit of thousands or, with `Ki`, of 1024: `100M`, `2GiB`, `500 MB`. NaN for other text. */
export function amountIn(given: unknown): number {
  const [, digits, unit = '', binary] =
    /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?))?b?$/i.exec(String(given).trim()) ?? []
  if (digits === undefined) return Number.NaN
  const power = unit === '' ? 0 : 'kmgt'.indexOf(unit.toLowerCase()) + 1
  return Number(digits) * (binary ? 1024 : 1000) ** power
}
