const longest = 60

/** Describes a value of the wrong type briefly for an error. Works for any value. */
export function describe(value: unknown): string {
  try {
    return described(value)
  } catch {
    return 'an object that cannot be read'
  }
}

function described(value: unknown): string {
  if (Array.isArray(value)) {
    const shown = Array.from(value.slice(0, 8), (one) => (Array.isArray(one) ? 'a list' : item(one)))
    return `[${shown.join(', ')}${value.length > 8 ? ', …' : ''}]`
  }
  if (typeof value === 'string') return JSON.stringify(cut(value))
  if (value === null || value === undefined || ['object', 'function'].includes(typeof value))
    return item(value)
  return `${item(value)} (${typeof value})`
}

function item(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cut(value))
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return cut(String(value))
  const name: unknown = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null)
    ?.constructor?.name
  return typeof name === 'string' && name !== '' ? name : 'object'
}

const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text)
