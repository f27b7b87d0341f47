/** `1 case`, `2 cases` */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** 1,234,567 */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',')

/** `1 pixel`, `1,536 pixels` */
export const pixelsText = (n: number): string => `${grouped(n)} ${n === 1 ? 'pixel' : 'pixels'}`

/** `2 goldens written, 1 case removed`: what there is of some things; empty where there is nothing. */
export const partsText = (...parts: readonly (readonly [n: number, one: string, what: string])[]): string =>
  parts.flatMap(([n, one, what]) => (n > 0 ? [`${counted(n, one)} ${what}`] : [])).join(', ')

/** `12 MiB`, of bytes. */
export const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`
