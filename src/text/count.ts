/** Returns a number with its noun: `1 case`, `2 cases`. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** Groups the digits of a number: 1,234,567. */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',')

/** Returns a number of pixels: `1 pixel`, `1,536 pixels`. */
export const pixelsText = (n: number): string => `${grouped(n)} ${n === 1 ? 'pixel' : 'pixels'}`

/** Lists the counts that are not 0: `2 goldens written, 1 case removed`. Empty if there are none. */
export const partsText = (...parts: readonly (readonly [n: number, one: string, what: string])[]): string =>
  parts.flatMap(([n, one, what]) => (n > 0 ? [`${counted(n, one)} ${what}`] : [])).join(', ')

/** Formats bytes as `12 MiB`, rounded up. */
export const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`
