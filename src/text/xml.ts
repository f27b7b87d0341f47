import { visible } from './visible.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Escapes text for an element of XML or HTML. Control characters are shown; characters that XML does not allow become
 * U+FFFD.
 */
export const xmlText = (text: string): string =>
  visible(text)
    .replace(/[\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
    .replace(/[&<>"']/g, (sign) => entities[sign]!)

/** Returns the attributes of an element, each after a space. Undefined ones are omitted. */
export const xmlAttributes = (values: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${attribute(String(value))}"`)
    .join('')

/** Escapes an attribute. A parser would convert line ends and tabs to spaces unless they are written as numbers. */
const attribute = (text: string): string =>
  xmlText(text).replace(/[\t\n]/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** Returns a value as JSON for a script element of HTML, in which no `<` may begin a tag or a comment. */
export const scriptJson = (value: unknown): string =>
  visible(JSON.stringify(value)).replaceAll('<', '\\u003c')
