import { visible } from './visible.ts'

export { xmlText as htmlText } from './xml.ts'

/** A value as JSON inside a script element: no `<` may begin a tag or a comment there. */
export const scriptJson = (value: unknown): string =>
  visible(JSON.stringify(value)).replaceAll('<', '\\u003c')
